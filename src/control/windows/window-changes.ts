// What is to be told of a window, in words: each begin and end once. Compares what it did before with what it does now; keeps and
// decides nothing. That the guard holds one back is told where it is asked: beginnings.ts.

import type { WindowPlan } from '../../plan/window.ts'
import type { WindowState, WindowStatus } from '../../policy/maintenance/window-state.ts'
import type { WindowNews } from './window-event.ts'
import { untilWords, whenWords } from './window-words.ts'

/** Enough of a state to see what has changed. */
type Former = Pick<WindowState, 'status' | 'occurrence'>

/** Of a window that was not there a moment ago. */
export const NEW_WINDOW: Former = { status: 'scheduled', occurrence: undefined }

/** @param former undefined = vigia has just started */
export function changeOf(
  plan: WindowPlan,
  former: Former | undefined,
  { status, occurrence, waitingFor }: WindowState,
): Pick<WindowNews, 'kind' | 'occurrence' | 'cause'> | undefined {
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

export function isRunning(status: WindowStatus): boolean {
  return status === 'lead-in' || status === 'active' || status === 'overrun'
}
