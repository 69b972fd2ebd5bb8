// Every way in which an upstream may read the path of a request. What protects one spelling of a path must hold for all that mean it:
// some servers decode `%2F` (WSGI), some decode twice, some cut `;parameters` off each segment (servlets), resolve dot segments before or
// after that or not at all, merge slashes or not, take a backslash for a slash or read `%u0061` (IIS), in whatever order.

import type { PathsPlan } from '../../../plan/pool.ts'

/** How the upstreams of one pool read paths, made ready once for each snapshot. */
export interface ReadingRules {
  readonly ignoreCase: boolean
  /** Each matches what may be cut off the front. */
  readonly prefixes: readonly RegExp[]
}

export interface Readings {
  /** Of the whole path, in no order. */
  readonly whole: readonly string[]
  /** The same with a prefix cut off. */
  readonly cut: readonly string[]
}

export function compileReadings(paths: PathsPlan | undefined): ReadingRules {
  const ignoreCase = paths?.ignoreCase ?? false
  const prefixes = (paths?.prefixes ?? []).map(prefix => {
    const pattern = spell(prefix, ignoreCase)
      .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '[^/]*')
    return new RegExp(`^${pattern}(?=/|$)`)
  })
  return { ignoreCase, prefixes }
}

/** Whether every server reads the path as it stands, case and prefixes aside. @param target in origin form; its query is not looked at */
export function isPlain(target: string): boolean {
  const at = target.search(ODD_OR_QUERY)
  return at === -1 || target[at] === '?' || target[at] === '#'
}

/**
 * All readings of a path: whatever decoding, cutting and resolving in any order makes of it, and then what is left without a prefix.
 * Undefined where they are more than anybody has who means well: such a path is to be refused.
 * @param target in origin form; its query is not looked at
 */
export function readingsOf(target: string, { ignoreCase, prefixes }: ReadingRules): Readings | undefined {
  const path = beforeQuery(target)
  const found = new Set([path])
  const steps = ignoreCase ? STEPS_IGNORING_CASE : STEPS
  let characters = 0
  if (!isPlain(path) || ignoreCase) {
    // What is added is looked at in its turn. No step makes a path longer, so this ends.
    for (const reading of found) {
      for (const step of steps) {
        const next = step(reading)
        if (next === reading) continue
        characters += next.length
        if (found.add(next).size > MOST_READINGS || characters > MOST_CHARACTERS) return undefined
      }
    }
  }
  const whole = ignoreCase ? [...new Set([...found].map(foldCase))] : [...found]
  return { whole, cut: prefixes.length === 0 ? NONE : whole.flatMap(reading => withoutPrefix(reading, prefixes)) }
}

/** A configured path in the spelling of the readings: decoded, and in one case where that does not count. */
export function spell(path: string, ignoreCase: boolean): string {
  return ignoreCase ? foldCase(decodeAscii(path)) : decodeAscii(path)
}

/** Bytes beyond ASCII stay encoded, in the spelling of `normalisePath`. */
export function decodeAscii(path: string): string {
  return path.includes('%') ? path.replace(/%(?:([0-9a-f]{2})|u([0-9a-f]{4}))/gi, decodeOne) : path
}

/** Nobody who means well has more: a path with an encoded URL in it has 5 to 30. */
const MOST_READINGS = 200
/** Of all that is made on the way: a path of 1 KiB, the longest that is common, may be rewritten 64 times. It takes 2 ms at most. */
const MOST_CHARACTERS = 65_536
const NONE: readonly string[] = []
/** One search: a class at the front of a pattern that skips is three times as slow. */
const ODD_OR_QUERY = /[?#%;\\]|\/[/.]/

type Step = (path: string) => string

const STEPS: readonly Step[] = [
  decodeAscii,
  path => path.replaceAll('\\', '/'),
  path => (path.includes(';') ? path.replace(/;[^/]*/g, '') : path),
  beforeQuery,
  resolveMerged,
  resolve,
]
/** What servers that ignore case do besides. */
const STEPS_IGNORING_CASE: readonly Step[] = [
  ...STEPS,
  // Windows opens `/admin. /users` as `/admin/users`.
  path => path.replace(/(?<=[^/. ])[. ]+(?=\/|$)/g, ''),
  // ASP.NET takes sessions out of a path, wherever they stand: `/(S(x))/ad/(S(x))min` is `/admin`.
  path => path.replace(/\/\((?:[a-z]\([^()]*\))+\)/gi, ''),
  // SAP takes parameters off a segment: `/sap(bD1kZQ==)/bc` is `/sap/bc`.
  path => path.replace(/\([^()/]*\)(?=\/|$)/g, ''),
]

/** `%u0061` is IIS's own. */
function decodeOne(encoded: string, byte: string | undefined, unit: string | undefined): string {
  const code = Number.parseInt(byte ?? unit!, 16)
  if (code < 0x80) return String.fromCharCode(code)
  const isCharacter = unit !== undefined && (code < 0xd800 || code > 0xdfff)
  return isCharacter ? encodeURIComponent(String.fromCharCode(code)) : encoded.toUpperCase()
}

/** A `?` that was encoded begins a query for who decodes before he cuts. */
function beforeQuery(path: string): string {
  const end = path.search(/[?#]/)
  return end === -1 ? path : path.slice(0, end)
}

/** Merges slashes first; what climbs above the root stays at the root. */
function resolveMerged(path: string): string {
  return DOTS_OR_SLASHES.test(path) ? joined(path, true) : path
}

/** Leaves empty segments as they are (RFC 3986 5.2.4): `/a/b//..` is `/a/b/`. */
function resolve(path: string): string {
  return DOTS.test(path) ? joined(path, false) : path
}

const DOTS = /\/\.\.?(?:\/|$)/
const DOTS_OR_SLASHES = /\/(?:\/|\.\.?(?:\/|$))/

function joined(path: string, merges: boolean): string {
  const kept: string[] = []
  for (const segment of path.split('/').slice(1)) {
    if (segment === '..') kept.pop()
    else if (segment !== '.' && !(merges && segment === '')) kept.push(segment)
  }
  return `/${kept.join('/')}`
}

/** Both ways, since each alone leaves letters apart that Windows takes for one. Bytes that are no UTF-8 stay as they are. */
function foldCase(path: string): string {
  const text = path.replace(/(?:%[89a-f][0-9a-f])+/gi, encoded => {
    try {
      return decodeURIComponent(encoded)
    } catch {
      return encoded
    }
  })
  return text.toLowerCase().toUpperCase()
}

function withoutPrefix(path: string, prefixes: readonly RegExp[]): string[] {
  return prefixes.flatMap(prefix => {
    const length = prefix.exec(path)?.[0].length
    return length === undefined ? [] : [path.slice(length) || '/']
  })
}
