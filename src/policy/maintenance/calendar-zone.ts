// A VTIMEZONE component (RFC 5545 3.6.5) of a zone, from the transitions that the runtime's time-zone data knows: what repeats
// every year is written as a rule, so it holds beyond the years that were looked at.

import { basicLocal, basicUtc, utcOffset } from './content-lines.ts'
import { offsetMsAt, wallAt, zoned } from './wall-clock.ts'

/** Right for all times from `fromMs` on. `nowMs` tells how far the transitions are read. */
export function zoneLines(timeZone: string, fromMs: number, nowMs: number): string[] {
  const changes = changesFrom(timeZone, fromMs, Math.max(fromMs, nowMs) + READ_AHEAD_MS)
  const lines = seriesOf(changes).flatMap(series => observanceLines(series))
  return ['BEGIN:VTIMEZONE', `TZID:${timeZone}`, ...lines, 'END:VTIMEZONE']
}

const YEAR_MS = 365.25 * 86_400_000
const READ_AHEAD_MS = 12 * YEAR_MS

/** An offset that begins to hold. */
interface Change {
  readonly epochMs: number
  /** As the clock showed it before the change: that is how RFC 5545 writes an onset. */
  readonly wall: Temporal.PlainDateTime
  readonly fromOffsetMs: number
  readonly toOffsetMs: number
  readonly daylight: boolean
  /** A rule may still come from the end of what was read: nothing is known after it. */
  readonly recent: boolean
}

/** Changes of one kind on the same weekday of the same month, in years that follow each other. */
interface Series {
  readonly changes: readonly Change[]
  /** BYDAY ordinals that all of them fit: `1` to `5`, `-1`. */
  readonly ordinals: readonly number[]
}

/** The change in force at `fromMs`, and those after it until `toMs`. */
function changesFrom(timeZone: string, fromMs: number, toMs: number): Change[] {
  const instants: number[] = []
  // The transition *at* fromMs itself would be `next` of the ms before it.
  const before = zoned(fromMs + 1, timeZone).getTimeZoneTransition('previous')
  instants.push(before === null ? Math.min(0, fromMs) : before.epochMilliseconds)
  for (;;) {
    const next = zoned(instants.at(-1)!, timeZone).getTimeZoneTransition('next')
    if (next === null || next.epochMilliseconds > toMs) break
    instants.push(next.epochMilliseconds)
  }
  return instants.map((epochMs, index) => {
    const fromOffsetMs = offsetMsAt(before === null && index === 0 ? epochMs : epochMs - 1, timeZone)
    const toOffsetMs = offsetMsAt(epochMs, timeZone)
    const nextMs = zoned(epochMs, timeZone).getTimeZoneTransition('next')?.epochMilliseconds
    // Summer time: forward, and back again within the year. Zones that moved for good stay STANDARD.
    const daylight =
      toOffsetMs > fromOffsetMs &&
      nextMs !== undefined &&
      nextMs - epochMs < 0.95 * YEAR_MS &&
      offsetMsAt(nextMs, timeZone) < toOffsetMs
    const wall = zoned(epochMs + fromOffsetMs, 'UTC').toPlainDateTime()
    return { epochMs, wall, fromOffsetMs, toOffsetMs, daylight, recent: epochMs > toMs - 1.1 * YEAR_MS }
  })
}

function seriesOf(changes: readonly Change[]): Series[] {
  const done: Series[] = []
  const open = new Map<string, Series>()
  for (const change of changes) {
    const key = kindOf(change)
    const before = open.get(key)
    const ordinals = ordinalsOf(change.wall)
    const shared = before?.ordinals.filter(ordinal => ordinals.includes(ordinal)) ?? []
    if (before !== undefined && shared.length > 0 && before.changes.at(-1)!.wall.year + 1 === change.wall.year) {
      open.set(key, { changes: [...before.changes, change], ordinals: shared })
      continue
    }
    if (before !== undefined) done.push(before)
    open.set(key, { changes: [change], ordinals })
  }
  return [...done, ...open.values()].sort((a, b) => a.changes[0]!.epochMs - b.changes[0]!.epochMs)
}

function kindOf({ wall, fromOffsetMs, toOffsetMs, daylight }: Change): string {
  return [fromOffsetMs, toOffsetMs, daylight, wall.month, wall.dayOfWeek, wall.toPlainTime().toString()].join(' ')
}

function ordinalsOf(wall: Temporal.PlainDateTime): number[] {
  const last = wall.day + 7 > wall.daysInMonth
  return last ? [-1, Math.ceil(wall.day / 7)] : [Math.ceil(wall.day / 7)]
}

function observanceLines({ changes, ordinals }: Series): string[] {
  const first = changes[0]!
  const last = changes.at(-1)!
  const name = first.daylight ? 'DAYLIGHT' : 'STANDARD'
  const lines = [
    `BEGIN:${name}`,
    `DTSTART:${basicLocal(first.epochMs + first.fromOffsetMs)}`,
    `TZOFFSETFROM:${utcOffset(first.fromOffsetMs)}`,
    `TZOFFSETTO:${utcOffset(first.toOffsetMs)}`,
  ]
  if (changes.length > 1) {
    const day = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'][first.wall.dayOfWeek - 1]
    const until = last.recent ? '' : `;UNTIL=${basicUtc(last.epochMs)}`
    lines.push(`RRULE:FREQ=YEARLY;BYMONTH=${first.wall.month};BYDAY=${ordinals[0]}${day}${until}`)
  }
  return [...lines, `END:${name}`]
}

/** Where an event's local time is written: UTC needs no definition. */
export function localProperty(name: string, epochMs: number, timeZone: string): string {
  return wallProperty(name, wallAt(epochMs, timeZone), timeZone)
}

export function wallProperty(name: string, wallMs: number, timeZone: string): string {
  return isUtc(timeZone) ? `${name}:${basicUtc(wallMs)}` : `${name};TZID=${timeZone}:${basicLocal(wallMs)}`
}

export function isUtc(timeZone: string): boolean {
  return timeZone === 'UTC' || timeZone === 'Etc/UTC'
}
