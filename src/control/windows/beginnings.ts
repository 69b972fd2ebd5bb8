// Which windows begin now. Asks the guard about each whose time has come, in their order: each with what those before it have left. Pure.

import { mayStart } from '../../policy/maintenance/guard.ts'
import { type Facts, isRunning, windowState } from '../../policy/maintenance/window-state.ts'
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
  const postponed = new Set(given.postponed)
  const knownSinceMs = new Map(given.knownSinceMs)
  const facts = { ...given, postponed, knownSinceMs }
  const running = new Set<string>()
  const taken = new Set<number>()
  const actions: WindowAction[] = []
  for (const { plan, occurrences } of windows) {
    const window = plan.name
    if (!knownSinceMs.has(window)) {
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
      if (!isPostponed) continue
      postponed.delete(key)
      actions.push({ type: 'learn', fact: { kind: 'postponed', key, holds: false } })
    } else if (!isPostponed) {
      postponed.add(key)
      const event = windowEvent(plan, nowMs, { kind: 'postponed', occurrence: key, cause: verdict.message })
      actions.push({ type: 'learn', fact: { kind: 'postponed', key, holds: true } }, { type: 'tell', event })
    }
  }
  return { running, facts, actions }
}
