// An independent account of when a rule takes place: it walks through time-zone data minute by minute, looks at what the clock
// on the wall shows, and asks a naive matcher whether a window begins. It shares no code with src/ and uses no library.

export interface OracleRule {
  readonly frequency: 'DAILY' | 'WEEKLY' | 'MONTHLY' | 'YEARLY'
  readonly interval: number
  readonly months: readonly number[]
  readonly monthDays: readonly number[]
  /** Ordinal (0 = each) and weekday (0 = Monday). */
  readonly weekdays: readonly (readonly [number, number])[]
  readonly hours: readonly number[]
}

export interface OracleWindow {
  readonly rule: OracleRule
  /** Minutes, as if the local time were UTC. */
  readonly startWall: number
  readonly lengthMinutes: number
  readonly elapsed: boolean
  readonly count: number | undefined
  /** The last wall minute at which one may begin. */
  readonly untilWall: number | undefined
  readonly exceptWalls: readonly number[]
}

export interface Taken {
  readonly wall: number
  readonly startMs: number
  readonly endMs: number
}

export interface Walk {
  readonly firstWall: number
  readonly lastWall: number
  /** By wall minute less `firstWall`: epoch minute at which the wall first shows it, or where a gap moves it. */
  readonly shownAt: Int32Array
  readonly skipped: Uint8Array
}

const DAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']
const DAY = 1440

/** From the first of `fromYear` to the end of `toYear`. Offsets change on quarters of an hour only, and at most once an hour. */
export function walkZone(timeZone: string, fromYear: number, toYear: number): Walk {
  const first = Date.UTC(fromYear, 0) / 60_000
  const last = Date.UTC(toYear + 1, 0) / 60_000
  const walls = new Int32Array(last - first)
  const offsetAt = (minute: number) =>
    Temporal.Instant.fromEpochMilliseconds(minute * 60_000).toZonedDateTimeISO(timeZone).offsetNanoseconds / 60e9
  let next = offsetAt(first)
  for (let hour = first; hour < last; hour += 60) {
    const before = next
    next = offsetAt(hour + 60)
    for (let quarter = hour; quarter < hour + 60; quarter += 15) {
      const offset = before === next ? before : offsetAt(quarter)
      for (let minute = quarter; minute < quarter + 15; minute += 1) walls[minute - first] = minute + offset
    }
  }
  const firstWall = walls[0]!
  const lastWall = walls.at(-1)!
  const shownAt = new Int32Array(lastWall - firstWall + 1).fill(-1)
  const skipped = new Uint8Array(shownAt.length)
  // The first showing counts: what an overlap shows again is passed over.
  for (const [index, wall] of walls.entries())
    if (shownAt[wall - firstWall] === -1) shownAt[wall - firstWall] = first + index
  for (let from = 0; from < shownAt.length; from += 1) {
    if (shownAt[from] !== -1) continue
    let to = from
    while (shownAt[to] === -1) to += 1
    const gap = to - from
    for (let wall = from; wall < to; wall += 1) {
      skipped[wall] = 1
      shownAt[wall] = shownAt[wall + gap]!
    }
    from = to
  }
  return { firstWall, lastWall, shownAt, skipped }
}

/** All occurrences that begin within the walk, but for its last `marginMinutes`. */
export function takenIn(walk: Walk, window: OracleWindow, marginMinutes: number): Taken[] {
  const { startWall, untilWall, count, lengthMinutes, elapsed, exceptWalls } = window
  const byStart = new Map<number, Taken & { skipped: boolean }>()
  const times = new Uint8Array(DAY)
  for (const minute of minutesOfDay(window)) times[minute] = 1
  let given = 0
  for (let wall = Math.max(walk.firstWall, startWall); wall < walk.lastWall - marginMinutes; wall += 1) {
    if (times[wall % DAY] === 0 || !dayMatches(window.rule, Math.floor(wall / DAY), startWall)) continue
    given += 1
    if ((count !== undefined && given > count) || (untilWall !== undefined && wall > untilWall)) break
    if (exceptWalls.includes(wall)) continue
    const skipped = walk.skipped[wall - walk.firstWall] === 1
    const start = walk.shownAt[wall - walk.firstWall]!
    const end = elapsed ? start + lengthMinutes : walk.shownAt[wall + lengthMinutes - walk.firstWall]!
    if (end <= start || (skipped && byStart.has(start))) continue
    byStart.set(start, { wall, startMs: start * 60_000, endMs: end * 60_000, skipped })
  }
  return [...byStart.values()]
    .sort((a, b) => a.startMs - b.startMs)
    .map(({ wall, startMs, endMs }) => ({ wall, startMs, endMs }))
}

