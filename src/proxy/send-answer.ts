// Sends one of vigia's own answers in place of an upstream's response, in the form that the client likes.

import { FAULTS } from '../http1/faults.ts'
import { FIELD } from '../http1/field-names.ts'
import { firstValue, NO_FIELDS } from '../http1/fields.ts'
import type { RequestHead } from '../http1/request-head.ts'
import { prefersJson } from '../policy/negotiate.ts'
import { type AnswerCode, answer } from './answers.ts'
import type { Downstream } from './downstream.ts'

/** Hands the whole answer to the client's side; the caller flushes. @param retryAfterS seconds; undefined = none */
export function sendAnswer(
  down: Downstream,
  { method, meaning: { fields } }: RequestHead,
  code: AnswerCode,
  requestId: string,
  retryAfterS: number | undefined,
): { readonly status: number; readonly bytes: number } {
  const json = prefersJson(firstValue(fields, FIELD.accept), firstValue(fields, FIELD.contentType))
  const { head, body } = answer(code, requestId, json, retryAfterS)
  const bodiless = method === 'HEAD'
  // What a malformed request is followed by can't be trusted to be a request.
  if (code in FAULTS || code === 'internal-error') down.endAfterResponse()
  down.head(head, bodiless, requestId, '')
  if (!bodiless) down.body(body, 0, body.length)
  down.end(NO_FIELDS)
  return { status: head.status, bytes: bodiless ? 0 : body.length }
}
