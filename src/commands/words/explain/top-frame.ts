// One picture of `vigia top`: what the whole gets, then pools and their upstreams by what they have to do. It fits the terminal: a name
// that is too long is cut, and rows that find no room are counted. Pure text.

import { styleText } from 'node:util'
import type { PoolReport } from '../../../admin/contract/pools.ts'
import type { StatusReport } from '../../../admin/contract/status.ts'
import type { UpstreamReport, UpstreamState } from '../../../admin/contract/upstreams.ts'
import { formatAge } from '../../../util/words.ts'
import { troubles } from '../status-lines.ts'
import { printable } from '../text.ts'
import { localTime, withLocalTimes } from '../times.ts'
import { wrap } from '../wrap.ts'

/** By what rows are sorted, in the order of the key `s`. */
export const SORTS = ['configuration', 'rate', 'p99', 'errors', 'busy'] as const
export type Sort = (typeof SORTS)[number]

export interface TopRow {
  readonly name: string
  /** `undefined` of a pool: how many serve stands there. */
  readonly state: UpstreamState | undefined
  readonly stateWords: string
  readonly rate: number
  readonly p50Ms: number | null
  readonly p99Ms: number | null
  /** Answers 5xx and failures a second, since the report before; null = there is none. */
  readonly errorsPerS: number | null
  readonly busy: number
  readonly waiting: number | null
  readonly tunnels: number
}

export interface TopPool extends TopRow {
  readonly upstreams: readonly TopRow[]
}

export interface TopLayout {
  readonly color: boolean
  readonly columns: number
  /** Lines of the terminal; Infinity = nobody counts them. */
  readonly lines: number
  readonly zone: string
  readonly sort: Sort
  /** What the keys do; '' = there are none. */
  readonly keys: string
}

const HEADER = ['', 'STATE', 'REQ/S', 'P50', 'P99', 'ERR/S', 'BUSY', 'QUEUE', 'TUN'] as const
const WIDTHS = [0, 9, 7, 8, 8, 6, 6, 6, 5] as const
const GAPS = WIDTHS.length - 1
const NARROWEST_NAME = 12
const COLORS = { available: 'green', unknown: 'yellow', draining: 'yellow', out: 'red', disabled: 'gray' } as const

/** @param before the report that came before, and when, monotonic ms; undefined = this is the first */
export function topPools(
  now: StatusReport,
  before: { readonly report: StatusReport; readonly agoMs: number } | undefined,
  sort: Sort,
): TopPool[] {
  const pools = now.pools.map(pool => {
    const former = before?.report.pools.find(({ name }) => name === pool.name)
    const since = former && before && { pool: former, seconds: before.agoMs / 1000 }
    return poolRow(pool, since, sort)
  })
  return sorted(pools, sort)
}

interface Since {
  readonly pool: PoolReport
  readonly seconds: number
}

function poolRow(pool: PoolReport, since: Since | undefined, sort: Sort): TopPool {
  const rows = pool.upstreams.map(upstream => upstreamRow(upstream, since))
  const own = since && perSecond(pool.answers['5xx'] - since.pool.answers['5xx'], since.seconds)
  const sum = (of: (row: TopRow) => number) => rows.reduce((total, row) => total + of(row), 0)
  return {
    name: pool.name,
    state: undefined,
    stateWords: `${pool.available} of ${pool.upstreams.length}`,
    rate: pool.rate,
    p50Ms: pool.p50Ms,
    p99Ms: pool.p99Ms,
    errorsPerS: own === undefined ? null : own + sum(({ errorsPerS }) => errorsPerS ?? 0),
    busy: sum(({ busy }) => busy),
    waiting: pool.waiting,
    tunnels: sum(({ tunnels }) => tunnels),
    upstreams: sorted(rows, sort),
  }
}

function upstreamRow(upstream: UpstreamReport, since: Since | undefined): TopRow {
  const { name, state, rate, p50Ms, p99Ms, errors, inFlight, longPolls, tunnels } = upstream
  const former = since?.pool.upstreams.find(each => each.name === name)
  const errorsPerS = former && since ? perSecond(errors - former.errors, since.seconds) : null
  return {
    name,
    state,
    stateWords: state,
    rate,
    p50Ms,
    p99Ms,
    errorsPerS,
    busy: inFlight + longPolls,
    waiting: null,
    tunnels,
  }
}

/** After a restart counters begin anew. */
function perSecond(more: number, seconds: number): number {
  return seconds <= 0 ? 0 : Math.max(0, more) / seconds
}

/** The most first; equals as they were. */
function sorted<T extends TopRow>(rows: readonly T[], sort: Sort): T[] {
  const by: Readonly<Record<Sort, (row: TopRow) => number>> = {
    configuration: () => 0,
    rate: ({ rate }) => rate,
    p99: ({ p99Ms }) => p99Ms ?? -1,
    errors: ({ errorsPerS }) => errorsPerS ?? -1,
    busy: ({ busy, waiting }) => busy + (waiting ?? 0),
  }
  return rows.toSorted((a, b) => by[sort](b) - by[sort](a))
}

