// Expands a recurrence rule into wall times. The only file that uses rrule-temporal, and only as computation: it is asked in
// UTC, as if wall times were UTC, so it sees no zone, gap or overlap; wall-clock.ts says which instants the wall times mean.
// Rules of plain days it need not be asked for: see whole-days.ts.

import { type RRuleOptions, RRuleTemporal } from 'rrule-temporal'
import type { RecurrenceRule } from './recurrence-rule.ts'
import { LAST_YEAR, zoned } from './wall-clock.ts'
import { type Starts, wholeDays } from './whole-days.ts'

/** When something begins, in wall times (ms). */
export interface Recurrence {
  /** No occurrence begins later. */
  readonly lastWallMs: number
  /**
   * Starts from `fromWallMs` to `toWallMs`, both inclusive, in order. The cost grows with what lies between the two, not
   * with the time since the rule began; ask for a few years at most.
   */
  startsBetween(fromWallMs: number, toWallMs: number): readonly number[]
}

/** The longest stretch that `startsBetween` is asked for at once. */
export const LONGEST_STRETCH_MS = 4 * 366 * 86_400_000

/** Takes place once. */
export function once(startWallMs: number): Recurrence {
  return {
    lastWallMs: startWallMs,
    startsBetween: (from, to) => (from <= startWallMs && startWallMs <= to ? [startWallMs] : []),
  }
}

/**
 * `untilWallMs` bounds the starts where the rule has an UNTIL; COUNT is taken from the rule, and counts except dates too.
 * Throws RangeError where the rule can't be computed.
 */
export function recurring(
  rule: RecurrenceRule,
  startWallMs: number,
  untilWallMs: number | undefined,
  exceptWallMs: readonly number[],
): Recurrence {
  const plain = wholeDays(rule, startWallMs)
  const bare = { ...libraryOptions(rule), dtstart: utc(startWallMs), tzid: 'UTC', strict: true, cache: false }
  const endless = { startWallMs, starts: plain ?? startsOf({ ...bare, until: utc(END_OF_TIME) }) }
  // With COUNT the library has to walk from the start; a rule that ends on a date can be entered anywhere.
  const counted = rule.count === undefined ? END_OF_TIME : lastOf(endless, rule.count)
  const lastWallMs = Math.min(untilWallMs ?? END_OF_TIME, counted)
  const except = new Set(exceptWallMs)
  const starts: Starts =
    plain === undefined
      ? startsOf({ ...bare, until: utc(lastWallMs), exDate: exceptWallMs.map(utc) })
      : (from, to) => plain(from, to).filter(wallMs => !except.has(wallMs))
  return {
    lastWallMs,
    startsBetween(fromWallMs, toWallMs) {
      const from = Math.max(fromWallMs, startWallMs)
      const to = Math.min(toWallMs, lastWallMs)
      return from > to ? [] : starts(from, to)
    },
  }
}

function startsOf(options: RRuleOptions): Starts {
  const library = new RRuleTemporal(options)
  return (from, to) => library.between(utc(from), utc(to), true).map(date => date.epochMilliseconds)
}

const END_OF_TIME = Date.UTC(LAST_YEAR, 0, 1)

const utc = (wallMs: number): Temporal.ZonedDateTime => zoned(wallMs, 'UTC')

/** The start of the last of `count` occurrences, or of the last there is: paid once, in a few hundred steps at most. */
function lastOf({ startWallMs, starts }: { startWallMs: number; starts: Starts }, count: number): number {
  let last = startWallMs
  let missing = count
  for (let from = startWallMs; from < END_OF_TIME; from += COUNTED_MS) {
    const found = starts(from, from + COUNTED_MS - 1)
    last = found[Math.min(missing, found.length) - 1] ?? last
    missing -= found.length
    if (missing <= 0) break
  }
  return last
}

const COUNTED_MS = 366 * 86_400_000

/** Absent parts must be absent: the library reads an empty list as a rule that nothing satisfies. */
function libraryOptions(rule: RecurrenceRule) {
  const list = <Name extends string, Item>(name: Name, items: readonly Item[]) =>
    (items.length === 0 ? {} : { [name]: [...items] }) as Partial<Record<Name, Item[]>>
  return {
    freq: rule.frequency,
    interval: rule.interval,
    wkst: rule.weekStart,
    ...list('byMonth', rule.byMonth),
    ...list('byWeekNo', rule.byWeekNo),
    ...list('byYearDay', rule.byYearDay),
    ...list('byMonthDay', rule.byMonthDay),
    ...list('byDay', rule.byDay),
    ...list('byHour', rule.byHour),
    ...list('byMinute', rule.byMinute),
    ...list('bySetPos', rule.bySetPos),
  }
}
