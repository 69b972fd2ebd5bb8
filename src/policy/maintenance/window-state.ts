// What a window does at an instant: a function of its occurrences, the time and the facts, of nothing else. So neither a restart nor a
// clock that steps loses anything: what vigia found out at an instant that has not come (again) counts for nothing.

import { neighbours, type Occurrence, type Occurrences, occurrenceOfStart } from './occurrences.ts'

/** What is known besides the calendar. With the calendar and the time it gives the state, so all of it is stored. */
export interface Facts {
  /** Occurrence key -> when somebody ended it. Before its start: it is cancelled. */
  readonly endedEarly: ReadonlyMap<string, number>
  /** Occurrence key -> the end that somebody has moved it to, epoch ms. */
  readonly extended: ReadonlyMap<string, number>
  /** Keys of occurrences that somebody confirmed to be done; it counts also if given before the end. */
  readonly confirmed: ReadonlySet<string>
  /**
   * Keys of occurrences that are over for good -> when that was found out, or `ORDERED`. Whoever applies the state adds
   * `WindowState.finished`: a probe that fails an hour later must not close what was opened. An operator may add one by force.
   */
  readonly reopened: ReadonlyMap<string, number>
  /** Keys of occurrences that the guard does not let begin (`mayStart`) -> since when; kept there until they are over. */
  readonly postponed: ReadonlyMap<string, number>
  /** Names of windows in whose scope a probe fails now. */
  readonly unhealthy: ReadonlySet<string>
  /** Window name -> when vigia first knew it: what had ended before that never needs a confirmation. */
  readonly knownSinceMs: ReadonlyMap<string, number>
}

/** The calendar alone decides. */
export const NO_FACTS: Facts = {
  endedEarly: new Map(),
  extended: new Map(),
  confirmed: new Set(),
  reopened: new Map(),
  postponed: new Map(),
  unhealthy: new Set(),
  knownSinceMs: new Map(),
}

/** When a fact was found out that does not hang on the clock: people ordered it. */
export const ORDERED = Number.NEGATIVE_INFINITY

/** Whether a fact that was found out counts now: the instant that it comes from has not been taken back by a clock that was set. */
export function countsNow(foundMs: number | undefined, nowMs: number): boolean {
  return foundMs !== undefined && foundMs <= nowMs + SLEW_MS
}

/** A clock that is set by less than this is as it was. */
const SLEW_MS = 1000

export type WindowStatus =
  /** Waits for its next occurrence. */
  | 'scheduled'
  /** Drains, before the start. */
  | 'lead-in'
  | 'active'
  /** Past its end and still closed. */
  | 'overrun'
  /** Its time has come, but the guard does not let it begin. */
  | 'postponed'
  /** Nothing comes any more. */
  | 'over'

/** An occurrence is under way: it drains, is in force, or overruns. */
export function isRunning(status: WindowStatus): boolean {
  return status === 'lead-in' || status === 'active' || status === 'overrun'
}

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
  /** The last occurrence that ran and is over for good: its key belongs in `Facts.reopened`. */
  readonly finished: Occurrence | undefined
}

/** What people have changed of single occurrences. */
export type Changes = Pick<Facts, 'endedEarly' | 'extended'>

/** With the end that people have moved it to. */
export function asExtended(occurrence: Occurrence, { extended }: Pick<Facts, 'extended'>): Occurrence {
  const endMs = extended.get(occurrence.key)
  return endMs === undefined ? occurrence : { ...occurrence, endMs }
}

/** Those that somebody has cancelled and that would not be over at `fromMs`, in order. */
export function cancelledFrom(
  occurrences: Occurrences,
  fromMs: number,
  facts: Pick<Facts, 'endedEarly'>,
): readonly Occurrence[] {
  return withKeys(occurrences, facts.endedEarly.keys())
    .filter(each => each.endMs > fromMs && isCancelled(each, facts))
    .sort((a, b) => a.startMs - b.startMs)
}

/** Those whose end somebody has moved, with that end. */
export function extendedOf(occurrences: Occurrences, facts: Pick<Facts, 'extended'>): readonly Occurrence[] {
  return withKeys(occurrences, facts.extended.keys()).map(each => asExtended(each, facts))
}

/** Those of one window that have these keys. */
function withKeys(occurrences: Occurrences, keys: Iterable<string>): Occurrence[] {
  const prefix = `${occurrences.plan.name}@`
  return [...keys].flatMap(key =>
    key.startsWith(prefix) ? (occurrenceOfStart(occurrences, key.slice(prefix.length)) ?? []) : [],
  )
}

