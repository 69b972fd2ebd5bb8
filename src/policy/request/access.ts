// Who may use a route, and which of its paths nobody may. A denial must not be evaded by another spelling of the path, so a path is
// refused as soon as one of the ways in which an upstream may read it (paths/readings.ts) is denied.

import type { CertificateMatch } from '../../plan/route.ts'
import { matchesCertificate, type PresentedCertificate } from './certificates/matching.ts'
import { decodeAscii, spell } from './paths/readings.ts'

export interface AccessRules {
  /** Undefined = every client. */
  readonly allows: ((address: string) => boolean) | undefined
  /** Undefined = none. */
  readonly denies: ((address: string) => boolean) | undefined
  readonly deniedPaths: readonly PathPattern[]
  /** Undefined = with a certificate or without. */
  readonly certificates?: CertificateMatch | undefined
}

/** The literal pieces between the stars; one piece = no star. */
export type PathPattern = readonly string[]

/**
 * @param address of the client as it is believed; what is no address is in no range
 * @param path as `normalisePath` returns it
 * @param readings of the path beside that, as `readingsOf` returns them
 * @param certificate that the client has presented, and that was accepted; undefined = none
 */
export function isForbidden(
  { allows, denies, deniedPaths, certificates }: AccessRules,
  address: string,
  path: string,
  readings: readonly string[] = NONE,
  certificate?: PresentedCertificate,
): boolean {
  if (certificates && !matchesCertificate(certificates, certificate)) return true
  if (denies?.(address) || (allows && !allows(address))) return true
  return isDeniedPath(deniedPaths, path, readings)
}

/** Whether nobody may have the path, whoever asks. */
export function isDeniedPath(patterns: readonly PathPattern[], path: string, readings: readonly string[]): boolean {
  if (patterns.length === 0) return false
  return matchesAny(patterns, path) || readings.some(reading => matchesAny(patterns, reading))
}

/** `*` stands for any characters. People may write a path unencoded: `/relatórios*`, `/my files/*`. @param inOneCase paths may come in the case of `spell` */
export function compileDeniedPaths(globs: readonly string[], inOneCase = false): PathPattern[] {
  return globs.flatMap(glob => {
    const encoded = glob.toWellFormed().replace(/[^\x21-\x7e]+/gu, encodeURIComponent)
    const spellings = [encoded, decodeAscii(encoded), ...(inOneCase ? [spell(encoded, true)] : [])]
    return [...new Set(spellings)].map(spelling => spelling.split('*'))
  })
}

const NONE: readonly string[] = []

/** A slash at the end makes no difference. @param path normalised */
export function matchesAny(patterns: readonly PathPattern[], path: string): boolean {
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
