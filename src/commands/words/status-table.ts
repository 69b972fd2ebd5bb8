// Lays a status report out as a table that reads well at 3 a.m.: what is wrong stands out, and says why and since when.

import { stripVTControlCharacters, styleText } from 'node:util'
import type { PoolReport } from '../../admin/contract/pools.ts'
import type { StatusReport } from '../../admin/contract/status.ts'
import type { UpstreamReport, UpstreamState } from '../../admin/contract/upstreams.ts'
import { drainWords } from './drain-lines.ts'
import { summaryLines } from './maintenance-lines.ts'
import { formatAge, printable } from './text.ts'

const COLORS = { available: 'green', unknown: 'yellow', draining: 'yellow', out: 'red', disabled: 'gray' } as const

const HEADER = ['POOL', 'UPSTREAM', 'STATE', 'SINCE', 'IN FLIGHT', 'RATE', 'P99', 'REQUESTS', 'ERRORS', 'WHY'] as const
/** Columns with numbers, which line up at their right. */
const NUMBERS: ReadonlySet<number> = new Set([4, 5, 6, 7, 8])

/** @param nowMs epoch ms, for "12 s ago" */
export function formatStatus(report: StatusReport, nowMs: number, color: boolean): string {
  const paint = (state: UpstreamState) => (color ? styleText(COLORS[state], state, { validateStream: false }) : state)
  const upstreams = report.pools.flatMap(pool => pool.upstreams.map(upstream => ({ pool, upstream })))
  const [header, ...rows] = layOut([[...HEADER], ...upstreams.map(each => row(each.pool, each.upstream, nowMs, paint))])
  const lines = upstreams.flatMap(({ upstream }, at) => [rows[at]!, ...under(upstream, nowMs)])
  return [summary(report), '', header, ...lines, ...remarks(report, nowMs)].join('\n')
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
    `${upstream.rate < 10 ? upstream.rate : Math.round(upstream.rate)}/s`,
    upstream.p99Ms === null ? '-' : formatLatency(upstream.p99Ms),
    String(requests),
    String(responses['5xx'] + failures.connect + failures.transport + failures.timeout),
    printable(upstream.why),
  ]
}

function formatLatency(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${Math.round(ms / 100) / 10} s`
}

/** Of a drain: who is still there, and until when. */
function under({ drain }: UpstreamReport, nowMs: number): string[] {
  return drain === null
    ? []
    : [`      drain of ${formatAge(nowMs - Date.parse(drain.since))}: ${drainWords(drain, nowMs)}`]
}

function remarks(report: StatusReport, nowMs: number): string[] {
  const lines = report.maintenance === undefined ? [] : summaryLines(report.maintenance, nowMs)
  for (const pool of report.pools) {
    if (pool.available === 0 && pool.maintenance === undefined)
      lines.push(`Pool ${printable(pool.name)} has no available upstream: nobody serves its users.`)
    if (pool.waiting > 0) lines.push(`Pool ${printable(pool.name)}: ${pool.waiting} requests wait for an upstream.`)
    const { inUse, awaitsFailback, standby } = pool.priorities
    for (const { priority, since } of standby) {
      if (since === null) continue
      const who = pool.upstreams.filter(each => each.priority === priority).map(({ name }) => printable(name))
      const age = formatAge(nowMs - Date.parse(since))
      lines.push(`Pool ${printable(pool.name)}: priority ${priority} (${who.join(', ')}) carries load, for ${age} now.`)
    }
    if (awaitsFailback !== null)
      lines.push(
        `Pool ${printable(pool.name)} is served by priority ${inUse}; priority ${awaitsFailback} can serve again and waits for: vigia failback ${printable(pool.name)}`,
      )
    if (pool.inDoubtOpen > 0)
      lines.push(
        `Pool ${printable(pool.name)}: ${pool.inDoubtOpen} requests in doubt (may or may not have been carried out): vigia in-doubt lists them.`,
      )
  }
  const unsure = new Map(report.pools.flatMap(({ upstreams }) => upstreams.flatMap(nameInDoubt)))
  for (const [name, why] of unsure) lines.push(`Name ${name}: ${why}; its last addresses stay in use.`)
  const { store, clients } = report
  if (clients.limitWarning !== null) lines.push(`Few clients: ${printable(clients.limitWarning)}.`)
  if (store !== null && store.state !== 'ok') {
    const lost = store.dropped === 0 ? '' : `, ${store.dropped} given up`
    lines.push(
      `Store ${store.state}: ${printable(store.reason ?? '')} (${store.waiting} rows wait${lost}); traffic goes on.`,
    )
    if (store.ordersFrom !== 'store') lines.push(ORDERS_FROM[store.ordersFrom])
  }
  for (const { worker, state, restarts } of report.workers) {
    if (state !== 'ready' || restarts > 0) lines.push(`Worker ${worker} is ${state}, restarted ${restarts} times.`)
  }
  return lines.length === 0 ? [] : ['', ...lines]
}

const ORDERS_FROM = {
  copy: 'The store could not be read at the start: drains and other orders from before it are those of the copy beside it.',
  nowhere: 'The store has not been read: who was drained or disabled before the start is not known, and serves.',
} as const

/** An upstream whose name is not resolved any more, and that has addresses all the same. */
function nameInDoubt({ url, resolved }: UpstreamReport): [string, string][] {
  if (!resolved?.problem || resolved.addresses.length === 0) return []
  return [[printable(new URL(url).hostname), printable(resolved.problem.why)]]
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
