// Durations, sizes, shares and rates as people write them: `250ms`, `2s`, `5m`, `8h`, `64KiB`, `1GiB`, `20%`, `10/s`, and plain `0`.
// Reads and writes them; it does not decide which lengths a key may have.

/**
 * A number with its unit, or 0. The schema uses the same patterns, so an editor says what the loader says.
 * The counts of digits keep every duration below 500 h, well inside what Node's timers can count (2^31 - 1 ms), and every size a safe integer.
 */
export const DURATION_PATTERN =
  '^(?:0|(?:[0-9]{1,9}ms|[0-9]{1,6}(?:\\.[0-9]{1,3})?s|[0-9]{1,4}(?:\\.[0-9]{1,3})?m|[1-4]?[0-9]{1,2}(?:\\.[0-9]{1,3})?h))$'
export const SIZE_PATTERN = '^(?:0|(?:[0-9]{1,15}B|[0-9]{1,6}(?:KiB|MiB|GiB)))$'

/** A length of time for which something is kept: a duration, or days. */
export const SPAN_PATTERN = DURATION_PATTERN.replace('^(?:0|', '^(?:0|[0-9]{1,3}d|')

/** A share, in percent with at most one decimal, up to 100%. */
export const SHARE_PATTERN = '^(?:100(?:\\.0)?|[0-9]{1,2}(?:\\.[0-9])?)%$'

/** Requests per second, minute or hour. */
export const RATE_PATTERN = '^[1-9][0-9]{0,8}/[smh]$'

const MS_OF = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
])
const BYTES_OF = new Map([
  ['B', 1],
  ['KiB', 1024],
  ['MiB', 1024 ** 2],
  ['GiB', 1024 ** 3],
])
const DURATION = new RegExp(DURATION_PATTERN)
const SHARE = new RegExp(SHARE_PATTERN)
const SIZE = new RegExp(SIZE_PATTERN)
const RATE = new RegExp(RATE_PATTERN)
const DAYS = /^([0-9]{1,3})d$/
const DAY_MS = 86_400_000

/** Whole milliseconds, rounded, never 0 for more than nothing; undefined where `text` is not a duration. */
export function parseDuration(text: string | number): number | undefined {
  return amount(String(text), DURATION, MS_OF)
}

/** As `parseDuration`, and days: `7d`. Too long for a timer of Node. */
export function parseSpan(text: string | number): number | undefined {
  const days = DAYS.exec(String(text))?.[1]
  return days === undefined ? parseDuration(text) : Number(days) * DAY_MS
}

/** Bytes; undefined where `text` is not a size. */
export function parseSize(text: string | number): number | undefined {
  return amount(String(text), SIZE, BYTES_OF)
}

/** `20%` is 0.2; undefined where `text` is not a share. 0 may be written without the sign. */
export function parseShare(text: string | number): number | undefined {
  if (String(text) === '0') return 0
  return SHARE.test(String(text)) ? Number.parseFloat(String(text)) / 100 : undefined
}

/** `600/m` is 10 a second; undefined where `text` is not a rate. */
export function parseRate(text: string): number | undefined {
  if (!RATE.test(text)) return undefined
  return Number.parseInt(text, 10) / (MS_OF.get(text.slice(-1))! / 1000)
}

/** The shortest exact way to write a duration: 90000 is `90s`, 7200000 is `2h`. */
export function formatDuration(ms: number): string {
  return format(ms, MS_OF, 'ms', DURATION)
}

/** The shortest exact way to write a size: 65536 is `64KiB`. */
export function formatSize(bytes: number): string {
  return format(bytes, BYTES_OF, 'B', SIZE)
}

function amount(text: string, pattern: RegExp, units: ReadonlyMap<string, number>): number | undefined {
  if (!pattern.test(text)) return undefined
  if (text === '0') return 0
  const unit = text.replace(/^[0-9.]+/, '')
  const exact = Number.parseFloat(text) * units.get(unit)!
  return exact === 0 ? 0 : Math.max(1, Math.round(exact))
}

function format(value: number, units: ReadonlyMap<string, number>, smallest: string, pattern: RegExp): string {
  if (value === 0) return '0'
  let best = `${value}${smallest}`
  for (const [unit, size] of units) {
    const text = `${value / size}${unit}`
    // A larger unit may have too many digits to be read again.
    if (value % size === 0 && pattern.test(text)) best = text
  }
  return best
}

export const WHAT_MOMENTS_ARE =
  'neither a time such as 2026-12-06T04:00:00-03:00 (with its offset or Z) nor how long ago, such as 24h'

/** A moment of the past in a query. @param nowMs epoch ms @returns epoch ms; undefined = it is neither */
export function momentOf(text: string, nowMs: number): number | undefined {
  const agoMs = parseDuration(text) ?? daysMs(text)
  if (agoMs !== undefined) return nowMs - agoMs
  try {
    return Temporal.Instant.from(text).epochMilliseconds
  } catch {
    return undefined
  }
}

/** Durations of the configuration end below 500 h; what is kept goes back for years. */
function daysMs(text: string): number | undefined {
  const days = /^(\d{1,5})d$/.exec(text)?.[1]
  return days === undefined ? undefined : Number(days) * 86_400_000
}
