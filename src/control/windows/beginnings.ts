// Which windows begin now. Asks the guard about each whose time has come, in their order: each with what those before it have left. Pure.

import { mayStart } from '../../policy/maintenance/guard.ts'
import { countsNow, type Facts, isRunning, windowState } from '../../policy/maintenance/window-state.ts'
import { poolsNow, slotsInScope } from './pools-now.ts'
import { windowEvent } from './window-news.ts'
import type { WindowAction, WindowsNow } from './windows-now.ts'

export interface Beginnings {
  /** Keys of the occurrences that run: the guard has let them begin, or was not asked. */
  readonly running: ReadonlySet<string>
  /** With what was found out here. */
  readonly facts: Facts
  readonly actions: readonly WindowAction[]
}

/** @param former keys of the occurrences that run already */
export function beginnings(former: ReadonlySet<string>, given: Facts, now: WindowsNow): Beginnings {
  const { windows, pools, nowMs, resumes } = now
  const postponed = new Map(given.postponed)
  const knownSinceMs = new Map(given.knownSinceMs)
  const facts = { ...given, postponed, knownSinceMs }
  const running = new Set<string>()
  const taken = new Set<number>()
  const actions: WindowAction[] = []
  for (const { plan, occurrences } of windows) {
    const window = plan.name
    const since = knownSinceMs.get(window)
    // One that a former process met by a clock that was ahead is known since now at least.
    if (since === undefined || (resumes && !countsNow(since, nowMs))) {
      knownSinceMs.set(window, nowMs)
      actions.push({ type: 'learn', fact: { kind: 'known', window, atMs: nowMs } })
    }
    const { status, occurrence } = windowState(occurrences, nowMs, facts)
    if (occurrence === undefined || (!isRunning(status) && status !== 'postponed')) continue
    const { key } = occurrence
    const isPostponed = status === 'postponed'
    const goesOn = status === 'overrun' || former.has(key) || (resumes && !isPostponed)
    const verdict = goesOn ? ({ verdict: 'ok' } as const) : mayStart(plan, poolsNow(pools, taken))
    if (verdict.verdict === 'ok') {
      running.add(key)
      for (const slot of slotsInScope(plan, pools)) taken.add(slot)
      // What was found out before, by a clock that has been set back since, must not count again later.
      if (postponed.delete(key)) actions.push(forget('postponed', key))
      if (given.reopened.has(key)) actions.push(forget('reopened', key))
    } else if (!isPostponed) {
      postponed.set(key, nowMs)
      const event = windowEvent(plan, nowMs, { kind: 'postponed', occurrence: key, cause: verdict.message })
      actions.push({ type: 'learn', fact: { kind: 'postponed', key, holds: true, atMs: nowMs } })
      actions.push({ type: 'tell', event })
    }
  }
  return { running, facts, actions }
}

function forget(kind: 'postponed' | 'reopened', key: string): WindowAction {
  return { type: 'learn', fact: { kind, key, holds: false, atMs: undefined } }
}
