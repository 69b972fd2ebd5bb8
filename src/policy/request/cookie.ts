// Cookies as text: one value out of a Cookie field, and a Set-Cookie field for the affinity cookie. Knows no meaning of values.

import type { AffinityCookiePlan } from '../../plan/balance.ts'

/** Longer values are no session's: they count as absent. */
const LONGEST_VALUE = 4096
const MOST_VALUES = 8

/**
 * Value of the first cookie of that name; browsers send the one of the longest path first (RFC 6265 5.4). Undefined where
 * there is none, or where it is empty or longer than 4096 characters. Nothing is decoded or unquoted.
 * @param field Cookie fields, joined by "; " or ", " where there are several
 */
export function cookieValue(field: string | undefined, name: string): string | undefined {
  for (const value of valuesOf(field, name)) return value === '' || value.length > LONGEST_VALUE ? undefined : value
  return undefined
}

/** Values of the first cookies of that name, 8 at most: a browser has one for each domain and path that set one. */
export function cookieValues(field: string | undefined, name: string): string[] {
  return [...valuesOf(field, name).take(MOST_VALUES)]
}

function* valuesOf(field: string | undefined, name: string): Generator<string, undefined> {
  if (field === undefined) return
  for (let at = field.indexOf(name); at >= 0; at = field.indexOf(name, at + 1)) {
    if (!beginsPair(field, at)) continue
    const equals = skipSpaces(field, at + name.length)
    if (field.charCodeAt(equals) === EQUALS) yield field.slice(equals + 1, pairEnd(field, equals)).trim()
  }
}

/** Value of a Set-Cookie field. @param secure the client's connection is TLS, here or at a trusted proxy */
export function setCookie(plan: AffinityCookiePlan, value: string, secure: boolean): string {
  const life = plan.ttlMs > 0 ? `; Max-Age=${Math.ceil(plan.ttlMs / 1000)}` : ''
  // Browsers throw away SameSite=None without Secure; without the attribute they take it as Lax.
  const sameSite = plan.sameSite === 'none' && !secure ? '' : `; SameSite=${SAME_SITE[plan.sameSite]}`
  return `${plan.name}=${value}; Path=${plan.path}${life}; HttpOnly${secure ? '; Secure' : ''}${sameSite}`
}

const SAME_SITE = { lax: 'Lax', strict: 'Strict', none: 'None' } as const

const EQUALS = 0x3d
const SPACE = 0x20
const TAB = 0x09
const SEMICOLON = 0x3b
const COMMA = 0x2c

/** Whether only spaces lie between `at` and the separator, or the beginning, before it. */
function beginsPair(field: string, at: number): boolean {
  let before = at - 1
  while (isSpace(field.charCodeAt(before))) before -= 1
  return before < 0 || isSeparator(field.charCodeAt(before))
}

function skipSpaces(field: string, from: number): number {
  let at = from
  while (isSpace(field.charCodeAt(at))) at += 1
  return at
}

function pairEnd(field: string, from: number): number {
  let at = from
  while (at < field.length && !isSeparator(field.charCodeAt(at))) at += 1
  return at
}

function isSpace(code: number): boolean {
  return code === SPACE || code === TAB
}

function isSeparator(code: number): boolean {
  return code === SEMICOLON || code === COMMA
}
