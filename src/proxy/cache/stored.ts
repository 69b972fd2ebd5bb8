// One stored answer as a worker knows it, and how it is written into the bytes of the cache.

import { fieldOf } from '../../http/field-names.ts'
import type { Fields } from '../../http/fields.ts'
import type { ResponseHead } from '../../http/heads.ts'
import { confirmedFields, storedFields } from '../../policy/cache/fields.ts'
import type { StoredMeta } from '../../shared/cache/meta.ts'

export interface Stored extends StoredMeta {
  readonly cell: number
  readonly word: number
  readonly metaBytes: number
  readonly bodyBytes: number
  /** Where its bytes lie; only good while it is pinned. */
  readonly blocks: Int32Array
  /** Its upstream has just failed: it is not asked again before, ms by the clock of the process. */
  askAgainMs: number
  /** The whole head as it was given last: its age is told in whole seconds. */
  given: { readonly ageS: number; readonly told: string; readonly head: ResponseHead } | undefined
}

export function ageS({ keep, storedMs }: StoredMeta, nowMs: number): number {
  // Clocks of two threads differ by moments.
  return keep.ageS + Math.max(0, nowMs - storedMs) / 1000
}

/**
 * The head for all of it.
 * @param told what Cache-Status says behind `vigia; ` (RFC 9211)
 */
export function headOf(stored: Stored, nowMs: number, told: string): ResponseHead {
  const age = Math.floor(ageS(stored, nowMs))
  const { given } = stored
  if (given !== undefined && given.ageS === age && given.told === told) return given.head
  const ttl = Math.floor(stored.keep.lifetimeS) - age
  const head = headWith(
    stored.status,
    stored.reason,
    [...pairs(stored), ...ofCache(age, `${told}; ttl=${ttl}`)],
    stored.bodyBytes,
  )
  stored.given = { ageS: age, told, head }
  return head
}

export type Pair = readonly [name: string, value: string]

export function pairs({ names, values }: Pick<Fields, 'names' | 'values'>): Pair[] {
  return names.map((name, i) => [name, values[i]!])
}

export function ofCache(age: number, told: string): Pair[] {
  return [['Age', String(age)], statusField(told)]
}

/** RFC 9211. */
export function statusField(told: string): Pair {
  return ['Cache-Status', `vigia; ${told}`]
}

/** @param bytes of the body */
export function headWith(status: number, reason: string, fields: readonly Pair[], bytes: number): ResponseHead {
  return {
    status,
    reason,
    minor: 1,
    length: bytes,
    options: { close: false, keepAlive: false, nominated: undefined, upgrade: undefined },
    keepAlive: undefined,
    written: undefined,
    encoded: undefined,
    fields: {
      names: fields.map(([name]) => name),
      values: fields.map(([, value]) => value),
      kinds: fields.map(([name]) => fieldOf(name)),
    },
  }
}

export function fieldsToStore(head: ResponseHead): Pair[] {
  return storedFields(head, new Date().toUTCString())
}

export function fieldsAfter(stored: Stored, confirmation: ResponseHead): Pair[] {
  return confirmedFields(pairs(stored), fieldsToStore(confirmation))
}
