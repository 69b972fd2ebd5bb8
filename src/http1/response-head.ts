// A response head: from text to its parts, as strictly as a request's (RFC 9112 4 and 6). Any fault is a 502 for the client;
// why, in words, says response-fault.ts.

import type { FaultCode } from '../http/faults.ts'
import { FIELD } from '../http/field-names.ts'
import { firstValue } from '../http/fields.ts'
import type { ResponseHead } from '../http/heads.ts'
import type { HeadLimits } from '../http/limits.ts'
import { connectionOptionsOf } from './connection-options.ts'
import { diagnoseFields, parseFields } from './field-section.ts'
import { framingOf } from './framing.ts'
import { badBreak, upToBadBreak } from './line-breaks.ts'

const STATUS_LINE = /^HTTP\/(\d)\.(\d) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/

/** The last head of a connection: an upstream's heads often repeat to the byte. */
export interface ResponseMemo {
  text: string
  head: ResponseHead | undefined
}

/** @param text a whole head with its final empty line, one character a byte (latin1) */
export function parseResponseHead(text: string, limits: HeadLimits, memo: ResponseMemo): ResponseHead | FaultCode {
  if (memo.head !== undefined && text === memo.text) return memo.head
  const lineEnd = text.indexOf('\r\n')
  const first = statusLine(text, lineEnd)
  if (typeof first === 'string') return diagnoseResponseHead(text, limits)
  const fields = parseFields(text.slice(lineEnd + 2), limits.headerCount, 'response')
  if (typeof fields === 'string') return diagnoseResponseHead(text, limits)
  const length = framingOf(fields, first.minor)
  if (typeof length === 'string') return length
  const options = connectionOptionsOf(fields)
  const head: ResponseHead = {
    ...first,
    fields,
    length,
    options,
    keepAlive: firstValue(fields, FIELD.keepAlive),
    written: undefined,
    encoded: undefined,
  }
  memo.text = text
  memo.head = head
  return head
}

/** The first fault, in the order of the bytes, of a head that is malformed, cut off by a bad line break, or too large. */
export function diagnoseResponseHead(whole: string, limits: HeadLimits): FaultCode {
  const text = upToBadBreak(whole)
  const lineEnd = text.indexOf('\r\n')
  if (lineEnd < 0) return badBreak(text, 0) < 0 ? 'head-too-large' : 'bad-line-break'
  const first = statusLine(text, lineEnd)
  if (typeof first === 'string') return first
  return diagnoseFields(text.slice(lineEnd + 2), limits.headerCount, 'response') ?? 'head-too-large'
}

function statusLine(text: string, lineEnd: number): { status: number; reason: string; minor: 0 | 1 } | FaultCode {
  const match = STATUS_LINE.exec(text.slice(0, lineEnd))
  if (!match) return 'bad-start-line'
  if (match[1] !== '1') return 'bad-version'
  // Every HTTP/1.x after 1.1 is read as 1.1 (RFC 9110 2.5).
  return { status: Number(match[3]), reason: match[4] ?? '', minor: match[2] === '0' ? 0 : 1 }
}
