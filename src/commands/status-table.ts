// Lays a status report out as a table that reads well at 3 a.m.: what is wrong stands out, and says why and since when.

import { stripVTControlCharacters, styleText } from 'node:util'
import type { PoolReport, StatusReport, UpstreamReport, UpstreamState } from '../admin/control-view.ts'

const COLORS = { available: 'green', unknown: 'yellow', draining: 'yellow', out: 'red', disabled: 'gray' } as const

const HEADER = ['POOL', 'UPSTREAM', 'STATE', 'SINCE', 'IN FLIGHT', 'REQUESTS', 'ERRORS', 'WHY'] as const
/** Columns with numbers, which line up at their right. */
const NUMBERS: ReadonlySet<number> = new Set([4, 5, 6])

/** @param nowMs epoch ms, for "12 s ago" */
export function formatStatus(report: StatusReport, nowMs: number, color: boolean): string {
  const paint = (state: UpstreamState) => (color ? styleText(COLORS[state], state, { validateStream: false }) : state)
  const rows = report.pools.flatMap(pool => pool.upstreams.map(upstream => row(pool, upstream, nowMs, paint)))
  return [summary(report), '', ...layOut([[...HEADER], ...rows]), ...remarks(report)].join('\n')
}

/** `8 s`, `12 min`, `3 h 20 min`, `5 d 2 h`. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 120) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${hours} h ${minutes % 60} min`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
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
  const { responses, failures } = upstream
  const requests = Object.values(responses).reduce((sum, count) => sum + count, 0)
  return [
    printable(pool.name),
    printable(upstream.name),
    paint(upstream.state),
    `${formatAge(nowMs - Date.parse(upstream.since))} ago`,
    String(upstream.inFlight),
    String(requests),
    String(responses['5xx'] + failures.connect + failures.transport + failures.timeout),
    printable(upstream.why),
  ]
}

function remarks(report: StatusReport): string[] {
  const lines: string[] = []
  for (const pool of report.pools) {
    if (pool.available === 0)
      lines.push(`Pool ${printable(pool.name)} has no available upstream: nobody serves its users.`)
    if (pool.waiting > 0) lines.push(`Pool ${printable(pool.name)}: ${pool.waiting} requests wait for an upstream.`)
  }
  for (const { worker, state, restarts } of report.workers) {
    if (state !== 'ready' || restarts > 0) lines.push(`Worker ${worker} is ${state}, restarted ${restarts} times.`)
  }
  return lines.length === 0 ? [] : ['', ...lines]
}

function layOut(rows: readonly (readonly string[])[]): string[] {
  const widths = HEADER.map((_, column) => Math.max(...rows.map(cells => width(cells[column]!))))
  return rows.map(cells =>
    cells
      .map((cell, column) => {
        const gap = ' '.repeat(widths[column]! - width(cell))
        return NUMBERS.has(column) ? gap + cell : cell + gap
      })
      .join('  ')
      .trimEnd(),
  )
}

function width(text: string): number {
  return stripVTControlCharacters(text).length
}

/** What an upstream sent may be part of a reason: it must not steer the terminal. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?')
}
