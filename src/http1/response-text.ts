// The text of a response's fields as they go to a client.

import { isEndToEnd } from '../http/end-to-end.ts'
import { FIELD } from '../http/field-names.ts'
import type { ResponseHead } from '../http/heads.ts'
import { inOnePiece } from './one-piece.ts'

export interface ResponseText {
  /** The fields, each with its CRLF, but those of framing and connection. */
  readonly block: string
  readonly hasRequestId: boolean
}

const CACHE = new WeakMap<ResponseHead, ResponseText>()

/** Heads that repeat to the byte are one object (see ResponseMemo), so their block is built once. */
export function responseText(head: ResponseHead): ResponseText {
  let text = CACHE.get(head)
  if (text === undefined) {
    text = build(head)
    CACHE.set(head, text)
  }
  return text
}

function build(head: ResponseHead): ResponseText {
  const { names, values, kinds } = head.fields
  let block = ''
  let hasRequestId = false
  for (let i = 0; i < names.length; i += 1) {
    if (!isEndToEnd(head, i)) continue
    hasRequestId ||= kinds[i] === FIELD.requestId
    block += `${names[i]!}: ${values[i]!}\r\n`
  }
  return { block: inOnePiece(block), hasRequestId }
}
