// Who may use a route, and which of its paths nobody may. A denial must not be evaded by another spelling of the path, so a path is
// refused as soon as one of the ways in which an upstream may read it is denied.

export interface AccessRules {
  /** Undefined = every client. */
  readonly allows: ((address: string) => boolean) | undefined
  /** Undefined = none. */
  readonly denies: ((address: string) => boolean) | undefined
  readonly deniedPaths: readonly PathPattern[]
}

/** The literal pieces between the stars; one piece = no star. */
export type PathPattern = readonly string[]

/** @param address of the client as it is believed; what is no address is in no range @param path as `normalisePath` returns it */
export function isForbidden({ allows, denies, deniedPaths }: AccessRules, address: string, path: string): boolean {
  if (denies?.(address) || (allows && !allows(address))) return true
  return deniedPaths.length > 0 && isDeniedPath(deniedPaths, path)
}

/** `*` stands for any characters. People may write a path unencoded: `/relatórios*`, `/my files/*`. */
export function compileDeniedPaths(globs: readonly string[]): PathPattern[] {
  return globs.flatMap(glob => {
    const encoded = glob.toWellFormed().replace(/[^\x21-\x7e]+/gu, encodeURIComponent)
    return [...new Set([encoded, decodeAscii(encoded)])].map(spelling => spelling.split('*'))
  })
}

/**
 * The normalised path is what most upstreams understand: one slash, no dot segments, no needless encoding. Beyond that some decode
 * everything (WSGI: `/web%2Fdatabase`), some more than once, some cut `;parameters` off each segment (servlets: `/web/database;x`,
 * `/x/..;/web/database`), and some take a backslash for a slash.
 */
function isDeniedPath(patterns: readonly PathPattern[], path: string): boolean {
  if (matchesAny(patterns, path)) return true
  if (!/[%;\\]/.test(path)) return false
  let read = path
  for (let round = 0; round < MOST_DECODINGS; round += 1) {
    const slashed = read.replaceAll('\\', '/')
    const resolved = resolveSegments(slashed)
    if (matchesAny(patterns, slashed) || matchesAny(patterns, resolved)) return true
    if (matchesAny(patterns, resolveSegments(slashed.replace(/;[^/]*/g, '')))) return true
    if (matchesAny(patterns, resolveSegments(resolved.replace(/;[^/]*/g, '')))) return true
    const decoded = decodeAscii(read)
    if (decoded === read) return false
    read = decoded
  }
  // Nobody who means well encodes so often: better refused than read once too little.
  return true
}

const MOST_DECODINGS = 4

/** Bytes beyond ASCII stay encoded, in the spelling of `normalisePath`. */
function decodeAscii(path: string): string {
  return path.replace(/%([0-9a-f]{2})/gi, (encoded, hex: string) => {
    const code = Number.parseInt(hex, 16)
    return code < 0x80 ? String.fromCharCode(code) : encoded.toUpperCase()
  })
}

/** Merges slashes and resolves dot segments; what climbs above the root stays at the root. */
function resolveSegments(path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  return `/${kept.join('/')}`
}

/** A slash at the end makes no difference. */
function matchesAny(patterns: readonly PathPattern[], path: string): boolean {
  const bare = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
  return patterns.some(pattern => matches(pattern, path) || (bare !== path && matches(pattern, bare)))
}

/** The leftmost place for each piece is as good as any: no backtracking, so a long path costs what it is long. */
function matches(pieces: PathPattern, path: string): boolean {
  const first = pieces[0]!
  if (pieces.length === 1) return path === first
  if (!path.startsWith(first)) return false
  const last = pieces[pieces.length - 1]!
  let at = first.length
  for (let i = 1; i < pieces.length - 1; i += 1) {
    const found = path.indexOf(pieces[i]!, at)
    if (found === -1) return false
    at = found + pieces[i]!.length
  }
  return path.length - last.length >= at && path.endsWith(last)
}
