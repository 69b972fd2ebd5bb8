// What is to be told of a window, in words: each begin and end once. Compares what it did before with what it does now; keeps and
// decides nothing. That the guard postpones one is told where it is asked: beginnings.ts.

import type { WindowPlan } from '../../plan/window.ts'
import { isRunning, type WindowState } from '../../policy/maintenance/window-state.ts'
import { BY_SCHEDULE, type WindowEvent } from './window-event.ts'
import { untilWords, whenWords } from './window-words.ts'

/** Enough of a state to see what has changed. */
type Former = Pick<WindowState, 'status' | 'occurrence'>

/** Of a window that was not there a moment ago. */
export const NEW_WINDOW: Former = { status: 'scheduled', occurrence: undefined }

/** What has become of a window, but for whose it is. */
type Change = Pick<WindowEvent, 'kind' | 'occurrence' | 'cause'>

/** Undefined = nothing is to be told. @param former undefined = vigia has just started */
export function newsOf(
  plan: WindowPlan,
  former: Former | undefined,
  { status, occurrence, waitingFor }: WindowState,
): Change | undefined {
  const key = occurrence?.key
  if (former?.status === status && (!isRunning(status) || former.occurrence?.key === key)) return undefined
  const freeze = plan.kind === 'freeze'
  switch (status) {
    case 'lead-in':
      return {
        kind: former === undefined ? 'resumed' : 'lead-in',
        occurrence: key,
        cause: `drains: it begins at ${whenWords(occurrence!.startMs, plan.timeZone)}`,
      }
    case 'active': {
      // Extended past its end: whoever did it was told so.
      if (former?.status === 'overrun' && former.occurrence?.key === key) return undefined
      const what = freeze ? 'changes are refused' : 'in force'
      const kind = former === undefined ? 'resumed' : 'started'
      return { kind, occurrence: key, cause: `${what} ${untilWords(occurrence!.endMs, plan.timeZone)}` }
    }
    case 'overrun': {
      const wait = waitingFor === 'probes' ? 'the probes of what is in scope pass' : 'somebody confirms that it is done'
      return { kind: 'overrun', occurrence: key, cause: `past its end, and closed until ${wait}` }
    }
    // The guard has told it, and why.
    case 'postponed':
      return undefined
    case 'scheduled':
    case 'over':
      if (former === undefined || !isRunning(former.status)) return undefined
      return {
        kind: 'ended',
        occurrence: former.occurrence?.key,
        cause: freeze ? 'changes are allowed again' : 'open again',
      }
  }
}

/** Of what a window does by itself. */
export function windowEvent({ name, reason }: WindowPlan, atMs: number, change: Change): WindowEvent {
  return { type: 'window', atMs, window: name, by: BY_SCHEDULE, reason, ...change }
}
