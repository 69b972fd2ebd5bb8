// Command line of `npm run bench` -> options. Reads argv only.
import { parseArgs } from 'node:util'

export interface BenchOptions {
  readonly rounds: number
  /** Length of one measured run, whole seconds (wrk takes no other). */
  readonly seconds: number
  /** Length of the run that warms a proxy up before a scenario's first round, seconds: compilers need a few ten thousand requests. */
  readonly warmUpSeconds: number
  /** Peers to run; empty = all. */
  readonly only: readonly string[]
  /** Scenarios to run; empty = all. */
  readonly scenarios: readonly string[]
  readonly jsonFile: string
  readonly load: 'auto' | 'wrk' | 'autocannon'
  readonly upstream: 'auto' | 'nginx' | 'node'
}

export const usage = `npm run bench -- [options]
  --quick            3 rounds of 1 s: under two minutes (default: 7 rounds of 5 s, about fifteen)
  --rounds N         rounds of each scenario
  --seconds S        seconds of load per proxy and round
  --only A,B         these proxies only: direct, vigia, haproxy, nginx, caddy, undici, http-proxy
  --scenario A,B     these scenarios only: small-get, json-rpc, download-64k
  --json FILE        where the figures go (default: bench/results/latest.json)
  --load NAME        wrk or autocannon (default: wrk where installed)
  --upstream NAME    nginx or node (default: nginx where installed)`

/** Throws an Error with one clear line for a wrong command line. Returns 'help' for --help. */
export function parseOptions(argv: readonly string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      quick: { type: 'boolean', default: false },
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
  const seconds = whole('--seconds', values.seconds ?? (values.quick ? '1' : '5'))
  return {
    rounds: whole('--rounds', values.rounds ?? (values.quick ? '3' : '7')),
    seconds,
    warmUpSeconds: values.quick ? 2 : 3,
    only: list(values.only),
    scenarios: list(values.scenario),
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

function list(text: string): string[] {
  return text.split(',').filter(name => name !== '')
}

function whole(option: string, text: string): number {
  const value = Number(text)
  if (!(Number.isInteger(value) && value >= 1 && value <= 3600))
    throw new Error(`${option} must be a whole number from 1 to 3600, not "${text}"`)
  return value
}

function oneOf<T extends string>(option: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find(name => name === text)
  if (found === undefined) throw new Error(`${option} must be one of ${allowed.join(', ')}, not "${text}"`)
  return found
}
