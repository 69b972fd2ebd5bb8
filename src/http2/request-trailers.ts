// The trailers of a request from the fields of their block (RFC 9113 8.1). Like in HTTP/1.1, those that frame a body are refused.

import type { FaultCode } from '../http/faults.ts'
import { FIELD, type Field } from '../http/field-names.ts'
import type { Fields } from '../http/fields.ts'
import type { HeaderEntry } from './hpack/header-entry.ts'

/** @param entries as far as `count` */
export function requestTrailers(entries: readonly HeaderEntry[], count: number): Fields | FaultCode {
  const names: string[] = []
  const values: string[] = []
  const kinds: Field[] = []
  for (let i = 0; i < count; i += 1) {
    const { name, value, kind, fault } = entries[i]!
    if (kind < 0 || kind === FIELD.contentLength || fault !== undefined) return 'bad-trailer'
    names.push(name)
    values.push(value)
    kinds.push(kind as Field)
  }
  return { names, values, kinds }
}
