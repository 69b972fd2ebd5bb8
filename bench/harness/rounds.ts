// Runs one scenario on all contestants in interleaved rounds: A B C, A B C, ... so that a noisy minute hits all alike.
import type { Scenario } from '../scenarios/scenario.ts'
import { type Contestant, type Measurement, measure } from './contestant.ts'
import type { Load } from './load.ts'

export interface Rounds {
  readonly name: string
  /** One for each round; empty where the contestant was wrong. */
  readonly measurements: readonly Measurement[]
  /** Why it scores nothing; undefined = it was right in every run. */
  readonly wrong: string | undefined
}

export interface RoundOptions {
  readonly scenario: Scenario
  readonly load: Load
  readonly rounds: number
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly folder: string
  readonly progress: (text: string) => void
}

export async function runRounds(contestants: readonly Contestant[], options: RoundOptions): Promise<Rounds[]> {
  const { rounds, seconds, warmUpSeconds, progress } = options
  const measured = new Map<string, Measurement[]>(contestants.map(({ name }) => [name, []]))
  const wrong = new Map<string, string>()
  for (let round = 0; round <= rounds; round++) {
    for (const contestant of contestants) {
      const { name } = contestant
      if (wrong.has(name)) continue
      progress(`${options.scenario.name}: ${round === 0 ? 'warm-up' : `round ${round}/${rounds}`}, ${name}`)
      const result = await measure(contestant, { ...options, seconds: round === 0 ? warmUpSeconds : seconds })
      if ('wrong' in result) wrong.set(name, result.wrong)
      else if (round > 0) measured.get(name)?.push(result)
    }
  }
  return contestants.map(({ name }) => ({
    name,
    measurements: wrong.has(name) ? [] : (measured.get(name) ?? []),
    wrong: wrong.get(name),
  }))
}
