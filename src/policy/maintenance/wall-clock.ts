// Local times and the instants they mean. A wall time is the number of ms that its date and time would be in UTC: easy to
// compare and add to. Knows nothing of windows.

/**
 * The instant (epoch ms) of a wall time. As RFC 5545 3.3.5 says: in a gap (clocks go forward) the offset before the gap
 * holds, so it is later by the length of the gap; in an overlap (clocks go back) it is the first of the two. So one wall
 * time is exactly one instant. Later wall times are later instants, except within the length of a gap after it.
 */
export function instantOf(wallMs: number, timeZone: string): number {
  return resolve(wallMs, timeZone).epochMs
}

/** The same, and whether it lies in a gap. */
export function resolve(wallMs: number, timeZone: string): { readonly epochMs: number; readonly shifted: boolean } {
  const offsetMs = offsetAround(wallMs, timeZone)
  if (offsetMs !== undefined) return { epochMs: wallMs - offsetMs, shifted: false }
  const zonedTime = plain(wallMs).toZonedDateTime(timeZone, { disambiguation: 'compatible' })
  const epochMs = zonedTime.epochMilliseconds
  return { epochMs, shifted: epochMs + Math.round(zonedTime.offsetNanoseconds / 1e6) !== wallMs }
}

/** The clock on the wall shows it once: it is neither left out nor repeated. */
export function isPlain(wallMs: number, timeZone: string): boolean {
  if (offsetAround(wallMs, timeZone) !== undefined) return true
  const [earlier, later] = (['earlier', 'later'] as const).map(disambiguation =>
    plain(wallMs).toZonedDateTime(timeZone, { disambiguation }),
  )
  return earlier!.epochMilliseconds === later!.epochMilliseconds
}

/** What the clock on the wall shows at an instant. */
export function wallAt(epochMs: number, timeZone: string): number {
  return epochMs + offsetMsAt(epochMs, timeZone)
}

/** Local time minus UTC, ms. */
export function offsetMsAt(epochMs: number, timeZone: string): number {
  return stretchAt(epochMs, timeZone).offsetMs
}

/** Between two changes of a zone's clocks. */
interface Stretch {
  readonly fromMs: number
  /** Exclusive. */
  readonly untilMs: number
  readonly offsetMs: number
}

/**
 * By zone, what was asked for so far: to ask the time-zone data takes microseconds, and a calendar asks for each date. A zone has a few
 * hundred stretches at most, and nearly all questions are about the years around now.
 */
const stretches = new Map<string, Stretch[]>()
const MOST_ZONES = 1000

function stretchAt(epochMs: number, timeZone: string): Stretch {
  // Names may be spelled in many ways.
  if (stretches.size > MOST_ZONES) stretches.clear()
  const known = stretches.get(timeZone)
  const found = known?.find(({ fromMs, untilMs }) => fromMs <= epochMs && epochMs < untilMs)
  if (found !== undefined) return found
  const at = zoned(epochMs, timeZone)
  const stretch = {
    // The transition at this very instant would be `previous` of the next ns only.
    fromMs:
      zoned(epochMs + 1, timeZone).getTimeZoneTransition('previous')?.epochMilliseconds ?? Number.NEGATIVE_INFINITY,
    untilMs: at.getTimeZoneTransition('next')?.epochMilliseconds ?? Number.POSITIVE_INFINITY,
    offsetMs: Math.round(at.offsetNanoseconds / 1e6),
  }
  if (known === undefined) stretches.set(timeZone, [stretch])
  else known.push(stretch)
  return stretch
}

/** More than any change of clocks, and than any offset from UTC. */
const FAR_MS = 36 * 3_600_000

/** The offset of a wall time that no change of clocks is near to; undefined = one may be. */
function offsetAround(wallMs: number, timeZone: string): number | undefined {
  const { fromMs, untilMs, offsetMs } = stretchAt(wallMs, timeZone)
  return fromMs + FAR_MS <= wallMs && wallMs < untilMs - FAR_MS ? offsetMs : undefined
}

export function zoned(epochMs: number, timeZone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(epochMs).toZonedDateTimeISO(timeZone)
}

/** Reads `2026-12-06T02:00` or `2026-12-06T02:00:30`; undefined = not of that form, no such date, or not 1970 to 2199. */
export function parseLocal(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?$/.test(text)) return undefined
  try {
    const date = Temporal.PlainDateTime.from(text)
    // ISO 8601 lets :60 pass as :59; here it is a slip of the pen.
    if (text.endsWith(':60') || date.year < 1970 || date.year >= LAST_YEAR) return undefined
    return date.toZonedDateTime('UTC').epochMilliseconds
  } catch {
    return undefined
  }
}

/** Nothing is planned in or after this year: it bounds every search. */
export const LAST_YEAR = 2200

/** `2026-12-06T02:00:00` */
export function localText(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 19)
}

/** `2026-12-06 02:00`, for people. */
export function localWords(wallMs: number): string {
  return localText(wallMs).replace('T', ' ').replace(/:00$/, '')
}

/** The zone's name as the database spells it; undefined = there is none, or it is a bare offset. */
export function zoneName(timeZone: string): string | undefined {
  if (!/^[A-Za-z]/.test(timeZone)) return undefined
  try {
    return zoned(0, timeZone).timeZoneId
  } catch {
    return undefined
  }
}

function plain(wallMs: number): Temporal.PlainDateTime {
  return zoned(wallMs, 'UTC').toPlainDateTime()
}
