// How long a message's body is, from its fields (RFC 9112 6). Ambiguity is a fault, never a guess.

import { type BodyLength, CHUNKED, NO_LENGTH } from '../http/body.ts'
import type { FaultCode } from '../http/faults.ts'
import { FIELD } from '../http/field-names.ts'
import type { Fields } from '../http/fields.ts'
import { contentLength } from '../http/request-rules.ts'

/**
 * @param minor HTTP minor version; 1.0 knows no Transfer-Encoding
 * @returns body length in bytes, CHUNKED, or NO_LENGTH where no field says anything
 */
export function framingOf(fields: Fields, minor: number): BodyLength | FaultCode {
  let length = NO_LENGTH
  let encoded = false
  for (let i = 0; i < fields.kinds.length; i += 1) {
    const kind = fields.kinds[i]
    if (kind === FIELD.contentLength) {
      const sent = contentLength(fields.values[i]!)
      if (length !== NO_LENGTH || sent === undefined) return 'bad-content-length'
      length = sent
    } else if (kind === FIELD.transferEncoding) {
      if (encoded || minor === 0) return 'bad-transfer-encoding'
      const value = fields.values[i]!.toLowerCase()
      if (value !== 'chunked')
        return /^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(value) ? 'unknown-transfer-encoding' : codings(value)
      encoded = true
    }
  }
  if (!encoded) return length
  return length === NO_LENGTH ? CHUNKED : 'length-and-encoding'
}

/** A list of codings: chunked twice or not last is malformed, anything else is only unknown. */
function codings(value: string): FaultCode {
  const names = value.split(',').map(coding => coding.trim())
  const last = names.length - 1
  return names[last] === 'chunked' && names.indexOf('chunked') === last && !names.includes('')
    ? 'unknown-transfer-encoding'
    : 'bad-transfer-encoding'
}
