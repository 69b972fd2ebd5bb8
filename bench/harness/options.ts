// Command line of `npm run bench` -> options. Reads argv only.
import { parseArgs } from 'node:util'
import type { Scenario } from '../scenarios/scenario.ts'
import type { Length } from './rounds.ts'

export interface BenchOptions {
  /** Peers to run; empty = all. */
  readonly only: readonly string[]
  /** Names of the scenarios to run. */
  readonly scenarios: readonly string[]
  /** Lengths of core scenarios and of the others. */
  readonly core: Length
  readonly further: Length
  readonly jsonFile: string
  readonly load: 'auto' | 'wrk' | 'autocannon'
  readonly upstream: 'auto' | 'nginx' | 'node'
}

/** What the command line knows of a scenario. */
type Named = Pick<Scenario, 'name' | 'title' | 'weight'>

const full: Length = { rounds: 5, seconds: 2, warmUpSeconds: 2 }
const short: Length = { rounds: 3, seconds: 1, warmUpSeconds: 1 }
const quickPeers = ['direct', 'vigia', 'haproxy', 'nginx', 'undici', 'http-proxy']
const quickScenarios = ['small-get', 'json-rpc', 'download-64k']

export function usage(peers: readonly string[], scenarios: readonly Named[]): string {
  return `npm run bench -- [options]
  (nothing)          the core scenarios, 5 rounds of 2 s, and a short form of the others: about fifteen minutes
  --quick            ${quickScenarios.join(', ')} on ${quickPeers.length} proxies, 3 rounds of 1 s: two minutes
  --all              every scenario at full length
  --scenario A,B     these scenarios only, at full length (with --quick: the short one)
  --only A,B         these proxies only: ${peers.join(', ')}
  --rounds N         rounds of each scenario
  --seconds S        seconds of load per proxy and round
  --json FILE        where the figures go (default: bench/results/latest.json)
  --load NAME        wrk or autocannon for closed loops (default: wrk where installed)
  --upstream NAME    nginx or node (default: nginx where installed)

scenarios
${scenarios.map(({ name, title, weight }) => `  ${name.padEnd(18)} ${weight === 'core' ? '(core) ' : ''}${title}`).join('\n')}`
}

/** Throws an Error with one clear line for a wrong command line. Returns 'help' for --help. */
export function parseOptions(argv: readonly string[], all: readonly Named[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      quick: { type: 'boolean', default: false },
      all: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      only: { type: 'string', default: '' },
      scenario: { type: 'string', default: '' },
      json: { type: 'string', default: new URL('../results/latest.json', import.meta.url).pathname },
      load: { type: 'string', default: 'auto' },
      upstream: { type: 'string', default: 'auto' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return 'help'
  const { quick } = values
  const named = list(values.scenario)
  const only = list(values.only)
  const length = (usual: Length): Length => ({
    rounds: whole('--rounds', values.rounds ?? String(usual.rounds)),
    seconds: whole('--seconds', values.seconds ?? String(usual.seconds)),
    warmUpSeconds: usual.warmUpSeconds,
  })
  const everything = all.map(({ name }) => name)
  const core = quick && named.length === 0 && !values.all
  return {
    only: only.length === 0 && core ? quickPeers : only,
    scenarios: named.length > 0 ? named : core ? quickScenarios : everything,
    core: length(quick ? { ...short, warmUpSeconds: 2 } : full),
    further: length(!quick && (values.all || named.length > 0) ? full : short),
    jsonFile: values.json,
    load: oneOf('--load', values.load, ['auto', 'wrk', 'autocannon']),
    upstream: oneOf('--upstream', values.upstream, ['auto', 'nginx', 'node']),
  }
}

/** The items named, in the suite's order; all where none is named. Throws for a name that does not exist. */
export function select<T extends { readonly name: string }>(
  option: string,
  all: readonly T[],
  names: readonly string[],
): T[] {
  for (const name of names)
    oneOf(
      option,
      name,
      all.map(item => item.name),
    )
  return all.filter(item => names.length === 0 || names.includes(item.name))
}

export function list(text: string): string[] {
  return text.split(',').filter(name => name !== '')
}

export function whole(option: string, text: string, most = 3600): number {
  const value = Number(text)
  if (!(Number.isInteger(value) && value >= 1 && value <= most))
    throw new Error(`${option} must be a whole number from 1 to ${most}, not "${text}"`)
  return value
}

function oneOf<T extends string>(option: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find(name => name === text)
  if (found === undefined) throw new Error(`${option} must be one of ${allowed.join(', ')}, not "${text}"`)
  return found
}
