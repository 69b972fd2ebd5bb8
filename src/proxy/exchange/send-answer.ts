// Sends one of vigia's own answers in place of an upstream's response, in the form and language that the client likes.

import { FAULTS } from '../../http/faults.ts'
import { FIELD } from '../../http/field-names.ts'
import { fieldValues, firstValue, NO_FIELDS } from '../../http/fields.ts'
import type { RequestHead } from '../../http/heads.ts'
import type { Application } from '../../plan/pool.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import { retryAfterS as secondsToEnd } from '../../policy/maintenance/retry-after.ts'
import { isSafe } from '../../policy/request/method-class.ts'
import { preferredLanguage, prefersJson, sendsJson } from '../../policy/request/negotiate.ts'
import type { ClosedRoute } from '../../shared/messages.ts'
import { type Answer, answer } from '../answers/answers.ts'
import { closedRouteAnswer } from '../answers/closed-route-answer.ts'
import { type AnswerCode, isBusy } from '../answers/codes.ts'
import type { AnswerForm, FormKind } from '../answers/forms.ts'
import { LANGUAGES } from '../answers/pages/languages.ts'
import type { Visit } from '../answers/pages/maintenance-page.ts'
import type { Downstream } from './downstream.ts'
import type { ExchangeRecord } from './record.ts'

/**
 * Hands the whole answer to the client's side, and notes it; the caller flushes.
 * @param retryAfterS seconds; undefined = what the pool says, where it is busy; a window says its own
 * @param snapshot says the language of who accepts none that there is, and what its operator adds to pages
 */
export function sendAnswer(
  down: Downstream,
  record: ExchangeRecord,
  code: AnswerCode,
  retryAfterS: number | undefined,
  snapshot: Pick<Snapshot, 'language' | 'pages'>,
): void {
  const { requestId, closedRoute, placement, head: request } = record
  const form = formFor(record, snapshot)
  const waitS = isBusy(code) ? placement?.pool.plan.retryAfterS : retryAfterS
  const { head, body } = closedRoute
    ? closedRouteAnswer(closedRoute, form, visitOf(request, requestId, closedRoute))
    : answer(code, requestId, form, waitS)
  // What a malformed request is followed by can't be trusted to be a request.
  if (code in FAULTS || code === 'internal-error') down.endAfterResponse('out-of-step')
  sendWhole(down, record, { head, body })
}

/** Hands over a whole answer that is no fault's, and notes it; the caller flushes. */
export function sendWhole(down: Downstream, record: ExchangeRecord, { head, body }: Answer): void {
  const bodiless = record.method === 'HEAD'
  const edits = record.placement?.edits
  down.head(edits ? edits.own(head, record) : head, bodiless, record.requestId, '')
  if (!bodiless) down.body(body, 0, body.length)
  down.end(NO_FIELDS)
  record.status = head.status
  record.bytesOut += bodiless ? 0 : body.length
}

function formFor(
  { head, closedRoute, placement }: ExchangeRecord,
  snapshot: Pick<Snapshot, 'language' | 'pages'>,
): AnswerForm {
  const { fields } = head.meaning
  const language = preferredLanguage(fieldValues(fields, 'accept-language'), LANGUAGES, snapshot.language ?? 'en')
  const route = placement?.route
  const pages = route?.pages ?? snapshot.pages
  const contentType = firstValue(fields, FIELD.contentType)
  // One of partners is a program for sure, whatever it accepts.
  const json =
    (closedRoute !== undefined && route?.integration === true) ||
    prefersJson(firstValue(fields, FIELD.accept), contentType)
  if (!json) return { kind: 'page', language, pages }
  // Nobody waits for the message of a poll.
  if (route?.integration === true || route?.longPoll === true) return { kind: 'json', language, pages }
  return { kind: kindOf(placement?.pool.plan.application, head.method, contentType), language, pages }
}

/** Odoo's web client sends its calls as JSON by POST, Frappe's in any form. */
function kindOf(application: Application | undefined, method: string, contentType: string | undefined): FormKind {
  if (application === 'frappe') return 'frappe'
  return application === 'odoo' && method === 'POST' && sendsJson(contentType) ? 'odoo' : 'json'
}

function visitOf({ method }: RequestHead, requestId: string, { untilMs }: ClosedRoute): Visit {
  const nowMs = Date.now()
  const wait = secondsToEnd(untilMs, nowMs, Math.random())
  return { requestId, nowMs, retryAfterS: wait, repeatable: isSafe(method) }
}
