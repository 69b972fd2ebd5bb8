// Says in words what is wrong with a window, all of it at once: errors (it can't be meant) and warnings (it may surprise).
// Looks at the first years of the window only, so that the same file always gets the same verdict.

import type { WindowPlan } from '../../plan/window.ts'
import { type Dates, datesBetween, type Occurrences, occurrencesOf, type PlannedDate } from './occurrences.ts'
import { type ParsedRule, parseRecurrenceRule, type RecurrenceRule } from './recurrence-rule.ts'
import { instantOf, localWords, parseLocal, wallAt, zoneName } from './wall-clock.ts'

/** Something about a plan that its author should read. */
export interface WindowProblem {
  readonly field: keyof WindowPlan
  readonly message: string
}

export interface WindowVerdict {
  readonly errors: readonly WindowProblem[]
  readonly warnings: readonly WindowProblem[]
}

/** More would be a timetable, not maintenance; it bounds what every later question costs. */
export const MOST_A_YEAR = 1500
export const LONGEST_DAYS = 366
export const MOST_EXCEPT_DATES = 1000

/** Only a plan without errors may go to `occurrencesOf`. */
export function checkWindow(plan: WindowPlan): WindowVerdict {
  const errors: WindowProblem[] = []
  const warnings: WindowProblem[] = []
  checkKind(plan, errors)
  checkTimes(plan, errors)
  const parsed = plan.recurrence === undefined ? undefined : parseRecurrenceRule(plan.recurrence)
  errors.push(...(parsed?.problems ?? []).map(message => ({ field: 'recurrence' as const, message })))
  checkExceptDates(plan, errors)
  if (errors.length === 0) checkCalendar(plan, parsed, errors, warnings)
  return { errors, warnings }
}

const DAY_MS = 86_400_000
const YEAR_MS = 366 * DAY_MS
/** With so many dates two years show what clock changes do to them; where there are fewer, ten years are looked at. */
const FREQUENT = 30

function checkKind(plan: WindowPlan, errors: WindowProblem[]): void {
  const { name, kind, scope, behaviour } = plan
  const refuse = (field: keyof WindowPlan, message: string) => errors.push({ field, message })
  if (name.trim() === '' || name.length > 100 || /[\x00-\x1f\x7f]/.test(name))
    refuse('name', 'needs 1 to 100 characters, without line breaks')
  if (kind === 'freeze') {
    if (plan.leadMs !== 0) refuse('leadMs', 'a freeze drains nothing: it has no lead-in')
    if (plan.overrun !== 'reopen' || plan.onlyWhenHealthy) refuse('overrun', 'a freeze closes nothing: it just ends')
    if (scope.kind === 'route') refuse('scope', 'a freeze protects a pool, an upstream or everything, not a route')
  } else if (scope.kind === 'route' && behaviour === 'drain') {
    refuse('behaviour', 'a route has no upstreams of its own to drain: choose `answer`, or the pool as scope')
  }
}

function checkTimes({ timeZone, start, length, leadMs }: WindowPlan, errors: WindowProblem[]): void {
  const refuse = (field: keyof WindowPlan, message: string) => errors.push({ field, message })
  const quoted = JSON.stringify
  if (zoneName(timeZone) === undefined)
    refuse(
      'timeZone',
      `${quoted(timeZone)} is no time zone: give its IANA name, e.g. America/Sao_Paulo or Europe/Berlin`,
    )
  const startWallMs = parseLocal(start)
  if (startWallMs === undefined) refuse('start', `${quoted(start)}: ${LOCAL_FORM}`)
  if (!Number.isInteger(leadMs) || leadMs < 0 || leadMs > 30 * DAY_MS) refuse('leadMs', 'from 0 to 30 days')

  let lengthMs: number
  if (length.by === 'elapsed') lengthMs = length.ms
  else {
    const endWallMs = parseLocal(length.end)
    if (endWallMs === undefined) return void refuse('length', `end ${quoted(length.end)}: ${LOCAL_FORM}`)
    if (startWallMs === undefined) return
    lengthMs = endWallMs - startWallMs
    if (lengthMs < 0)
      return void refuse('length', `the end, ${localWords(endWallMs)}, is before the start, ${localWords(startWallMs)}`)
  }
  if (lengthMs === 0) refuse('length', 'the window has no length: it would never be in force')
  else if (!Number.isInteger(lengthMs) || lengthMs < 0 || lengthMs > LONGEST_DAYS * DAY_MS)
    refuse('length', `a window is at most ${LONGEST_DAYS} days long`)
}

const LOCAL_FORM = 'write the local date and time without offset, as 2026-12-06T02:00 (years 1970 to 2199)'

function checkExceptDates({ exceptDates, recurrence }: WindowPlan, errors: WindowProblem[]): void {
  const refuse = (message: string) => errors.push({ field: 'exceptDates', message })
  if (exceptDates.length > 0 && recurrence === undefined)
    refuse('the window takes place once, so there is nothing to leave out: remove them, or the window')
  if (exceptDates.length > MOST_EXCEPT_DATES) refuse(`at most ${MOST_EXCEPT_DATES} dates`)
  for (const date of exceptDates) if (parseLocal(date) === undefined) refuse(`${JSON.stringify(date)}: ${LOCAL_FORM}`)
}

