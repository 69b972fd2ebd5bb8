// Whether a client has an answer already (RFC 9110 13), and which part of it it wants (RFC 9110 14).

export interface Validators {
  readonly etag: string | undefined
  readonly lastModified: string | undefined
}

/** A part of a body: from `start` up to `end`, which is not in it. */
export interface Part {
  readonly start: number
  readonly end: number
}

const HTTP_DATE =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT$/
const ONE_RANGE = /^bytes\s*=\s*(\d{0,15})-(\d{0,15})$/i
const TAG = /(?:W\/)?"[^"]*"/g

/** Whether 304 answers it. Where it names tags, dates do not count. */
export function hasIt(
  asked: { readonly ifNoneMatch: string | undefined; readonly ifModifiedSince: string | undefined },
  { etag, lastModified }: Validators,
): boolean {
  const { ifNoneMatch, ifModifiedSince } = asked
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch.trim() === '*') return true
    return etag !== undefined && (ifNoneMatch.match(TAG) ?? []).some(tag => opaque(tag) === opaque(etag))
  }
  if (ifModifiedSince === undefined || lastModified === undefined) return false
  const [since, modified] = [dateOf(ifModifiedSince), dateOf(lastModified)]
  return since !== undefined && modified !== undefined && modified <= since
}

/** Whether a 304 is about this answer (RFC 9111 4.3.4). */
export function isSame(stored: Validators, confirmed: Validators): boolean {
  if (confirmed.etag !== undefined) return stored.etag !== undefined && opaque(stored.etag) === opaque(confirmed.etag)
  return confirmed.lastModified === undefined || confirmed.lastModified === stored.lastModified
}

/**
 * The part that is asked for; undefined = all of it, `none` = there is no such part (416). Several parts at once are answered with all
 * (RFC 9110 14.2).
 */
export function partOf(
  { range, ifRange }: { readonly range: string | undefined; readonly ifRange: string | undefined },
  bytes: number,
  validators: Validators,
): Part | 'none' | undefined {
  const match = range === undefined ? null : ONE_RANGE.exec(range)
  if (!match || (match[1] === '' && match[2] === '')) return undefined
  if (ifRange !== undefined && !isUnchanged(ifRange, validators)) return undefined
  if (match[1] === '') {
    const last = Number(match[2])
    return last === 0 || bytes === 0 ? 'none' : { start: Math.max(0, bytes - last), end: bytes }
  }
  const start = Number(match[1])
  const last = match[2] === '' ? Number.POSITIVE_INFINITY : Number(match[2])
  if (last < start) return undefined
  return start >= bytes ? 'none' : { start, end: Math.min(last + 1, bytes) }
}

/** If-Range compares strongly (RFC 9110 13.1.5). */
function isUnchanged(ifRange: string, { etag, lastModified }: Validators): boolean {
  const asked = ifRange.trim()
  if (asked.startsWith('"')) return etag === asked
  return HTTP_DATE.test(asked) && asked === lastModified
}

function opaque(tag: string): string {
  return tag.startsWith('W/') ? tag.slice(2) : tag
}

function dateOf(text: string): number | undefined {
  const ms = HTTP_DATE.test(text.trim()) ? Date.parse(text) : Number.NaN
  return Number.isNaN(ms) ? undefined : ms
}
