// Measured rounds -> the table that people read and the summary that goes into the JSON file. Pure.
import type { Measurement } from './contestant.ts'
import type { Rounds } from './rounds.ts'
import { ratios, type Spread, spread } from './stats.ts'

const figures = [
  ...['cpuUs', 'userUs', 'systemUs', 'workersUs', 'busy', 'rssBytes', 'bytesPerConnection'],
  ...['requestsPerS', 'p50Ms', 'p99Ms', 'p999Ms', 'rate', 'lateP99Ms', 'uncorrectedP99Ms'],
] as const satisfies readonly (keyof Measurement)[]
type Figure = (typeof figures)[number]

export interface Row extends Readonly<Record<Figure, Spread | undefined>> {
  readonly name: string
  readonly wrong: string | undefined
  readonly skipped: string | undefined
  /** CPU per request over that of the same case of the reference, per round. */
  readonly cpuToHaproxy: Spread | undefined
  readonly cpuToHttpProxy: Spread | undefined
  /** CPU per request over that of the same proxy's first case, per round: of all threads, and of vigia's workers alone. */
  readonly cpuToFirst: Spread | undefined
  readonly workersToFirst: Spread | undefined
  readonly requestsToFirst: Spread | undefined
  /** p99 over that of HAProxy, per round. */
  readonly p99ToHaproxy: Spread | undefined
  readonly requests: number
  readonly errors: number
}

export function summarise(all: readonly Rounds[]): Row[] {
  const firstCase = all.find(({ caseName }) => caseName !== '')?.caseName ?? ''
  return all.map(rounds => {
    const { name, peer, caseName, wrong, skipped, measurements } = rounds
    const to = (figure: Figure, otherPeer: string, otherCase: string) => {
      const other = all.find(each => each.peer === otherPeer && each.caseName === otherCase)
      return spread(ratios(column(rounds, figure), other === undefined ? [] : column(other, figure)))
    }
    const toFirst = (figure: Figure) =>
      caseName === firstCase || peer === 'direct' ? undefined : to(figure, peer, firstCase)
    const spreads = Object.fromEntries(figures.map(figure => [figure, spread(column(rounds, figure))]))
    return {
      ...(spreads as Record<Figure, Spread | undefined>),
      ...{ name, wrong, skipped },
      cpuToHaproxy: to('cpuUs', 'haproxy', caseName),
      cpuToHttpProxy: to('cpuUs', 'http-proxy', caseName),
      cpuToFirst: toFirst('cpuUs'),
      workersToFirst: toFirst('workersUs'),
      requestsToFirst: toFirst('requestsPerS'),
      p99ToHaproxy: measurements[0]?.rate === undefined ? undefined : to('p99Ms', 'haproxy', caseName),
      requests: sum(measurements.map(measurement => measurement.requests)),
      errors: sum(measurements.map(measurement => measurement.errors)),
    }
  })
}

/** A column without a figure in any row is left out. */
const columns: readonly (readonly [title: string, cell: (row: Row) => string])[] = [
  ['proxy', row => row.name],
  ['CPU us/req', row => number(row.cpuUs?.median, 1)],
  ['min-max', row => (row.cpuUs ? `${number(row.cpuUs.min, 1)}-${number(row.cpuUs.max, 1)}` : '-')],
  ['user', row => number(row.userUs?.median, 1)],
  ['system', row => number(row.systemUs?.median, 1)],
  ['in workers', row => number(row.workersUs?.median, 1)],
  ['x HAProxy', row => number(row.cpuToHaproxy?.median, 2)],
  ['x http-proxy', row => number(row.cpuToHttpProxy?.median, 2)],
  ['x first case', row => number(row.cpuToFirst?.median, 3)],
  ['workers x first', row => number(row.workersToFirst?.median, 3)],
  ['req/s x first', row => number(row.requestsToFirst?.median, 2)],
  ['req/s', row => number(row.requestsPerS?.median, 0)],
  ['p50 ms', row => number(row.p50Ms?.median, 2)],
  ['p99 ms', row => number(row.p99Ms?.median, 2)],
  ['p99.9 ms', row => number(row.p999Ms?.median, 2)],
  ['p99 x HAProxy', row => number(row.p99ToHaproxy?.median, 2)],
  ['p99 uncorrected', row => number(row.uncorrectedP99Ms?.median, 2)],
  ['load late p99', row => number(row.lateP99Ms?.median, 2)],
  ['busy %', row => number(row.busy && row.busy.median * 100, 0)],
  ['RSS MiB', row => number(row.rssBytes && row.rssBytes.median / 2 ** 20, 0)],
  ['KiB/connection', row => number(row.bytesPerConnection && row.bytesPerConnection.median / 1024, 1)],
  ['errors', row => String(row.errors)],
]

/** A Markdown table, so that it can be pasted as it is; below it, who scored nothing or was left out, and why. */
export function table(rows: readonly Row[]): string {
  const right = rows.filter(row => row.wrong === undefined && row.skipped === undefined)
  const used = columns.filter(([, cell]) => right.some(row => cell(row) !== '-'))
  const cells = [used.map(([title]) => title), ...right.map(row => used.map(([, cell]) => cell(row)))]
  const widths = used.map((_, i) => Math.max(...cells.map(line => line[i]?.length ?? 0)))
  const pad = (text: string, i: number) => (i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0))
  const [head = '', ...body] = cells.map(line => `| ${line.map(pad).join(' | ')} |`)
  const rule = `|${widths.map((width, i) => (i === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  const out = rows.flatMap(({ name, wrong, skipped }) => {
    if (wrong !== undefined) return `${name} scores nothing: ${wrong}`
    return skipped === undefined ? [] : `${name} skipped: ${skipped}`
  })
  return [...(right.length > 0 ? [head, rule, ...body] : []), ...out].join('\n')
}

function column(rounds: Rounds, figure: Figure): number[] {
  return rounds.measurements.flatMap(measurement => measurement[figure] ?? [])
}

function number(value: number | undefined, decimals: number): string {
  return value === undefined ? '-' : value.toFixed(decimals)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
