// Which fields of an upstream's response go to the client: end-to-end ones only (RFC 9110 7.6.1). Framing and connection fields are
// the business of the connection that carries it.

import { FIELD } from './field-names.ts'
import type { ResponseHead, WrittenFields } from './heads.ts'
import { inOnePiece } from './one-piece.ts'

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

/** What goes on to the client, as its protocol writes it. @param write one field, one character a byte */
export function writtenFields(head: ResponseHead, write: (name: string, value: string) => string): WrittenFields {
  const { names, values, kinds } = head.fields
  let text = ''
  let hasRequestId = false
  let hasDate = false
  let hsts = ''
  for (let i = 0; i < names.length; i += 1) {
    if (!isEndToEnd(head, i)) continue
    hasRequestId ||= kinds[i] === FIELD.requestId
    hasDate ||= kinds[i] === FIELD.date
    const field = write(names[i]!, values[i]!)
    if (kinds[i] === FIELD.hsts) hsts += field
    else text += field
  }
  return { text: inOnePiece(text), hsts, hasRequestId, hasDate }
}
