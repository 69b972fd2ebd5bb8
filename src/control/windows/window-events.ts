// What becomes of windows, in words: each begin, end and postponement is told once. Compares two states; keeps and decides nothing.

import type { WindowPlan } from '../../plan/window.ts'
import type { Occurrence } from '../../policy/maintenance/window-plan.ts'
import type { WindowState, WindowStatus } from '../../policy/maintenance/window-state.ts'
import type { WindowEvent } from './window-event.ts'
import { untilWords, whenWords } from './window-words.ts'

/** What was told of a window last. */
export interface Told {
  readonly status: WindowStatus
  readonly occurrence: Occurrence | undefined
}

/** What is to be told of what the calendar has done. @param former undefined = vigia has just started */
export function changeOf(
  plan: WindowPlan,
  former: Told | undefined,
  { status, occurrence, waitingFor }: WindowState,
): Pick<WindowEvent, 'kind' | 'occurrence' | 'cause'> | undefined {
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
