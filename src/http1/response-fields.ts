// The text of a response's fields as they go to a client, but those of framing and connection. Heads that repeat to the byte are one
// object (see ResponseMemo), so it is put together once.

import { isEndToEnd } from '../http/end-to-end.ts'
import { FIELD } from '../http/field-names.ts'
import type { ResponseHead, WrittenFields } from '../http/heads.ts'
import { inOnePiece } from '../http/one-piece.ts'

/** Each with its CRLF. */
export function responseFields(head: ResponseHead): WrittenFields {
  head.written ??= write(head)
  return head.written
}

function write(head: ResponseHead): WrittenFields {
  const { names, values, kinds } = head.fields
  let text = ''
  let hasRequestId = false
  let hasDate = false
  let hsts = ''
  for (let i = 0; i < names.length; i += 1) {
    if (!isEndToEnd(head, i)) continue
    hasRequestId ||= kinds[i] === FIELD.requestId
    hasDate ||= kinds[i] === FIELD.date
    const line = `${names[i]!}: ${values[i]!}\r\n`
    if (kinds[i] === FIELD.hsts) hsts += line
    else text += line
  }
  return { text: inOnePiece(text), hsts, hasRequestId, hasDate }
}
