// Which fields of an answer are stored, and what a confirmation (304) changes of them (RFC 9111 3.1, 3.2).

import { isEndToEnd } from '../../http/end-to-end.ts'
import { FIELD } from '../../http/field-names.ts'
import type { ResponseHead } from '../../http/heads.ts'

type Pair = readonly [name: string, value: string]

/** Of one answer only: another gets its own. */
const OWN = new Set(['age', 'x-request-id', 'trailer', 'proxy-authenticate', 'proxy-authentication-info'])
/** What stands for the bytes, which a confirmation leaves as they are. */
const OF_BYTES = new Set(['content-encoding', 'content-type', 'content-range', 'content-length', 'etag'])

/** @param date for an answer that brings none (RFC 9110 6.6.1) */
export function storedFields(head: ResponseHead, date: string): Pair[] {
  const { names, values, kinds } = head.fields
  const kept = names.flatMap((name, i): Pair[] =>
    isEndToEnd(head, i) && !OWN.has(name.toLowerCase()) ? [[name, values[i]!]] : [],
  )
  return kinds.includes(FIELD.date) ? kept : [...kept, ['Date', date]]
}

/** The stored fields with those that the confirmation brings in their place. */
export function confirmedFields(stored: readonly Pair[], confirmation: readonly Pair[]): Pair[] {
  const brought = confirmation.filter(([name]) => !OF_BYTES.has(name.toLowerCase()))
  const replaced = new Set(brought.map(([name]) => name.toLowerCase()))
  return [...stored.filter(([name]) => !replaced.has(name.toLowerCase())), ...brought]
}
