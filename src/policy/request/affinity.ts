// Which upstream an affinity cookie means: the form of its value, its proof, its age. Stateless: any instance with the same
// keys understands it. It tells neither addresses nor names, and decides nothing about whether that upstream may be used.
//
// Value: `1` ID `.` ISSUED `.` PROOF, e.g. 1dGhpcyBpcyBh.mf3k2a.c2lnbmF0dXJlIG9mIHRoaXMg
//   ID      first 72 bits of MAC(key, pool and name of the upstream): another key, other ids, so ids tell nothing
//   ISSUED  seconds since 1970, base 36
//   PROOF   first 144 bits of MAC(key, pool, cookie name and all of the value before the last dot)

import { type Fields, fieldValue, fieldValues } from '../../http/fields.ts'
import type { AffinityCookiePlan } from '../../plan/balance.ts'

/**
 * HMAC-SHA-256 of `text` under key number `key` of the plan, as base64url.
 * The caller knows the keys: this file only says which of them.
 */
export type Mac = (key: number, text: string) => string

/** One pool's cookies, made ready once for each snapshot. */
export interface AffinityTable {
  readonly scope: string
  readonly ttlMs: number
  /** By number of the key, then by index of the upstream. */
  readonly ids: readonly (readonly string[])[]
  /** Index of the upstream by id, for each key. */
  readonly byId: readonly ReadonlyMap<string, number>[]
}

export type AffinityVerdict =
  | {
      readonly kind: 'upstream'
      /** Index into the names that the table was made of. */
      readonly index: number
      /** A new cookie is due: this one is past the quarter of its life, from the future, or was signed with a former key. */
      readonly renew: boolean
    }
  /** No cookie of ours: absent, malformed, forged, or of an upstream that is configured no more. */
  | { readonly kind: 'none' }
  | { readonly kind: 'expired' }

/** @param upstreams names, in the order of their indices */
export function compileAffinity(
  pool: string,
  plan: AffinityCookiePlan,
  upstreams: readonly string[],
  mac: Mac,
): AffinityTable {
  const ids = plan.keys.map((_, key) =>
    upstreams.map(name => mac(key, `upstream\n${pool}\n${name}`).slice(0, ID_CHARACTERS)),
  )
  const byId = ids.map(names => new Map(names.map((id, index) => [id, index])))
  return { scope: `cookie\n${pool}\n${plan.name}\n`, ttlMs: plan.ttlMs, ids, byId }
}

/** The value that binds a client to an upstream from now on. */
export function affinityValue(table: AffinityTable, index: number, nowMs: number, mac: Mac): string {
  const signed = `${VERSION}${table.ids[0]![index]!}.${Math.floor(nowMs / 1000).toString(36)}`
  return `${signed}.${proofOf(table, 0, signed, mac)}`
}

/** @param nowMs since 1970 */
export function decideAffinity(
  table: AffinityTable,
  value: string | undefined,
  nowMs: number,
  mac: Mac,
): AffinityVerdict {
  const parts = value === undefined || value.length > LONGEST ? null : FORM.exec(value)
  if (parts === null) return NONE
  const [, signed = '', id = '', issued = '', proof = ''] = parts
  // The id says which key it can be, so one proof is computed, whatever the number of keys.
  const key = table.byId.findIndex(known => known.has(id))
  if (key < 0 || !isSame(proofOf(table, key, signed, mac), proof)) return NONE
  const ageMs = nowMs - Number.parseInt(issued, 36) * 1000
  if (table.ttlMs > 0 && ageMs >= table.ttlMs) return EXPIRED
  // Issued while this machine's clock was ahead: it is ours, and must not last until the clock has come there.
  const isAging = ageMs < -CLOCK_SKEW_MS || (table.ttlMs > 0 && ageMs >= table.ttlMs / 4)
  return { kind: 'upstream', index: table.byId[key]!.get(id)!, renew: key > 0 || isAging }
}

/** Of several cookies of one name (of an earlier `path`, of a parent domain) the first that verifies counts. @param nowMs since 1970 */
export function decideAmong(
  table: AffinityTable,
  values: readonly string[],
  nowMs: number,
  mac: Mac,
): { readonly verdict: AffinityVerdict; readonly value: string } {
  let expired = false
  for (const value of values) {
    const verdict = decideAffinity(table, value, nowMs, mac)
    if (verdict.kind === 'upstream') return { verdict, value }
    expired ||= verdict.kind === 'expired'
  }
  return { verdict: expired ? EXPIRED : NONE, value: values[0] ?? '' }
}

/**
 * Whether an answer is one that shared caches keep (RFC 9111 3, 4.2): a cookie on it would reach all their clients. One without
 * Cache-Control that has Last-Modified counts, since they guess for how long. One that sets a cookie of the application does not: it
 * begins a session perhaps, and then vigia's cookie has to go with it.
 * @param nowMs since 1970
 */
export function isForSharedCaches(answer: Fields, nowMs: number): boolean {
  if (fieldValue(answer, 'set-cookie') !== undefined) return false
  const control = fieldValues(answer, 'cache-control')?.toLowerCase()
  if (control !== undefined && /\b(?:no-store|private)\b/.test(control)) return false
  if (control !== undefined && /\bpublic\b|\b(?:s-maxage|max-age)\s*=\s*"?0*[1-9]/.test(control)) return true
  if (control !== undefined && /\bmax-age\b/.test(control)) return false
  const expires = fieldValue(answer, 'expires')
  if (expires !== undefined) return Date.parse(expires) > nowMs
  return control === undefined && fieldValue(answer, 'last-modified') !== undefined
}

const VERSION = '1'
const ID_CHARACTERS = 12
const PROOF_CHARACTERS = 24
const FORM = /^(1([A-Za-z0-9_-]{12})\.([0-9a-z]{1,8}))\.([A-Za-z0-9_-]{24})$/
const LONGEST = 64
/** Between the clocks of two instances. */
const CLOCK_SKEW_MS = 300_000
const NONE: AffinityVerdict = { kind: 'none' }
const EXPIRED: AffinityVerdict = { kind: 'expired' }

function proofOf({ scope }: AffinityTable, key: number, signed: string, mac: Mac): string {
  return mac(key, scope + signed).slice(0, PROOF_CHARACTERS)
}

/** In the same time wherever they differ. */
function isSame(a: string, b: string): boolean {
  let difference = a.length ^ b.length
  for (let i = 0; i < b.length; i += 1) difference |= a.charCodeAt(i) ^ b.charCodeAt(i)
  return difference === 0
}