function checkCalendar(
  plan: WindowPlan,
  parsed: ParsedRule | undefined,
  errors: WindowProblem[],
  warnings: WindowProblem[],
): void {
  let all: Occurrences
  try {
    all = occurrencesOf({ ...plan, exceptDates: [] })
  } catch (error) {
    errors.push({ field: 'recurrence', message: `can't be computed: ${(error as Error).message}` })
    return
  }
  if (parsed?.rule !== undefined && !checkStart(all, parsed.rule, errors)) return
  if (parsed?.rule !== undefined && mostDatesOf(parsed.rule) > MOST_A_YEAR && isTooDense(all)) {
    errors.push({ field: 'recurrence', message: `gives more than ${MOST_A_YEAR} occurrences a year` })
    return
  }
  const { taken, absent } = firstYears(plan.exceptDates.length === 0 ? all : occurrencesOf(plan))
  const swallowed = absent.filter(({ startMs, endMs }) => endMs <= startMs)
  if (taken.length === 0) {
    const message =
      swallowed.length > 0 ? `${noLength(swallowed[0]!, plan)}, and it has no other` : 'all dates are left out'
    errors.push({ field: swallowed.length > 0 ? 'start' : 'exceptDates', message: `it never takes place: ${message}` })
    return
  }
  checkOverlap(plan, taken, errors)
  checkNeedlessDates(plan, all, warnings)
  const shifted = taken.find(occurrence => occurrence.shifted)
  if (shifted !== undefined) warnings.push({ field: 'start', message: shiftWords(shifted, plan.timeZone) })
  if (swallowed.length > 0)
    warnings.push({ field: 'start', message: `${noLength(swallowed[0]!, plan)}: it does not take place then` })
}

function firstYears(occurrences: Occurrences): Dates {
  const fromMs = instantOf(occurrences.startWallMs, occurrences.plan.timeZone) - DAY_MS
  const dates = datesBetween(occurrences, fromMs, fromMs + 2 * YEAR_MS)
  return dates.taken.length >= FREQUENT ? dates : datesBetween(occurrences, fromMs, fromMs + 10 * YEAR_MS)
}

/** No year has more: a bound that costs nothing. */
function mostDatesOf({ frequency, byHour, byMinute }: RecurrenceRule): number {
  if (frequency === 'HOURLY') return Number.POSITIVE_INFINITY
  return 366 * Math.max(1, byHour.length) * Math.max(1, byMinute.length)
}

/** Asked in wall time, before anything that costs more. */
function isTooDense({ recurrence, startWallMs }: Occurrences): boolean {
  for (let year = 0; year < 5; year += 1) {
    const fromMs = startWallMs + year * YEAR_MS
    if (recurrence.startsBetween(fromMs, fromMs + YEAR_MS - 1).length > MOST_A_YEAR) return true
  }
  return false
}

/** A start that is none of the rule's own dates: RFC 5545 leaves open what it means, and nobody should have to guess. */
function checkStart(
  { recurrence, startWallMs, plan }: Occurrences,
  rule: RecurrenceRule,
  errors: WindowProblem[],
): boolean {
  const { until } = rule
  const untilMs = until?.by === 'instant' ? until.epochMs : Number.POSITIVE_INFINITY
  if (recurrence.lastWallMs < startWallMs || untilMs < instantOf(startWallMs, plan.timeZone)) {
    errors.push({ field: 'recurrence', message: 'UNTIL is before the start: it never takes place' })
    return false
  }
  if (recurrence.startsBetween(startWallMs, startWallMs).length > 0) return true
  let first: number | undefined
  for (let years = 0; first === undefined && years < 12; years += 1) {
    const fromMs = startWallMs + years * YEAR_MS
    first = recurrence.startsBetween(fromMs, fromMs + YEAR_MS)[0]
  }
  const advice =
    first === undefined
      ? 'and the rule gives no date in the twelve years after it: is there such a day?'
      : `the first date that it gives is ${localWords(first)}: write that as start, or correct the rule`
  errors.push({
    field: 'recurrence',
    message: `FREQ=${rule.frequency}...: the start ${localWords(startWallMs)} (${weekday(plan.start)}) is none of its dates; ${advice}`,
  })
  return false
}

function checkOverlap(plan: WindowPlan, taken: readonly PlannedDate[], errors: WindowProblem[]): void {
  const { timeZone } = plan
  for (const [index, occurrence] of taken.entries()) {
    const next = taken[index + 1]
    if (next === undefined) continue
    if (occurrence.endMs <= next.leadFromMs) continue
    const ends = `that of ${words(occurrence.startMs, timeZone)} ends ${words(occurrence.endMs, timeZone)}`
    if (occurrence.endMs > next.startMs) {
      const message = `the window overlaps itself: ${ends}, the next begins ${words(next.startMs, timeZone)}`
      errors.push({ field: 'length', message })
    } else {
      const message = `longer than the pause between two occurrences: ${ends}, the next lead-in begins ${words(next.leadFromMs, timeZone)}`
      errors.push({ field: 'leadMs', message })
    }
    return
  }
}

function checkNeedlessDates({ exceptDates }: WindowPlan, all: Occurrences, warnings: WindowProblem[]): void {
  for (const date of exceptDates) {
    const wallMs = parseLocal(date)!
    if (all.recurrence.startsBetween(wallMs, wallMs).length === 0)
      warnings.push({ field: 'exceptDates', message: `${localWords(wallMs)} leaves nothing out: none begins then` })
  }
}

function shiftWords({ wallMs, startMs }: PlannedDate, timeZone: string): string {
  const wanted = localWords(wallMs)
  return `${wanted} does not exist in ${timeZone} (clocks go forward): it begins at ${words(startMs, timeZone)} then`
}

function noLength({ wallMs }: PlannedDate, { timeZone }: WindowPlan): string {
  return `nothing is left of ${localWords(wallMs)} in ${timeZone} (clocks go forward past its end)`
}

function words(epochMs: number, timeZone: string): string {
  return localWords(wallAt(epochMs, timeZone))
}

function weekday(local: string): string {
  const names = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']
  return names[Temporal.PlainDateTime.from(local).dayOfWeek - 1]!
}
