// Lays a status report out as a table that reads well at 3 a.m.: what is wrong stands above it, and every row says why and since when.
// It fits the terminal: where there is no room for the reasons beside the rows, they stand below them.

import { stripVTControlCharacters, styleText } from 'node:util'
import type { PoolReport } from '../../admin/contract/pools.ts'
import type { StatusReport } from '../../admin/contract/status.ts'
import type { UpstreamReport, UpstreamState } from '../../admin/contract/upstreams.ts'
import { formatAge } from '../../util/words.ts'
import { drainWords } from './drain-lines.ts'
import { remarks, troubles } from './status-lines.ts'
import { printable } from './text.ts'
import { hereZone, localTime, withLocalTimes, zoneWords } from './times.ts'
import { wrap } from './wrap.ts'

export interface StatusLayout {
  readonly color: boolean
  /** Of the terminal; undefined = nobody counts them: a line is as long as it is. */
  readonly columns?: number | undefined
  /** IANA name of the zone of all times; default: that of this machine. */
  readonly zone?: string
}

const COLORS = { available: 'green', unknown: 'yellow', draining: 'yellow', out: 'red', disabled: 'gray' } as const

const HEADER = ['POOL', 'UPSTREAM', 'STATE', 'SINCE', 'PRI', 'BUSY', 'TUN', 'RATE', 'P99', 'REQS', 'ERRS'] as const
/** Columns with numbers, which line up at their right. */
const FIRST_NUMBER = 4
const UNDER = '      '

/** @param nowMs epoch ms, for "12 s ago" */
export function formatStatus(report: StatusReport, nowMs: number, layout: StatusLayout): string {
  const { color, columns = Infinity, zone = hereZone() } = layout
  const paint = (state: UpstreamState) => (color ? styleText(COLORS[state], state, { validateStream: false }) : state)
  const prose = (text: string, indent = '  ') => wrap(withLocalTimes(text, zone), columns, indent)
  const upstreams = report.pools.flatMap(pool => pool.upstreams.map(upstream => ({ pool, upstream })))
  const [header = '', ...rows] = layOut([
    [...HEADER],
    ...upstreams.map(each => row(each.pool, each.upstream, nowMs, paint)),
  ])
  const reasons = upstreams.map(({ upstream }) => withLocalTimes(printable(upstream.why), zone))
  // In a terminal a row is one line.
  const room = columns - width(header) - 2
  const isBeside = reasons.every(why => why.length <= room)
  const table = upstreams.flatMap(({ upstream }, at) => [
    isBeside ? `${rows[at]}  ${reasons[at]}` : rows[at]!,
    ...(isBeside || isPlain(upstream) ? [] : wrap(reasons[at]!, columns, UNDER, UNDER)),
    ...under(upstream, nowMs).flatMap(text => wrap(withLocalTimes(text, zone), columns, UNDER, UNDER)),
  ])
  const above = troubles(report, nowMs).flatMap(text => prose(text))
  const below = remarks(report, nowMs).flatMap(text => prose(text))
  return [
    ...prose(summary(report)),
    ...prose(`${localTime(nowMs, zone)}; all times are ${zoneWords(nowMs, zone)}`),
    ...(above.length === 0
      ? []
      : ['', ...above.map(line => (color ? styleText('red', line, { validateStream: false }) : line))]),
    '',
    isBeside ? `${header}  WHY` : header,
    ...table,
    ...(below.length === 0 ? [] : ['', ...below]),
  ].join('\n')
}

/** Nothing is worth a line of its own. */
function isPlain({ state, why }: UpstreamReport): boolean {
  return state === 'available' && !why.includes(';')
}

function summary(report: StatusReport): string {
  const listening = report.workers.filter(worker => worker.state === 'ready').length
  const upstreams = report.pools.flatMap(pool => pool.upstreams)
  const available = upstreams.filter(upstream => upstream.state === 'available').length
  return [
    `vigia ${report.version} is ${report.state}, up ${formatAge(report.uptimeS * 1000)}`,
    `configuration revision ${report.revision}`,
    `${listening} of ${report.workers.length} workers listen`,
    `${available} of ${upstreams.length} upstreams available`,
    `${report.clients.connections} client connections`,
  ].join(', ')
}

function row(
  pool: PoolReport,
  upstream: UpstreamReport,
  nowMs: number,
  paint: (state: UpstreamState) => string,
): string[] {
  const requests = Object.values(upstream.responses).reduce((sum, count) => sum + count, 0)
  return [
    printable(pool.name),
    printable(upstream.name),
    paint(upstream.state),
    // Its first unit says enough.
    formatAge(nowMs - Date.parse(upstream.since)).replace(/^(\d+ \w+) .*/, '$1'),
    String(upstream.priority),
    short(upstream.inFlight + upstream.longPolls),
    short(upstream.tunnels),
    `${upstream.rate < 10 ? upstream.rate : short(Math.round(upstream.rate))}/s`,
    upstream.p99Ms === null ? '-' : formatLatency(upstream.p99Ms),
    short(requests),
    short(upstream.errors),
  ]
}

/** At most four characters up to ten billion: `9999`, `123k`, `12M`. */
function short(count: number): string {
  if (count < 10_000) return String(count)
  return count < 10_000_000 ? `${Math.floor(count / 1000)}k` : `${Math.floor(count / 1_000_000)}M`
}

function formatLatency(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${Math.round(ms / 100) / 10} s`
}

/** Of a drain: who is still there, and until when. */
function under({ drain }: UpstreamReport, nowMs: number): string[] {
  return drain === null ? [] : [`drain of ${formatAge(nowMs - Date.parse(drain.since))}: ${drainWords(drain, nowMs)}`]
}

function layOut(rows: readonly (readonly string[])[]): string[] {
  const widths = HEADER.map((_, column) => Math.max(...rows.map(cells => width(cells[column]!))))
  return rows.map(cells =>
    cells
      .map((cell, column) => {
        const gap = ' '.repeat(widths[column]! - width(cell))
        return column >= FIRST_NUMBER ? ` ${gap}${cell}` : `${column === 0 ? '' : '  '}${cell}${gap}`
      })
      .join('')
      .trimEnd(),
  )
}

function width(text: string): number {
  return stripVTControlCharacters(text).length
}