export function topFrame(report: StatusReport, pools: readonly TopPool[], nowMs: number, layout: TopLayout): string {
  const { columns, zone, color, lines: most } = layout
  const prose = (text: string) => wrap(printable(withLocalTimes(text, zone)), columns, '  ')
  const red = (line: string) => (color ? styleText('red', line, { validateStream: false }) : line)
  const above = [
    ...prose(summary(report, nowMs, zone)),
    ...prose(totals(pools, report)),
    ...troubles(report, nowMs).flatMap(text => prose(text).map(red)),
    '',
  ]
  const name = nameWidth(pools, columns)
  const rows = pools.flatMap(pool => [
    row(pool, pool.name, name, color),
    ...pool.upstreams.map(each => row(each, `  ${each.name}`, name, color)),
  ])
  const below = layout.keys === '' ? [] : ['', `sorted by ${layout.sort}; ${layout.keys}`]
  const room = Math.max(1, most - above.length - 1 - below.length - 1)
  const shown = rows.length <= room ? rows : [...rows.slice(0, room - 1), `  and ${rows.length - room + 1} more rows`]
  return [...above, headerLine(name), ...shown, ...below].join('\n')
}

function summary({ version, state, uptimeS, workers, clients }: StatusReport, nowMs: number, zone: string): string {
  const ready = workers.filter(worker => worker.state === 'ready').length
  return `vigia ${version} ${state}, up ${formatAge(uptimeS * 1000)}, ${ready} of ${workers.length} workers, ${clients.connections} clients; ${localTime(nowMs, zone)}`
}

function totals(pools: readonly TopPool[], report: StatusReport): string {
  const upstreams = report.pools.flatMap(pool => pool.upstreams)
  const serving = upstreams.filter(({ state }) => state === 'available').length
  const sum = (of: (pool: TopPool) => number) => pools.reduce((total, pool) => total + of(pool), 0)
  const errors = pools.some(({ errorsPerS }) => errorsPerS !== null)
    ? `, ${rateWords(sum(({ errorsPerS }) => errorsPerS ?? 0))} errors/s`
    : ''
  return `${serving} of ${upstreams.length} upstreams serve, ${rateWords(sum(({ rate }) => rate))} requests/s${errors}, ${sum(({ busy }) => busy)} in flight, ${sum(({ waiting }) => waiting ?? 0)} wait`
}

function nameWidth(pools: readonly TopPool[], columns: number): number {
  const longest = Math.max(
    ...pools.flatMap(({ name, upstreams }) => [name.length, ...upstreams.map(each => each.name.length + 2)]),
    4,
  )
  const rest = WIDTHS.reduce<number>((sum, width) => sum + width, 0) + GAPS
  return Math.max(NARROWEST_NAME, Math.min(longest, columns - rest))
}

function headerLine(name: number): string {
  return laidOut(['POOL', ...HEADER.slice(1)], name)
}

function row(
  { state, stateWords, rate, p50Ms, p99Ms, errorsPerS, busy, waiting, tunnels }: TopRow,
  title: string,
  name: number,
  color: boolean,
): string {
  const shown = printable(title)
  const cells = [
    shown.length > name ? `${shown.slice(0, name - 1)}~` : shown,
    stateWords,
    rateWords(rate),
    latency(p50Ms),
    latency(p99Ms),
    errorsPerS === null ? '-' : rateWords(errorsPerS),
    short(busy),
    waiting === null ? '' : short(waiting),
    short(tunnels),
  ]
  const line = laidOut(cells, name)
  if (!color || state === undefined) return line
  const at = name + 1
  return (
    line.slice(0, at) +
    styleText(COLORS[state], line.slice(at, at + WIDTHS[1]), { validateStream: false }) +
    line.slice(at + WIDTHS[1])
  )
}

/** Names and states begin at their left, numbers end at their right. */
function laidOut(cells: readonly string[], name: number): string {
  return cells
    .map((cell, at) => (at === 0 ? cell.padEnd(name) : at === 1 ? cell.padEnd(WIDTHS[1]) : cell.padStart(WIDTHS[at]!)))
    .join(' ')
    .trimEnd()
}

function rateWords(rate: number): string {
  return rate === 0 ? '0' : rate < 10 ? rate.toFixed(1) : short(Math.round(rate))
}

/** At most four characters up to ten billion: `9999`, `123k`, `12M`. */
function short(count: number): string {
  if (count < 10_000) return String(count)
  return count < 10_000_000 ? `${Math.floor(count / 1000)}k` : `${Math.floor(count / 1_000_000)}M`
}

function latency(value: number | null): string {
  if (value === null) return '-'
  if (value < 10) return `${Math.round(value * 10) / 10} ms`
  return value < 1000 ? `${Math.round(value)} ms` : `${Math.round(value / 100) / 10} s`
}
