// What a window does at an instant: a function of its occurrences, the time and the overrides, of nothing else. So a restart or a
// clock that steps loses nothing, and the same facts always give the same state.

import { neighbours, type Occurrences } from './occurrences.ts'
import type { Occurrence, Overrides } from './window-plan.ts'

export type WindowStatus =
  /** Waits for its next occurrence. */
  | 'scheduled'
  /** Drains, before the start. */
  | 'lead-in'
  | 'active'
  /** Past its end and still closed. */
  | 'overrun'
  /** Its time has come, the guard holds it back. */
  | 'postponed'
  /** Nothing comes any more. */
  | 'over'

export interface WindowState {
  readonly status: WindowStatus
  /** The one that the status is about: the next for `scheduled`, the last for `over`. */
  readonly occurrence: Occurrence | undefined
  /** Since when; undefined = not known from the calendar. */
  readonly fromMs: number | undefined
  /** Until when, by the calendar; undefined = open. */
  readonly untilMs: number | undefined
  /** What an overrun waits for. */
  readonly waitingFor: 'confirmation' | 'probes' | undefined
  /** The last occurrence that ran and is over for good: its key belongs in `Overrides.reopened`. */
  readonly finished: Occurrence | undefined
}

export function windowState(occurrences: Occurrences, nowMs: number, overrides: Overrides): WindowState {
  const begun = lastThatRan(occurrences, nowMs, overrides)
  const running = begun === undefined ? undefined : runningState(occurrences, begun, nowMs, overrides)
  if (running !== undefined) return running
  return { ...comingState(occurrences, nowMs, overrides, begun), finished: begun }
}

/** Bounds the way past occurrences that were cancelled or held back. */
const MOST_SKIPPED = 100

/** The last occurrence that has begun, but for those cancelled before their start or held back: they closed nothing. */
function lastThatRan(occurrences: Occurrences, nowMs: number, overrides: Overrides): Occurrence | undefined {
  let { latest } = neighbours(occurrences, nowMs)
  for (let skipped = 0; latest !== undefined && skipped < MOST_SKIPPED; skipped += 1) {
    if (!isCancelled(latest, overrides) && !overrides.postponed.has(latest.key)) return latest
    latest = neighbours(occurrences, latest.startMs - 1).latest
  }
  return undefined
}

/** What an occurrence that has begun still does; undefined = it is over. */
function runningState(
  { plan }: Occurrences,
  occurrence: Occurrence,
  nowMs: number,
  overrides: Overrides,
): WindowState | undefined {
  const { key, startMs, endMs } = occurrence
  const common = { occurrence, waitingFor: undefined, finished: undefined }
  // Whoever ended it early did so whatever the clock says now: one that stepped back does not bring it back.
  const endedMs = overrides.endedEarly.get(key)
  if (overrides.reopened.has(key)) return undefined
  if (endedMs === undefined && nowMs < endMs) return { ...common, status: 'active', fromMs: startMs, untilMs: endMs }
  if (plan.kind === 'freeze' || endMs <= (overrides.knownSinceMs.get(plan.name) ?? Number.NEGATIVE_INFINITY))
    return undefined
  const overrun = {
    ...common,
    status: 'overrun',
    fromMs: Math.min(endMs, endedMs ?? endMs),
    untilMs: undefined,
  } as const
  // To end it early is to confirm that the work is done.
  if (plan.overrun === 'confirm' && endedMs === undefined && !overrides.confirmed.has(key))
    return { ...overrun, waitingFor: 'confirmation' }
  if (plan.onlyWhenHealthy && overrides.unhealthy.has(plan.name)) return { ...overrun, waitingFor: 'probes' }
  return undefined
}

function comingState(
  occurrences: Occurrences,
  nowMs: number,
  overrides: Overrides,
  last: Occurrence | undefined,
): Omit<WindowState, 'finished'> {
  const { latest } = neighbours(occurrences, nowMs)
  if (latest !== undefined && nowMs < latest.endMs && isHeldBack(latest, overrides))
    return state('postponed', latest, latest.leadFromMs, latest.endMs)
  const next = nextThatRuns(occurrences, nowMs, overrides)
  const sinceMs = endOf(last, nowMs, overrides)
  if (next === undefined) return state('over', last, sinceMs, undefined)
  if (nowMs < next.leadFromMs) return state('scheduled', next, sinceMs, next.leadFromMs)
  const status = isHeldBack(next, overrides) ? 'postponed' : 'lead-in'
  return state(status, next, next.leadFromMs, status === 'postponed' ? next.endMs : next.startMs)
}

function state(
  status: WindowStatus,
  occurrence: Occurrence | undefined,
  fromMs: number | undefined,
  untilMs: number | undefined,
): Omit<WindowState, 'finished'> {
  return { status, occurrence, fromMs, untilMs, waitingFor: undefined }
}

function nextThatRuns(occurrences: Occurrences, nowMs: number, overrides: Overrides): Occurrence | undefined {
  let { next } = neighbours(occurrences, nowMs)
  for (let skipped = 0; next !== undefined && skipped < MOST_SKIPPED; skipped += 1) {
    if (!overrides.endedEarly.has(next.key)) return next
    next = neighbours(occurrences, next.startMs).next
  }
  return undefined
}

/** When it ended, by the calendar or by hand; when an overrun ended is not among the facts. */
function endOf(last: Occurrence | undefined, nowMs: number, { endedEarly }: Overrides): number | undefined {
  if (last === undefined) return undefined
  const endedMs = Math.min(last.endMs, endedEarly.get(last.key) ?? last.endMs)
  return endedMs <= nowMs ? endedMs : undefined
}

function isCancelled({ key, startMs }: Occurrence, { endedEarly }: Overrides): boolean {
  return (endedEarly.get(key) ?? Number.POSITIVE_INFINITY) <= startMs
}

function isHeldBack({ key }: Occurrence, overrides: Overrides): boolean {
  return overrides.postponed.has(key) && !overrides.endedEarly.has(key)
}
