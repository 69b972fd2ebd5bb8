// Runs one scenario on all entrants in interleaved rounds: A B C, A B C, ... so that a noisy minute hits all alike.
import type { Scenario } from '../scenarios/scenario.ts'
import { loadFor } from './choose-load.ts'
import { type Measurement, measure, type Wrong } from './contestant.ts'
import type { Entrant } from './entrants.ts'
import type { Load } from './load.ts'

export interface Rounds {
  readonly name: string
  readonly peer: string
  readonly caseName: string
  /** One for each round; empty where the entrant was wrong. */
  readonly measurements: readonly Measurement[]
  /** Why it scores nothing; undefined = it was right in every run. */
  readonly wrong: string | undefined
  /** Why it was left out through no fault of its answers. */
  readonly skipped: string | undefined
}

export interface Length {
  readonly rounds: number
  readonly seconds: number
  /** Of the run before the first round, seconds: compilers need a few ten thousand requests. */
  readonly warmUpSeconds: number
}

export interface RoundOptions extends Length {
  readonly scenario: Scenario
  readonly closedLoad: Load
  readonly folder: string
  readonly progress: (text: string) => void
}

/** Whose capacity sets the rate of `share-of-capacity`, for all. */
const references: readonly string[] = ['vigia', 'haproxy', 'nginx']
/** Connections that warm a proxy up. */
const warmUpConnections = 64

export async function runRounds(entrants: readonly Entrant[], options: RoundOptions): Promise<Rounds[]> {
  const { scenario, closedLoad, rounds, seconds, progress } = options
  const load = loadFor(scenario.load, closedLoad)
  const measured = new Map<string, Measurement[]>(entrants.map(({ name }) => [name, []]))
  const wrong = new Map<string, string>()
  const skipped = new Map<string, string>()

  // 1. Warm-up, which also tells what each carries.
  const capacities = new Map<string, number>()
  for (const entrant of entrants) {
    progress(`${scenario.name}: warm-up, ${entrant.name}`)
    const result = await warmUp(entrant, options)
    if ('wrong' in result) wrong.set(entrant.name, result.wrong)
    else capacities.set(entrant.name, result.requestsPerS)
  }
  const ratePerS = rateOf(scenario, entrants, capacities)
  for (const [name, capacity] of capacities)
    if (scenario.load.kind === 'share-of-capacity' && capacity < ratePerS)
      skipped.set(name, `carries ${Math.round(capacity)} requests/s here, less than the ${ratePerS} asked for`)

  // 2. The rounds.
  for (let round = 1; round <= rounds; round++) {
    for (const entrant of entrants) {
      const { name } = entrant
      if (wrong.has(name) || skipped.has(name)) continue
      progress(`${scenario.name}: round ${round}/${rounds}, ${name}`)
      if (scenario.freshEachRound && round > 1) {
        const ready = await warmUp(entrant, options)
        if ('wrong' in ready) {
          wrong.set(name, ready.wrong)
          continue
        }
      }
      const contestant = await entrant.obtain()
      const { scrapeEveryMs, reload } = entrant.case
      const { connections } = scenario
      const result =
        'wrong' in contestant
          ? contestant
          : await measure(contestant, { ...options, load, seconds, ratePerS, connections, scrapeEveryMs, reload })
      if ('wrong' in result) wrong.set(name, result.wrong)
      else measured.get(name)?.push(result)
      if (scenario.freshEachRound) await entrant.release()
    }
  }
  return entrants.map(({ name, peer, case: { name: caseName } }) => ({
    ...{ name, peer, caseName },
    measurements: wrong.has(name) ? [] : (measured.get(name) ?? []),
    wrong: wrong.get(name),
    skipped: skipped.get(name),
  }))
}

/** A closed loop of the scenario's own generator: a capacity is one of the whole rig, generator included. */
async function warmUp(entrant: Entrant, options: RoundOptions): Promise<Measurement | Wrong> {
  const { scenario, closedLoad, warmUpSeconds } = options
  const contestant = await entrant.obtain()
  if ('wrong' in contestant) return contestant
  const load = loadFor(scenario.load, closedLoad)
  const connections = Math.min(scenario.connections, warmUpConnections)
  return measure(contestant, {
    ...options,
    load,
    seconds: warmUpSeconds,
    ratePerS: 0,
    connections,
    scrapeEveryMs: 0,
    reload: 'never',
  })
}

/** Requests a second that are asked of every entrant alike; 0 where the load is a closed loop. */
function rateOf({ load }: Scenario, entrants: readonly Entrant[], capacities: ReadonlyMap<string, number>): number {
  if (load.kind === 'fixed-rate') return load.requestsPerS
  if (load.kind !== 'share-of-capacity') return 0
  const known = entrants.filter(({ name }) => capacities.has(name))
  const counted = known.filter(({ peer }) => references.includes(peer))
  const lowest = Math.min(...(counted.length > 0 ? counted : known).map(({ name }) => capacities.get(name) ?? 0))
  return Number.isFinite(lowest) ? Math.floor(lowest * load.share) : 0
}
