// When a window takes place: its rule in its time zone, as occurrences with instants. Knows nothing of facts or effects.

import type { WindowPlan } from '../../plan/window.ts'
import { LONGEST_STRETCH_MS, once, type Recurrence, recurring } from './recurrence.ts'
import { parseRecurrenceRule, type RecurrenceRule } from './recurrence-rule.ts'
import { instantOf, localText, parseLocal, resolve, wallAt } from './wall-clock.ts'

/**
 * All times that a window takes place, ready to be asked for. The rules of local time, for a start and a wall-clock end alike:
 * - In a gap (clocks go forward) the time is later by the gap: 02:30 becomes 03:30.
 * - In an overlap (clocks go back) it is the first of the two. One local start never gives two occurrences.
 * - Two local starts that mean one instant (only where a gap shifts one) are one occurrence: the one that was not shifted.
 * - An occurrence that a gap leaves without length (02:00 to 03:00 on that day) does not take place.
 * - An elapsed length is added to the instant of the start: it may end at an hour that the wall shows twice.
 * - HOURLY counts the hours of the wall clock: the repeated hour has no second occurrence.
 */
export interface Occurrences {
  readonly plan: WindowPlan
  readonly rule: RecurrenceRule | undefined
  readonly recurrence: Recurrence
  readonly startWallMs: number
  /** Length on the wall clock; for an elapsed one, of time. */
  readonly lengthMs: number
  /** The last answer of `neighbours` and how long it holds; most questions are about now. */
  readonly cache: { near: Neighbours | undefined }
}

/** When it takes place, once. */
export interface Times {
  readonly startMs: number
  /** Exclusive. */
  readonly endMs: number
  /** When the lead-in begins; `startMs` where there is none. */
  readonly leadFromMs: number
  /** The local start does not exist on that day; `startMs` is later by the length of the gap. */
  readonly shifted: boolean
}

/** One time that a window takes place. */
export interface Occurrence extends Times {
  /** Window and local start: the same whatever the zone's rules become, so that facts find it again. */
  readonly key: string
  readonly window: string
  /** The local start as the rule gave it, with seconds; on a gap's day the clock on the wall may never show it. */
  readonly localStart: string
}

/** The occurrences on either side of an instant. */
export interface Neighbours {
  /** The last that has begun. */
  readonly latest: Occurrence | undefined
  /** The first that has not. */
  readonly next: Occurrence | undefined
  /** Both are the same from here (inclusive) to there (exclusive). */
  readonly fromMs: number
  readonly untilMs: number
}

/** Throws RangeError for a plan that `checkWindow` refuses. */
export function occurrencesOf(plan: WindowPlan): Occurrences {
  const startWallMs = wallOf(plan.start)
  const { length } = plan
  const lengthMs = length.by === 'elapsed' ? length.ms : wallOf(length.end) - startWallMs
  const common = { plan, startWallMs, lengthMs, cache: { near: undefined } }
  if (plan.recurrence === undefined) return { ...common, rule: undefined, recurrence: once(startWallMs) }
  const { rule, problems } = parseRecurrenceRule(plan.recurrence)
  if (rule === undefined) throw new RangeError(problems.join('; '))
  const untilWallMs = untilOf(rule, plan.timeZone)
  const recurrence = recurring(rule, startWallMs, untilWallMs, plan.exceptDates.map(wallOf))
  return { ...common, rule, recurrence }
}

/** Those that take place at least in part from `fromMs` to `toMs` (exclusive), in order, at most `max`. */
export function occurrencesBetween(occurrences: Occurrences, fromMs: number, toMs: number, max: number): Occurrence[] {
  return datesOverlapping(occurrences, fromMs, toMs, max).map(date => occurrenceOf(occurrences, date))
}

/** The same as bare dates. */
export function datesOverlapping(occurrences: Occurrences, fromMs: number, toMs: number, max: number): PlannedDate[] {
  const found: PlannedDate[] = []
  // An occurrence under way at `fromMs` began at most its length, and a clock change, before.
  let from = Math.max(fromMs - occurrences.lengthMs - SLACK_MS, occurrences.startWallMs - SLACK_MS)
  const last = Math.min(toMs, occurrences.recurrence.lastWallMs + SLACK_MS)
  while (from < last && found.length < max) {
    const to = Math.min(last, from + STRETCH_MS)
    found.push(...datesBetween(occurrences, from, to).taken.filter(({ endMs }) => endMs > fromMs))
    from = to
  }
  return found.slice(0, max)
}

/** The one under way. */
export function occurrenceAt(occurrences: Occurrences, nowMs: number): Occurrence | undefined {
  const { latest } = neighbours(occurrences, nowMs)
  return latest !== undefined && nowMs < latest.endMs ? latest : undefined
}

/** The first that begins after `nowMs`; a rule that gives nothing in 40 years has none. */
export function nextOccurrence(occurrences: Occurrences, nowMs: number): Occurrence | undefined {
  return neighbours(occurrences, nowMs).next
}

/** The one of this local start (`Occurrence.localStart`); undefined = the rule gives none, or a clock change leaves it out. */
export function occurrenceOfStart(occurrences: Occurrences, localStart: string): Occurrence | undefined {
  const wallMs = parseLocal(localStart)
  if (wallMs === undefined) return undefined
  const { epochMs } = resolve(wallMs, occurrences.plan.timeZone)
  const date = datesBetween(occurrences, epochMs, epochMs + 1).taken.find(each => each.wallMs === wallMs)
  return date && occurrenceOf(occurrences, date)
}

