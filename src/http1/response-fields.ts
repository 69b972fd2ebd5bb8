// The text of a response's fields as they go to a client, but those of framing and connection. Heads that repeat to the byte are one
// object (see ResponseMemo), so it is put together once.

import { writtenFields } from '../http/end-to-end.ts'
import type { ResponseHead, WrittenFields } from '../http/heads.ts'

/** Each with its CRLF. */
export function responseFields(head: ResponseHead): WrittenFields {
  head.written ??= writtenFields(head, line)
  return head.written
}

function line(name: string, value: string): string {
  return `${name}: ${value}\r\n`
}
