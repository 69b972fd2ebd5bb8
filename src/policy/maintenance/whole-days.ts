// Recurrence rules that give the same time on every so many days, or on days of every so many weeks: nearly all that people write.
// To step from day to day is a thousand times quicker than to ask a library for each rule that there could be.

import type { RecurrenceRule } from './recurrence-rule.ts'

/** Starts from `fromWallMs` to `toWallMs`, both inclusive, in order. */
export type Starts = (fromWallMs: number, toWallMs: number) => number[]

const DAY_MS = 86_400_000
/** As RFC 5545 names them. */
const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']

/** Undefined where the rule has other parts. COUNT and UNTIL are left to the caller. */
export function wholeDays(rule: RecurrenceRule, startWallMs: number): Starts | undefined {
  const { frequency, interval, byDay, byMonth, byWeekNo, byYearDay, byMonthDay, byHour, byMinute, bySetPos } = rule
  const further = [byMonth, byWeekNo, byYearDay, byMonthDay, byHour, byMinute, bySetPos]
  if (further.some(({ length }) => length > 0)) return undefined
  if (frequency === 'DAILY') return byDay.length > 0 ? undefined : stepping(startWallMs, startWallMs, interval, [0])
  if (frequency !== 'WEEKLY') return undefined
  const days = byDay.map(day => WEEKDAYS.indexOf(day))
  if (days.includes(-1)) return undefined
  // Weeks are counted from the one that has the start in it.
  const first = weekdayOf(startWallMs)
  const intoWeek = (day: number) => (day - WEEKDAYS.indexOf(rule.weekStart) + 7) % 7
  const offsets = new Set((days.length === 0 ? [first] : days).map(intoWeek))
  const week = startWallMs - intoWeek(first) * DAY_MS
  return stepping(
    startWallMs,
    week,
    7 * interval,
    [...offsets].sort((a, b) => a - b),
  )
}

/** @param origin of the first step @param offsets days into each step */
function stepping(startWallMs: number, origin: number, days: number, offsets: readonly number[]): Starts {
  const stepMs = days * DAY_MS
  return (from, to) => {
    const found: number[] = []
    const first = Math.max(from, startWallMs)
    for (let at = origin + Math.floor((first - origin) / stepMs) * stepMs; at <= to; at += stepMs) {
      for (const offset of offsets) {
        const wallMs = at + offset * DAY_MS
        if (wallMs >= first && wallMs <= to) found.push(wallMs)
      }
    }
    return found
  }
}

/** Monday = 0; 1970 began on a Thursday. */
function weekdayOf(wallMs: number): number {
  return (Math.floor(wallMs / DAY_MS) + 3) % 7
}
