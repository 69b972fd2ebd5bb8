// What a wall clock that was set makes of an entry: each instant in it is as long ago, or as far ahead, as it was. So what was given as a
// length of time (an ejection, a slow start, a drain of 30 minutes) lasts that long. A deadline that was given as an instant stays. Pure.

import { type Hold, movedHold } from '../../policy/upstream/holds.ts'
import type { Entry } from './entry.ts'
import type { Step } from './step.ts'

/** @param byMs negative = back */
export function afterClockStep(entry: Entry, byMs: number): Step {
  const { state, outlier, probes, lastFailure, weightOverride, idleLimit } = entry
  const moved = (atMs: number | undefined) => atMs && atMs + byMs
  const holds = entry.holds.map(hold => movedHold(hold, byMs))
  const next: Entry = {
    ...entry,
    state: {
      ...state,
      outlier:
        state.outlier.status === 'ejected'
          ? { ...state.outlier, untilMs: state.outlier.untilMs + byMs }
          : state.outlier,
    },
    holds,
    sinceMs: entry.sinceMs + byMs,
    unhealthySinceMs: moved(entry.unhealthySinceMs),
    probes: {
      ...probes,
      last: probes.last && { ...probes.last, atMs: probes.last.atMs + byMs },
      recent: probes.recent.map(each => ({ ...each, atMs: each.atMs + byMs })),
    },
    lastFailure: lastFailure && { ...lastFailure, atMs: lastFailure.atMs + byMs },
    refusalToldMs: moved(entry.refusalToldMs),
    outlier: {
      ...outlier,
      sinceMs: outlier.sinceMs + byMs,
      untilMs: outlier.untilMs + byMs,
      windowStartMs: outlier.windowStartMs + byMs,
    },
    returnedMs: moved(entry.returnedMs),
    weightOverride: weightOverride && { ...weightOverride, sinceMs: weightOverride.sinceMs + byMs },
    idleLimit: idleLimit && { ...idleLimit, untilMs: idleLimit.untilMs + byMs },
  }
  return { entry: next, events: movedDeadlines(entry, holds) }
}

/** Operators' only: they are kept over a restart, and have to be kept anew. */
function movedDeadlines({ pool, plan, holds }: Entry, now: readonly Hold[]): Step['events'] {
  const before = holds.find(({ source }) => source === 'operator')
  const after = now.find(({ source }) => source === 'operator')
  if (before === undefined || after === undefined || before.deadlineMs === after.deadlineMs) return []
  return [{ type: 'deadline-moved', pool, upstream: plan.name, before, after }]
}
