// What the audit says of held requests and of paused integrations.

import type { HeldOrder } from '../../held/contract.ts'
import type { AuditEntry, Change } from '../../store/contract.ts'
import { iso } from '../../util/words.ts'
import type { HoldingEvent } from '../held/held-event.ts'
import type { Pause, PauseEvent } from '../held/pause-event.ts'
import { VIGIA } from './audit-rows.ts'
import { PAUSE } from './kept-overrides.ts'

/** Its time had come. */
export function endedPause({ atMs, pause, reason, tally }: Extract<PauseEvent, { phase: 'ends' }>): Change {
  const { route } = pause
  return {
    audit: [
      {
        ...{ atMs, actor: VIGIA, source: 'schedule', action: 'integration.resume', subject: route, reason },
        before: auditedPause(pause),
        after: tally ?? null,
      },
    ],
    overrides: [{ op: 'remove', pool: route, upstream: undefined, kind: PAUSE }],
  }
}

/** The clock was set. */
export function movedPause({ atMs, pause }: Extract<PauseEvent, { phase: 'moved' }>): Change {
  const { route } = pause
  return {
    audit: [
      {
        ...{ atMs, actor: VIGIA, source: 'automatic', action: 'integration.pause', subject: route },
        reason: `the clock was set: the pause lasts as long as it would have: ${pause.reason}`,
        after: auditedPause(pause),
      },
    ],
    overrides: [{ op: 'put', pool: route, upstream: undefined, kind: PAUSE, value: pause }],
  }
}

/** What became of the requests of a route that were held, once none waits any more. */
export function heldStretchRow(event: Extract<HoldingEvent, { phase: 'emptied' }>): AuditEntry {
  const { atMs, route, sinceMs, untilMs, tally } = event
  return {
    ...{ atMs, actor: VIGIA, source: 'automatic', action: 'integration.emptied', subject: route },
    reason: 'none of its requests waits any more',
    after: { since: iso(sinceMs), until: iso(untilMs), ...tally },
  }
}

/** What an auditor reads of a pause; null = there is none. */
export function auditedPause(pause: Pause | undefined): object | null {
  if (pause === undefined) return null
  const { reason, by, sinceMs, untilMs } = pause
  return { reason, by, since: iso(sinceMs), until: untilMs === undefined ? null : iso(untilMs) }
}

export function auditedOrder(order: HeldOrder): Pick<AuditEntry, 'action' | 'subject' | 'after'> {
  if (order.type === 'settle')
    return { action: 'held.settle', subject: order.id, after: { carriedOut: order.carriedOut } }
  const { type, ids } = order
  const subject = ids.length === 1 ? ids[0]! : 'held'
  return {
    action: `held.${type}`,
    subject,
    after: { ids, ...(type === 'retry' && { ttlMs: order.ttlMs ?? null, notBefore: isoOrNull(order.notBeforeMs) }) },
  }
}

function isoOrNull(epochMs: number | undefined): string | null {
  return epochMs === undefined ? null : iso(epochMs)
}
