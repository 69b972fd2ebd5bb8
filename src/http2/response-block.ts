// The header blocks of an answer (RFC 9113 8.3.2). Heads that repeat to the byte are one object, so their fields are encoded once.

import { writtenFields } from '../http/end-to-end.ts'
import type { Fields } from '../http/fields.ts'
import type { ResponseHead, WrittenFields } from '../http/heads.ts'
import { isPassedTrailer } from '../http/trailers.ts'
import { encodeField, encodeStatus } from './hpack/encoder.ts'

/** Once a second another one, for all answers. */
const lastDate = { date: '', encoded: '' }

export function interimBlock(head: ResponseHead): string {
  return encodeStatus(head.status) + responseFields(head).text
}

/**
 * @param bodiless nothing follows it, whatever its fields say
 * @param date for an answer that has none
 * @param cookie value of a further Set-Cookie, which makes the answer private; '' = none
 * @param hsts value of Strict-Transport-Security in place of what the head has; '' = the head has its say
 */
export function responseBlock(
  head: ResponseHead,
  bodiless: boolean,
  date: string,
  requestId: string,
  cookie: string,
  hsts = '',
): string {
  const { status, length } = head
  const fields = responseFields(head)
  const { text, hasRequestId, hasDate } = fields
  let block = encodeStatus(status) + text
  block += hsts === '' ? fields.hsts : encodeField('strict-transport-security', hsts)
  if (!hasDate) block += encodedDate(date)
  // Whatever else Cache-Control says, a cookie is for one client: it joins the upstream's own (RFC 9110 5.3).
  if (cookie !== '') block += encodeField('set-cookie', cookie) + encodeField('cache-control', 'private')
  // HEAD and 304 may say how long the body would be (RFC 9110 8.6); 204 must not.
  if (length >= 0 && !(bodiless && status === 204)) block += encodeField('content-length', String(length))
  return hasRequestId ? block : block + encodeField('x-request-id', requestId)
}

/** @returns '' where none may be passed on */
export function trailerBlock(trailers: Fields): string {
  let block = ''
  for (let i = 0; i < trailers.names.length; i += 1)
    if (isPassedTrailer(trailers, i)) block += encodeField(trailers.names[i]!, trailers.values[i]!)
  return block
}

function responseFields(head: ResponseHead): WrittenFields {
  head.encoded ??= writtenFields(head, encodeField)
  return head.encoded
}

function encodedDate(date: string): string {
  if (lastDate.date !== date) {
    lastDate.date = date
    lastDate.encoded = encodeField('date', date)
  }
  return lastDate.encoded
}