/** Ended before its start. */
export function isCancelled({ key, startMs }: Occurrence, { endedEarly }: Pick<Facts, 'endedEarly'>): boolean {
  return (endedEarly.get(key) ?? Number.POSITIVE_INFINITY) <= startMs
}

export function windowState(occurrences: Occurrences, nowMs: number, facts: Facts): WindowState {
  const begun = lastThatRan(occurrences, nowMs, facts)
  const running = begun === undefined ? undefined : runningState(occurrences, begun, nowMs, facts)
  if (running !== undefined) return running
  return { ...comingState(occurrences, nowMs, facts, begun), finished: begun }
}

/** So many occurrences that were cancelled or postponed are passed over, at most. */
const MOST_SKIPPED = 100

/** The last occurrence that has begun. One that was cancelled before its start, or postponed, has closed nothing: it does not count. */
function lastThatRan(occurrences: Occurrences, nowMs: number, facts: Facts): Occurrence | undefined {
  let { latest } = neighbours(occurrences, nowMs)
  for (let skipped = 0; latest !== undefined && skipped < MOST_SKIPPED; skipped += 1) {
    if (!isCancelled(latest, facts) && !countsNow(facts.postponed.get(latest.key), nowMs))
      return asExtended(latest, facts)
    latest = neighbours(occurrences, latest.startMs - 1).latest
  }
  return undefined
}

/** What an occurrence that has begun still does; undefined = it is over. */
function runningState(
  { plan }: Occurrences,
  occurrence: Occurrence,
  nowMs: number,
  facts: Facts,
): WindowState | undefined {
  const { key, startMs, endMs } = occurrence
  const common = { occurrence, waitingFor: undefined, finished: undefined }
  // Ended early is ended, also for a clock that has stepped back to before that.
  const endedMs = facts.endedEarly.get(key)
  if (countsNow(facts.reopened.get(key), nowMs)) return undefined
  if (endedMs === undefined && nowMs < endMs) return { ...common, status: 'active', fromMs: startMs, untilMs: endMs }
  if (plan.kind === 'freeze' || endMs <= (facts.knownSinceMs.get(plan.name) ?? Number.NEGATIVE_INFINITY))
    return undefined
  const overrun = {
    ...common,
    status: 'overrun',
    fromMs: Math.min(endMs, endedMs ?? endMs),
    untilMs: undefined,
  } as const
  // To end it early is to confirm that the work is done.
  if (plan.overrun === 'confirm' && endedMs === undefined && !facts.confirmed.has(key))
    return { ...overrun, waitingFor: 'confirmation' }
  if (plan.onlyWhenHealthy && facts.unhealthy.has(plan.name)) return { ...overrun, waitingFor: 'probes' }
  return undefined
}

function comingState(
  occurrences: Occurrences,
  nowMs: number,
  facts: Facts,
  last: Occurrence | undefined,
): Omit<WindowState, 'finished'> {
  const { latest: planned } = neighbours(occurrences, nowMs)
  const latest = planned && asExtended(planned, facts)
  if (latest !== undefined && nowMs < latest.endMs && isPostponed(latest, nowMs, facts))
    return state('postponed', latest, latest.leadFromMs, latest.endMs)
  const next = nextThatRuns(occurrences, nowMs, facts)
  const sinceMs = endOf(last, nowMs, facts)
  if (next === undefined) return state('over', last, sinceMs, undefined)
  if (nowMs < next.leadFromMs) return state('scheduled', next, sinceMs, next.leadFromMs)
  const status = isPostponed(next, nowMs, facts) ? 'postponed' : 'lead-in'
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

function nextThatRuns(occurrences: Occurrences, nowMs: number, facts: Facts): Occurrence | undefined {
  let { next } = neighbours(occurrences, nowMs)
  for (let skipped = 0; next !== undefined && skipped < MOST_SKIPPED; skipped += 1) {
    if (!facts.endedEarly.has(next.key)) return asExtended(next, facts)
    next = neighbours(occurrences, next.startMs).next
  }
  return undefined
}

/** When it ended, by the calendar or by hand. When an overrun ended is not known. */
function endOf(last: Occurrence | undefined, nowMs: number, { endedEarly }: Facts): number | undefined {
  if (last === undefined) return undefined
  const endedMs = Math.min(last.endMs, endedEarly.get(last.key) ?? last.endMs)
  return endedMs <= nowMs ? endedMs : undefined
}

function isPostponed({ key }: Occurrence, nowMs: number, facts: Facts): boolean {
  return countsNow(facts.postponed.get(key), nowMs) && !facts.endedEarly.has(key)
}
