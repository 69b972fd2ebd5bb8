// Reads an RFC 5545 RRULE (3.3.10) strictly: what can't be meant is refused in words, all problems at once. Does not expand
// the rule and does not know when it begins.

import { LAST_YEAR } from './wall-clock.ts'

export type Frequency = 'YEARLY' | 'MONTHLY' | 'WEEKLY' | 'DAILY' | 'HOURLY'

export interface RecurrenceRule {
  readonly frequency: Frequency
  readonly interval: number
  /** Number of occurrences, those of the except dates included. */
  readonly count: number | undefined
  readonly until: Until | undefined
  readonly byMonth: readonly number[]
  readonly byWeekNo: readonly number[]
  readonly byYearDay: readonly number[]
  readonly byMonthDay: readonly number[]
  /** `SU`, or with its ordinal `1SU`, `-1FR`. */
  readonly byDay: readonly string[]
  readonly byHour: readonly number[]
  readonly byMinute: readonly number[]
  readonly bySetPos: readonly number[]
  readonly weekStart: string
}

/** The last instant, or the last wall time, at which an occurrence may begin (inclusive). */
export type Until =
  | { readonly by: 'instant'; readonly epochMs: number }
  | { readonly by: 'wall-clock'; readonly wallMs: number }

export interface ParsedRule {
  /** undefined where `problems` says why. */
  readonly rule: RecurrenceRule | undefined
  readonly problems: readonly string[]
}

/** So that COUNT can be turned into an end date once, at bounded cost. */
export const MOST_COUNT = 1000

export function parseRecurrenceRule(text: string): ParsedRule {
  const problems: string[] = []
  const parts = splitParts(text, problems)
  const take = (name: string): string | undefined => parts.get(name)
  const numbers = (name: string, range: Range): readonly number[] => numberList(name, take(name), range, problems)

  const rule: RecurrenceRule = {
    frequency: frequencyOf(take('FREQ'), problems),
    interval: single('INTERVAL', take('INTERVAL'), 9999, problems) ?? 1,
    count: single('COUNT', take('COUNT'), MOST_COUNT, problems),
    until: untilOf(take('UNTIL'), problems),
    byMonth: numbers('BYMONTH', { from: 1, to: 12 }),
    byWeekNo: numbers('BYWEEKNO', { from: 1, to: 53, negative: true }),
    byYearDay: numbers('BYYEARDAY', { from: 1, to: 366, negative: true }),
    byMonthDay: numbers('BYMONTHDAY', { from: 1, to: 31, negative: true }),
    byDay: dayList(take('BYDAY'), problems),
    byHour: numbers('BYHOUR', { from: 0, to: 23 }),
    byMinute: numbers('BYMINUTE', { from: 0, to: 59 }),
    bySetPos: numbers('BYSETPOS', { from: 1, to: 366, negative: true }),
    weekStart: weekStartOf(take('WKST'), problems),
  }
  if (problems.length === 0) problems.push(...contradictions(rule))
  return problems.length === 0 ? { rule, problems } : { rule: undefined, problems }
}

interface Range {
  readonly from: number
  readonly to: number
  /** Counts from the end too. */
  readonly negative?: boolean
}

const FREQUENCIES: readonly string[] = ['YEARLY', 'MONTHLY', 'WEEKLY', 'DAILY', 'HOURLY']
const DAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']
const PARTS =
  'FREQ INTERVAL COUNT UNTIL BYMONTH BYWEEKNO BYYEARDAY BYMONTHDAY BYDAY BYHOUR BYMINUTE BYSETPOS WKST'.split(' ')

function splitParts(text: string, problems: string[]): ReadonlyMap<string, string> {
  const parts = new Map<string, string>()
  if (/DTSTART|RRULE|EXDATE/i.test(text)) {
    problems.push('give the rule alone, as in FREQ=WEEKLY;BYDAY=SU: `start` says when it begins')
    return parts
  }
  for (const part of text.split(';')) {
    const [name = '', value = '', ...more] = part.toUpperCase().split('=')
    if (name === 'BYSECOND') problems.push('BYSECOND: windows begin at the second of `start`; leave it out')
    else if (!PARTS.includes(name)) problems.push(`${JSON.stringify(part)} is no part of a rule (${PARTS.join(', ')})`)
    else if (value === '' || more.length > 0) problems.push(`${JSON.stringify(part)}: write ${name}=value`)
    else if (parts.has(name)) problems.push(`${name} is given twice`)
    else parts.set(name, value)
  }
  return parts
}

function frequencyOf(value: string | undefined, problems: string[]): Frequency {
  if (value !== undefined && FREQUENCIES.includes(value)) return value as Frequency
  if (value === 'MINUTELY' || value === 'SECONDLY') problems.push(`FREQ=${value} is too fine: HOURLY is the finest`)
  else if (value !== undefined) problems.push(`FREQ=${value}: one of ${FREQUENCIES.join(', ')}`)
  else if (problems.length === 0) problems.push(`FREQ is missing: one of ${FREQUENCIES.join(', ')}`)
  return 'YEARLY'
}

