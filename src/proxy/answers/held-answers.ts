// What is answered of held requests: the receipt, the refusal of a key that stands for another request, and what became of one. For
// programs, so in JSON, and in English.

import { FIELD, type Field } from '../../http/field-names.ts'
import type { HoldAnswer } from '../../plan/hold.ts'
import type { HeldReceipt, HeldView } from '../../shared/held/messages.ts'
import { iso } from '../../util/words.ts'
import { type Answer, jsonText, withHead } from './answers.ts'

/** Where senders ask: the id follows. */
export const HELD_PATH = '/.vigia/held/'

const REASONS: Readonly<Record<HoldAnswer['status'], string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' }

/** @param retryAfterS when to ask what became of it, seconds */
export function receiptAnswer(
  { status, contentType, body }: HoldAnswer,
  { id, isRepeat, ahead }: HeldReceipt,
  requestId: string,
  retryAfterS: number,
): Answer {
  const location = `${HELD_PATH}${id}`
  const text =
    body === undefined
      ? jsonText({
          status,
          code: 'held',
          title: 'Held',
          detail:
            'The request is kept, and will be carried out later. Do not send it again: ask the location what became of it.',
          requestId,
          id,
          location,
          ahead,
          repeat: isRepeat,
          retryAfterS,
        })
      : body.replaceAll('{id}', id).replaceAll('{request-id}', requestId)
  return jsonLike(status, REASONS[status] ?? '', contentType, text, [
    ['Location', location, FIELD.other],
    ['Retry-After', String(retryAfterS), FIELD.other],
  ])
}

/** draft-ietf-httpapi-idempotency-key-header-07 2.7. */
export function conflictAnswer(requestId: string): Answer {
  const text = jsonText({
    status: 422,
    code: 'idempotency-key-reused',
    title: 'Idempotency-Key Is Already Used',
    detail: 'This Idempotency-Key stands for another request that is held here: send this one with a key of its own.',
    requestId,
  })
  return jsonLike(422, 'Unprocessable Content', 'application/json', text, [])
}

/** @param retryAfterS when to ask again, seconds; undefined = that is the end of it */
export function stateAnswer(id: string, view: HeldView, requestId: string, retryAfterS: number | undefined): Answer {
  const { state, ahead, receivedMs, expectedMs, result } = view
  const text = jsonText({
    id,
    state,
    ahead,
    received: iso(receivedMs),
    expected: expectedMs === undefined ? null : iso(expectedMs),
    requestId,
    result: result === undefined ? null : resultOf(result),
  })
  return jsonLike(
    200,
    'OK',
    'application/json',
    text,
    retryAfterS === undefined ? [] : [['Retry-After', String(retryAfterS), FIELD.other]],
  )
}

function resultOf({ status, fields, body, isWhole, atMs }: NonNullable<HeldView['result']>) {
  const pairs = Array.from({ length: fields.length / 2 }, (_, i) => [fields[2 * i]!, fields[2 * i + 1]!])
  return { status, at: iso(atMs), fields: pairs, ...bodyOf(body), whole: isWhole }
}

/** As text where it is such (UTF-8), else in base64. */
function bodyOf(bytes: Uint8Array): { readonly body: string; readonly encoding: 'utf-8' | 'base64' } {
  try {
    return { body: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), encoding: 'utf-8' }
  } catch {
    return { body: Buffer.from(bytes).toString('base64'), encoding: 'base64' }
  }
}

function jsonLike(
  status: number,
  reason: string,
  contentType: string,
  text: string,
  more: readonly (readonly [string, string, Field])[],
): Answer {
  return withHead(
    status,
    reason,
    [['Content-Type', contentType, FIELD.contentType], ['Cache-Control', 'no-store', FIELD.other], ...more],
    Buffer.from(text),
  )
}
