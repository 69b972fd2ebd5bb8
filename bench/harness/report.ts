// Measured rounds -> the table that people read and the summary that goes into the JSON file. Pure.
import type { Measurement } from './contestant.ts'
import type { Rounds } from './rounds.ts'
import { ratios, type Spread, spread } from './stats.ts'

export interface Row {
  readonly name: string
  readonly wrong: string | undefined
  readonly cpuUs: Spread | undefined
  readonly userUs: Spread | undefined
  readonly systemUs: Spread | undefined
  readonly busy: Spread | undefined
  readonly requestsPerS: Spread | undefined
  readonly p50Ms: Spread | undefined
  readonly p99Ms: Spread | undefined
  readonly p999Ms: Spread | undefined
  readonly rssBytes: Spread | undefined
  /** CPU per request over that of the reference, per round. */
  readonly cpuToHaproxy: Spread | undefined
  readonly cpuToHttpProxy: Spread | undefined
  readonly requests: number
  readonly errors: number
}

type Figure = Exclude<keyof Measurement, 'requests' | 'errors'>

export function summarise(all: readonly Rounds[]): Row[] {
  const cpuOf = (name: string) =>
    column(
      all.find(rounds => rounds.name === name),
      'cpuUs',
    )
  return all.map(rounds => {
    const of = (figure: Figure) => spread(column(rounds, figure))
    return {
      name: rounds.name,
      wrong: rounds.wrong,
      cpuUs: of('cpuUs'),
      userUs: of('userUs'),
      systemUs: of('systemUs'),
      busy: of('busy'),
      requestsPerS: of('requestsPerS'),
      p50Ms: of('p50Ms'),
      p99Ms: of('p99Ms'),
      p999Ms: of('p999Ms'),
      rssBytes: of('rssBytes'),
      cpuToHaproxy: spread(ratios(column(rounds, 'cpuUs'), cpuOf('haproxy'))),
      cpuToHttpProxy: spread(ratios(column(rounds, 'cpuUs'), cpuOf('http-proxy'))),
      requests: sum(rounds.measurements.map(measurement => measurement.requests)),
      errors: sum(rounds.measurements.map(measurement => measurement.errors)),
    }
  })
}

const columns: readonly (readonly [title: string, cell: (row: Row) => string])[] = [
  ['proxy', row => row.name],
  ['CPU us/req', row => number(row.cpuUs?.median, 1)],
  ['min-max', row => (row.cpuUs ? `${number(row.cpuUs.min, 1)}-${number(row.cpuUs.max, 1)}` : '-')],
  ['user', row => number(row.userUs?.median, 1)],
  ['system', row => number(row.systemUs?.median, 1)],
  ['x HAProxy', row => number(row.cpuToHaproxy?.median, 2)],
  ['x http-proxy', row => number(row.cpuToHttpProxy?.median, 2)],
  ['req/s', row => number(row.requestsPerS?.median, 0)],
  ['p50 ms', row => number(row.p50Ms?.median, 2)],
  ['p99 ms', row => number(row.p99Ms?.median, 2)],
  ['busy %', row => number(row.busy && row.busy.median * 100, 0)],
  ['RSS MiB', row => number(row.rssBytes && row.rssBytes.median / 2 ** 20, 0)],
  ['errors', row => String(row.errors)],
]

/** A Markdown table, so that it can be pasted as it is; below it, who scored nothing and why. */
export function table(rows: readonly Row[]): string {
  const right = rows.filter(row => row.wrong === undefined)
  const cells = [columns.map(([title]) => title), ...right.map(row => columns.map(([, cell]) => cell(row)))]
  const widths = columns.map((_, i) => Math.max(...cells.map(line => line[i]?.length ?? 0)))
  const pad = (text: string, i: number) => (i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0))
  const [head = '', ...body] = cells.map(line => `| ${line.map(pad).join(' | ')} |`)
  const rule = `|${widths.map((width, i) => (i === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  const out = rows.filter(row => row.wrong !== undefined).map(row => `${row.name} scores nothing: ${row.wrong}`)
  return [head, rule, ...body, ...out].join('\n')
}

function column(rounds: Rounds | undefined, figure: Figure): number[] {
  return rounds?.measurements.flatMap(measurement => measurement[figure] ?? []) ?? []
}

function number(value: number | undefined, decimals: number): string {
  return value === undefined ? '-' : value.toFixed(decimals)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
