// What is said of a whole pool: nobody is left, somebody is again, a standby carries its load. Pure.

import { formatAge, gotWords, iso } from '../../util/words.ts'
import type { StandbyEvent } from '../upstreams/upstream-event.ts'
import type { PoolEvent } from './pool-event.ts'
import type { Words } from './said.ts'

export function poolWords(event: PoolEvent): Required<Words> {
  const { atMs, pool } = event
  if (event.phase === 'begins') {
    const { upstreams, isPlanned } = event
    const text = `pool ${pool} has nobody left: ${upstreams.join('; ')}`
    return {
      lines: [{ level: isPlanned ? 'warn' : 'error', fields: { pool }, text }],
      entries: [{ type: 'pool', atMs, pool, text, detail: { phase: 'begins', upstreams } }],
    }
  }
  const { by, sinceMs, forMs, answers, inDoubt, planned } = event
  const got = gotWords(answers, inDoubt, planned)
  const text = `pool ${pool} is served again by ${by.join(', ')}, after ${formatAge(forMs)}; meanwhile its users got ${got}`
  const detail = { phase: 'ends', since: iso(sinceMs), durationMs: forMs, answers, inDoubt, planned }
  return {
    lines: [{ level: 'warn', fields: { pool, durationMs: forMs, answers, inDoubt, planned }, text }],
    entries: [{ type: 'pool', atMs, pool, text, detail }],
  }
}

export function standbyWords(event: StandbyEvent): Words {
  const { atMs, pool, priority, upstreams, carries } = event
  const who = `priority ${priority} (${upstreams.join(', ')})`
  const what = carries
    ? `${who} carries load now: ${event.why}`
    : `${who} carries no load any more, after ${Math.round(event.forMs / 1000)} s and ${event.requests} requests`
  const text = `pool ${pool}: ${what}`
  return {
    lines: [{ level: carries ? 'warn' : 'info', fields: { pool, priority }, text }],
    entries: [{ type: 'standby', atMs, pool, text, detail: { priority, upstreams, carries } }],
  }
}
