// The forms that HTTP gives names, values and paths (RFC 9110 5.6.2, 5.5; RFC 3986 3.3). Only says whether a text has them.

import { normalisePath } from '../policy/routing.ts'

export function isToken(text: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text)
}

export function isHeaderValue(text: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text)
}

/** What is wrong with a path prefix of a route; undefined = nothing. */
export function wrongInPrefix(path: string): string | undefined {
  if (!path.startsWith('/')) return 'does not begin with /'
  if (/[?#]/.test(path)) return 'has a query or fragment; routes look at the path only'
  if (path.includes('*')) return 'has a *; a path matches everything below it already'
  if (/[\x00-\x1f\x7f]/.test(path) || !path.isWellFormed()) return 'has a control character'
  return prefixKey(path) === undefined ? 'climbs above the root, or has an encoded control character' : undefined
}

/** The spelling in which prefixes are compared, without a slash at the end; undefined where the path has none. */
export function prefixKey(path: string): string | undefined {
  return normalisePath(path.replace(/[^\x21-\x7e]+/gu, encodeURIComponent))?.replace(/\/+$/, '')
}

/** What is wrong with a probe's request target; undefined = nothing. */
export function wrongInTarget(target: string): string | undefined {
  if (!target.startsWith('/')) return 'does not begin with /'
  if (/[^\x21-\x7e]/.test(target)) return 'has a space or a character outside ASCII: percent-encode it'
  return target.includes('#') ? 'has a fragment (#), which is never sent' : undefined
}
