// Writes down what happens, but for orders: these are written before they are carried out. How rows are worded is in audit-rows.ts and
// incidents.ts; when they are written is in records.ts.

import type { Tell, VigiaEvent } from '../events/event.ts'
import {
  appliedConfiguration,
  authoritiesRow,
  certificateRow,
  clockStepRow,
  deadlineRow,
  failoverRow,
  forgottenOrders,
  holdRows,
  outlierRow,
  startRow,
  stopRow,
  windowRow,
} from './audit-rows.ts'
import { endedPause, heldStretchRow, movedPause } from './held-rows.ts'
import type { Incidents } from './incidents.ts'
import { FLOOR, HOLD } from './kept-overrides.ts'
import type { Records } from './records.ts'
import { factRow, windowChange } from './window-changes.ts'

export function recording(records: Pick<Records, 'append' | 'later' | 'clockStepped'>, incidents: Incidents): Tell {
  return (event: VigiaEvent): void => {
    const nowMs = Date.now()
    switch (event.type) {
      case 'transition': {
        const { by, ...row } = event.transition
        records.append('transition', by === undefined ? row : { ...row, detail: { by } })
        return incidents.transition(event.transition)
      }
      case 'holds':
        for (const row of holdRows(event.entry, event.before, nowMs)) records.append('audit', row)
        return
      case 'outlier':
        return records.append('audit', outlierRow(event.entry, event.before, nowMs))
      case 'deadline-moved': {
        const { pool, upstream, after } = event
        const override = { op: 'put', pool, upstream, kind: HOLD, value: after } as const
        return records.later({ audit: [deadlineRow(event, nowMs)], overrides: [override] })
      }
      case 'left': {
        // Its name is gone, and what was ordered for it goes with it.
        const forgotten = forgottenOrders(event.entry, nowMs)
        if (forgotten !== undefined) records.later(forgotten)
        return
      }
      case 'failover': {
        const { pool, priority } = event
        const override = { op: 'put', pool, upstream: undefined, kind: FLOOR, value: { priority } } as const
        return records.later({ audit: [failoverRow(pool, priority, nowMs)], overrides: [override] })
      }
      case 'window':
        return records.append('audit', windowRow(event))
      case 'window-fact':
        return records.later({ audit: [factRow(event.fact)], windows: [windowChange(event.fact)] })
      case 'in-doubt':
        return records.append('in-doubt', event.record)
      case 'reload':
        if (event.result !== 'applied' || event.applied === undefined) return
        records.later(appliedConfiguration(event.request, event.applied, event.revision))
        return incidents.look(nowMs, 'another configuration')
      case 'clock-step':
        records.append('audit', clockStepRow(event))
        records.clockStepped()
        return incidents.clockStepped(event.byMs)
      case 'certificate':
        if (event.kind === 'swapped') records.append('audit', certificateRow(event, nowMs))
        if (event.kind === 'authorities-swapped') records.append('audit', authoritiesRow(event, nowMs))
        return
      case 'pause':
        // What people have asked for is written before it is done.
        if (event.phase === 'ends' && event.by === undefined) records.later(endedPause(event))
        if (event.phase === 'moved') records.later(movedPause(event))
        return
      case 'held':
        if (event.phase === 'emptied') records.append('audit', heldStretchRow(event))
        return
      case 'started':
        return records.append('audit', startRow(event.version, event.text, nowMs))
      case 'stopped':
        return records.append('audit', stopRow(event.by, event.cut, nowMs))
    }
  }
}