/** The first wall minute on or after the day at which the rule gives something, its interval counted from there. */
export function firstWallFrom(rule: OracleRule, day: number, minute: number): number | undefined {
  for (let later = 0; later < 9 * 366; later += 1) {
    const wall = (day + later) * DAY + (rule.hours.length > 0 ? Math.min(...rule.hours) * 60 : 0) + minute
    if (dayMatches({ ...rule, interval: 1 }, day + later, wall)) return wall
  }
  return undefined
}

export function ruleText(rule: OracleRule): string {
  const list = (name: string, items: readonly (number | string)[]) =>
    items.length > 0 ? `;${name}=${items.join(',')}` : ''
  return [
    `FREQ=${rule.frequency}`,
    rule.interval === 1 ? '' : `;INTERVAL=${rule.interval}`,
    list('BYMONTH', rule.months),
    list('BYMONTHDAY', rule.monthDays),
    list(
      'BYDAY',
      rule.weekdays.map(([ordinal, day]) => `${ordinal === 0 ? '' : ordinal}${DAYS[day]}`),
    ),
    list('BYHOUR', rule.hours),
  ].join('')
}

function minutesOfDay({ rule, startWall }: OracleWindow): number[] {
  const own = startWall % DAY
  return rule.hours.length === 0 ? [own] : rule.hours.map(hour => hour * 60 + (own % 60))
}

interface Civil {
  readonly year: number
  readonly month: number
  readonly day: number
  /** 0 = Monday */
  readonly weekday: number
}

function civil(day: number): Civil {
  const date = new Date(day * 86_400_000)
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    weekday: (date.getUTCDay() + 6) % 7,
  }
}

function dayMatches(rule: OracleRule, day: number, startWall: number): boolean {
  const { frequency, interval, months, monthDays, weekdays } = rule
  const startDay = Math.floor(startWall / DAY)
  const date = civil(day)
  const start = civil(startDay)
  const monthLength = new Date(Date.UTC(date.year, date.month, 0)).getUTCDate()
  if (months.length > 0 && !months.includes(date.month)) return false
  if (monthDays.length > 0 && !monthDays.some(wanted => date.day === (wanted > 0 ? wanted : monthLength + 1 + wanted)))
    return false
  switch (frequency) {
    case 'DAILY':
      return (day - startDay) % interval === 0 && weekdayFits(weekdays, date, 0, 0)
    case 'WEEKLY': {
      const weeks = Math.floor((day + 3) / 7) - Math.floor((startDay + 3) / 7)
      const fits = weekdays.length > 0 ? weekdayFits(weekdays, date, 0, 0) : date.weekday === start.weekday
      return weeks % interval === 0 && fits
    }
    case 'MONTHLY': {
      const passed = (date.year - start.year) * 12 + date.month - start.month
      const free = monthDays.length === 0 && weekdays.length === 0
      const fits = free ? date.day === start.day : weekdayFits(weekdays, date, date.day, monthLength)
      return passed % interval === 0 && fits
    }
    case 'YEARLY': {
      if ((date.year - start.year) % interval !== 0) return false
      if (weekdays.length > 0) {
        const yearStart = Date.UTC(date.year, 0) / 86_400_000
        const yearLength = Date.UTC(date.year + 1, 0) / 86_400_000 - yearStart
        return months.length > 0
          ? weekdayFits(weekdays, date, date.day, monthLength)
          : weekdayFits(weekdays, date, day - yearStart + 1, yearLength)
      }
      const monthFits = months.length > 0 || monthDays.length > 0 || date.month === start.month
      return monthFits && (monthDays.length > 0 || date.day === start.day)
    }
  }
}

/** `position` of the day within a month or year of `length` days. */
function weekdayFits(weekdays: OracleRule['weekdays'], { weekday }: Civil, position: number, length: number): boolean {
  if (weekdays.length === 0) return true
  return weekdays.some(([ordinal, wanted]) => {
    if (wanted !== weekday) return false
    if (ordinal === 0) return true
    return ordinal > 0 ? Math.ceil(position / 7) === ordinal : Math.ceil((length - position + 1) / 7) === -ordinal
  })
}
