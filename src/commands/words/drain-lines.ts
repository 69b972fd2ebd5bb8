// The words for drains on the terminal: who is still on an upstream, and when it will be free. Pure text; prints nothing itself.

import type { PoolReport } from '../../admin/contract/pools.ts'
import type { DrainReport, UpstreamReport } from '../../admin/contract/upstreams.ts'
import { formatAge } from '../../util/words.ts'
import { printable } from './text.ts'

/** `3 requests, 1 tunnel and about 40 sessions`; `nothing`. */
export function remainingWords({ inFlight, longPolls, tunnels, sessions }: DrainReport['remaining']): string {
  const parts = [
    count(inFlight, 'request'),
    count(longPolls, 'long poll'),
    count(tunnels, 'tunnel'),
    sessions === 0 ? '' : `about ${count(sessions, 'session')}`,
  ].filter(part => part !== '')
  if (parts.length < 2) return parts[0] ?? 'nothing'
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}

export function isFree({ remaining }: DrainReport): boolean {
  return Object.values(remaining).every(left => left === 0)
}

/** `3 requests left, free in about 4 min, closed in 12 min`. */
export function drainWords(drain: DrainReport, nowMs: number): string {
  if (isFree(drain)) return `nothing left${drain.freeAt === null ? '' : ` since ${clock(drain.freeAt)}`}`
  const { freeAt, deadline } = drain
  const closing = deadline === null ? Number.POSITIVE_INFINITY : Date.parse(deadline)
  const words = [`${remainingWords(drain.remaining)} left`]
  if (freeAt !== null && Date.parse(freeAt) < closing)
    words.push(`free in about ${formatAge(Date.parse(freeAt) - nowMs)}`)
  if (deadline !== null)
    words.push(closing <= nowMs ? 'being closed' : `closed in ${formatAge(closing - nowMs)} (${clock(deadline)})`)
  return words.join(', ')
}

/** What an operator's wish has led to. */
export function changeLine(pool: string, upstream: UpstreamReport, nowMs: number): string {
  const drain = upstream.drain === null ? '' : `; ${drainWords(upstream.drain, nowMs)}`
  return `${printable(pool)}/${printable(upstream.name)} is ${upstream.state}: ${printable(upstream.why)}${drain}`
}

export function poolLine({ name, priorities: { inUse } }: PoolReport): string {
  return `pool ${printable(name)} is served by ${inUse === null ? 'no priority' : `priority ${inUse}`}`
}

/** Local time of day. */
export function clock(at: string | number): string {
  return new Date(at).toTimeString().slice(0, 8)
}

function count(number: number, noun: string): string {
  return number === 0 ? '' : `${number} ${noun}${number === 1 ? '' : 's'}`
}