/** The occurrences around `nowMs`. The answer is kept: to ask again costs nothing until one of the two changes. */
export function neighbours(occurrences: Occurrences, nowMs: number): Neighbours {
  const { near } = occurrences.cache
  if (near !== undefined && near.fromMs <= nowMs && nowMs < near.untilMs) return near
  const latest = searchBack(occurrences, nowMs)
  const next = searchForward(occurrences, nowMs)
  // Where a side is empty the answer is kept for a day at most: cheap, and right without knowing why it is empty.
  const found = { latest, next, fromMs: latest?.startMs ?? nowMs, untilMs: next?.startMs ?? nowMs + DAY_MS }
  occurrences.cache.near = found
  return found
}

/** A date that the rule gives: an occurrence without its texts, which are most of the work. */
export interface PlannedDate extends Times {
  /** The local start, as wall time. */
  readonly wallMs: number
}

/** What the rule gives: what takes place, and what clock changes leave out. Each in order. */
export interface Dates {
  readonly taken: readonly PlannedDate[]
  /** Without length, or at the same instant as another. */
  readonly absent: readonly PlannedDate[]
}

/** All that begin from `fromMs` to `toMs` (exclusive); ask for a few years at most. */
export function datesBetween(occurrences: Occurrences, fromMs: number, toMs: number): Dates {
  const { plan, recurrence } = occurrences
  const walls = recurrence.startsBetween(
    wallAt(fromMs, plan.timeZone) - SLACK_MS,
    wallAt(toMs, plan.timeZone) + SLACK_MS,
  )
  const byStart = new Map<number, PlannedDate>()
  const absent: PlannedDate[] = []
  for (const wallMs of walls) {
    const date = dateOf(occurrences, wallMs)
    const { startMs, endMs, shifted } = date
    if (startMs < fromMs || startMs >= toMs || isPastUntil(occurrences, date)) continue
    const rival = byStart.get(startMs)
    if (endMs <= startMs || (shifted && rival !== undefined)) {
      absent.push(date)
      continue
    }
    if (rival !== undefined) absent.push(rival)
    byStart.set(startMs, date)
  }
  return { taken: [...byStart.values()].sort((a, b) => a.startMs - b.startMs), absent }
}

/** More than any clock change: whole days were left out where the date line moved. */
const SLACK_MS = 36 * 3_600_000
const DAY_MS = 86_400_000
const STRETCH_MS = 90 * DAY_MS
const SEARCH_MS = 40 * 366 * DAY_MS

function wallOf(local: string): number {
  const wallMs = parseLocal(local)
  if (wallMs === undefined) throw new RangeError(`${JSON.stringify(local)} is no local date and time`)
  return wallMs
}

/** On the wall clock an hour may come twice, so an UNTIL that is an instant is no exact bound there: this one leaves room, `datesBetween` decides. */
function untilOf(rule: RecurrenceRule, timeZone: string): number | undefined {
  const { until } = rule
  if (until === undefined) return undefined
  return until.by === 'wall-clock' ? until.wallMs : wallAt(until.epochMs, timeZone) + SLACK_MS
}

function dateOf({ plan, lengthMs }: Occurrences, wallMs: number): PlannedDate {
  const { timeZone, length, leadMs } = plan
  const { epochMs: startMs, shifted } = resolve(wallMs, timeZone)
  return {
    wallMs,
    startMs,
    endMs: length.by === 'elapsed' ? startMs + lengthMs : instantOf(wallMs + lengthMs, timeZone),
    leadFromMs: startMs - leadMs,
    shifted,
  }
}

function occurrenceOf({ plan: { name } }: Occurrences, { wallMs, ...times }: PlannedDate): Occurrence {
  const localStart = localText(wallMs)
  return { key: `${name}@${localStart}`, window: name, localStart, ...times }
}

function isPastUntil({ rule }: Occurrences, { startMs }: Times): boolean {
  return rule?.until?.by === 'instant' && startMs > rule.until.epochMs
}

/** Looks in stretches that grow: most windows are found in the first. */
function searchForward(occurrences: Occurrences, nowMs: number): Occurrence | undefined {
  let from = Math.max(nowMs + 1, occurrences.startWallMs - SLACK_MS)
  const last = Math.min(from + SEARCH_MS, occurrences.recurrence.lastWallMs + SLACK_MS)
  for (let stretch = FIRST_STRETCH_MS; from <= last; stretch = Math.min(stretch * 8, LONGEST_STRETCH_MS)) {
    const first = datesBetween(occurrences, from, from + stretch).taken[0]
    if (first !== undefined) return occurrenceOf(occurrences, first)
    from += stretch
  }
  return undefined
}

function searchBack(occurrences: Occurrences, nowMs: number): Occurrence | undefined {
  const first = Math.max(nowMs - SEARCH_MS, occurrences.startWallMs - SLACK_MS)
  let to = Math.min(nowMs + 1, occurrences.recurrence.lastWallMs + SLACK_MS)
  for (let stretch = FIRST_STRETCH_MS; to > first; stretch = Math.min(stretch * 8, LONGEST_STRETCH_MS)) {
    const last = datesBetween(occurrences, to - stretch, to).taken.at(-1)
    if (last !== undefined) return occurrenceOf(occurrences, last)
    to -= stretch
  }
  return undefined
}

const FIRST_STRETCH_MS = 8 * DAY_MS
