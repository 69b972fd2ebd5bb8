// Which fields of an upstream's response go to the client: end-to-end ones only (RFC 9110 7.6.1). Framing and connection fields are
// the business of the connection that carries it.

import { FIELD } from './field-names.ts'
import type { ResponseHead } from './heads.ts'

/** Whether the field at `index` goes on to the client. */
export function isEndToEnd({ fields, options }: ResponseHead, index: number): boolean {
  switch (fields.kinds[index]) {
    case FIELD.connection:
    case FIELD.keepAlive:
    case FIELD.transferEncoding:
    case FIELD.contentLength:
    case FIELD.te:
    case FIELD.upgrade:
    case FIELD.hopByHop:
      return false
    default:
      break
  }
  return !options.nominated?.includes(fields.names[index]!.toLowerCase())
}