function single(name: string, value: string | undefined, most: number, problems: string[]): number | undefined {
  if (value === undefined) return undefined
  if (/^\d{1,9}$/.test(value) && Number(value) >= 1 && Number(value) <= most) return Number(value)
  problems.push(`${name}=${value}: a whole number from 1 to ${most}`)
  return undefined
}

function numberList(name: string, value: string | undefined, range: Range, problems: string[]): readonly number[] {
  if (value === undefined) return []
  const found = new Set<number>()
  for (const item of value.split(',')) {
    const number = /^[+-]?\d{1,3}$/.test(item) ? Number(item) : Number.NaN
    const size = range.negative === true ? Math.abs(number) : number
    if (size >= range.from && size <= range.to) found.add(number)
    else {
      const both = range.negative === true ? `, or -${range.to} to -${range.from} from the end` : ''
      problems.push(`${name}=${value}: numbers from ${range.from} to ${range.to}${both}`)
      break
    }
  }
  return [...found].sort((a, b) => a - b)
}

function dayList(value: string | undefined, problems: string[]): readonly string[] {
  if (value === undefined) return []
  const found = new Set<string>()
  for (const item of value.split(',')) {
    const match = /^([+-]?)([1-9]\d?)?(MO|TU|WE|TH|FR|SA|SU)$/.exec(item)
    const [, sign, ordinal, day] = match ?? []
    if (match === null || (sign !== '' && ordinal === undefined) || Number(ordinal ?? 1) > 53) {
      problems.push(
        `BYDAY=${value}: days as ${DAYS.join(', ')}, or the first Sunday of the month as 1SU, the last as -1SU`,
      )
      break
    }
    found.add(`${ordinal === undefined || sign === '+' ? '' : sign}${ordinal ?? ''}${day}`)
  }
  return [...found]
}

function weekStartOf(value: string | undefined, problems: string[]): string {
  if (value === undefined || DAYS.includes(value)) return value ?? 'MO'
  problems.push(`WKST=${value}: one of ${DAYS.join(', ')}`)
  return 'MO'
}

/** A date alone means the whole of that day, a time without Z the clock of the window's zone, as people mean them. */
function untilOf(value: string | undefined, problems: string[]): Until | undefined {
  if (value === undefined) return undefined
  const match = /^(\d{4})(\d\d)(\d\d)(?:T([01]\d|2[0-3])([0-5]\d)([0-5]\d)(Z?))?$/.exec(value)
  const [, year, month, day, hour = '23', minute = '59', second = '59', zulu = ''] = match ?? []
  const ms = match === null ? Number.NaN : Date.UTC(+year!, +month! - 1, +day!, +hour, +minute, +second)
  const exists = match !== null && new Date(ms).getUTCDate() === Number(day) && Number(month) <= 12
  if (!exists || Number(year) < 1970 || Number(year) >= LAST_YEAR) {
    problems.push(`UNTIL=${value}: write 20261231, 20261231T235959 (local) or 20261231T235959Z, years 1970 to 2199`)
    return undefined
  }
  return zulu === 'Z' ? { by: 'instant', epochMs: ms } : { by: 'wall-clock', wallMs: ms }
}

/** The table of RFC 5545 3.3.10: which part may stand beside which frequency. */
function contradictions(rule: RecurrenceRule): string[] {
  const { frequency, byDay, byWeekNo } = rule
  const found: string[] = []
  const ordinal = byDay.some(day => day.length > 2)
  if (rule.count !== undefined && rule.until !== undefined) found.push('COUNT and UNTIL exclude each other: keep one')
  if (ordinal && frequency !== 'MONTHLY' && frequency !== 'YEARLY')
    found.push(`BYDAY=${byDay.join(',')}: first, second, last ... are for FREQ=MONTHLY and YEARLY only`)
  if (ordinal && byWeekNo.length > 0) found.push('BYDAY with a number does not go with BYWEEKNO')
  if (ordinal && frequency === 'MONTHLY' && byDay.some(day => Math.abs(Number.parseInt(day, 10)) > 5))
    found.push(`BYDAY=${byDay.join(',')}: a month has at most five of a weekday`)
  if (byWeekNo.length > 0 && frequency !== 'YEARLY') found.push('BYWEEKNO is for FREQ=YEARLY only')
  if (rule.byMonthDay.length > 0 && frequency === 'WEEKLY') found.push('BYMONTHDAY does not go with FREQ=WEEKLY')
  if (rule.byYearDay.length > 0 && ['DAILY', 'WEEKLY', 'MONTHLY'].includes(frequency))
    found.push(`BYYEARDAY does not go with FREQ=${frequency}`)
  const others = [rule.byMonth, byWeekNo, rule.byYearDay, rule.byMonthDay, byDay, rule.byHour, rule.byMinute]
  if (rule.bySetPos.length > 0 && others.every(list => list.length === 0))
    found.push('BYSETPOS chooses among what another BY part gives: there is none')
  return found
}
