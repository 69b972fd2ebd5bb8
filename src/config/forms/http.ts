// The forms that HTTP gives names, values and paths (RFC 9110 5.6.2, 5.5; RFC 3986 3.3). Only says whether a text has them.

import { normalisePath, prefixKey } from '../../policy/request/routing.ts'
import { quote } from './problem.ts'

/** Part of a pattern: names of methods, headers and cookies. */
export const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"

const WHOLE_TOKEN = new RegExp(`^${TOKEN}$`)

export function isToken(text: string): boolean {
  return WHOLE_TOKEN.test(text)
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

/** What is wrong with a path in which * stands for any characters; undefined = nothing. */
export function wrongInGlob(path: string): string | undefined {
  if (!path.startsWith('/')) return 'does not begin with /'
  if (/[?#]/.test(path)) return 'has a query or fragment; only the path of a request is compared'
  if (/[\x00-\x1f\x7f]/.test(path) || !path.isWellFormed()) return 'has a control character'
  const sent = encodeAsSent(path)
  const key = normalisePath(sent)
  if (key === undefined) return 'climbs above the root, or has an encoded control character'
  return key === sent ? undefined : `matches no request: paths are compared in one spelling, which is ${quote(key)}`
}

/** A path as clients send it: what people write unencoded (`/relatórios`, `/my files`) is percent-encoded. */
export function encodeAsSent(path: string): string {
  return path.toWellFormed().replace(/[^\x21-\x7e]+/gu, encodeURIComponent)
}

/** What is wrong with a probe's request target; undefined = nothing. */
export function wrongInTarget(target: string): string | undefined {
  if (!target.startsWith('/')) return 'does not begin with /'
  if (/[^\x21-\x7e]/.test(target)) return 'has a space or a character outside ASCII: percent-encode it'
  return target.includes('#') ? 'has a fragment (#), which is never sent' : undefined
}
