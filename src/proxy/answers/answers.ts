// vigia's own answers: one table of code and status, and their two forms (HTML for people in their language, JSON for programs in
// English). Says nothing of upstreams' addresses, configuration or exceptions.

import { FAULTS, type FaultCode } from '../../http1/faults.ts'
import { FIELD, type Field } from '../../http1/field-names.ts'
import type { ResponseHead } from '../../http1/response-head.ts'
import type { Language } from '../../plan/snapshot.ts'
import type { FailureKind } from '../upstream/attempt-events.ts'
import { EN } from './pages/en.ts'
import { errorPage } from './pages/page.ts'
import { type EverydayFault, WORDS } from './pages/words.ts'

const STATUSES = {
  'no-route': 404,
  'no-upstream-available': 503,
  'queue-full': 503,
  'queue-timeout': 503,
  overloaded: 503,
  'rate-limited': 429,
  forbidden: 403,
  'connect-failed': 502,
  'connect-timeout': 504,
  'upstream-reset': 502,
  'upstream-timeout': 504,
  'bad-upstream-response': 502,
  'in-doubt': 502,
  'internal-error': 500,
  /** With more to say than the others: closed-route-answer.ts. */
  maintenance: 503,
} as const

/** What vigia itself has to say; the others are faults of a request. */
export type OwnCode = keyof typeof STATUSES
export type AnswerCode = OwnCode | FaultCode
export type AnsweredStatus = (typeof STATUSES)[OwnCode] | (typeof FAULTS)[FaultCode]['status']

/** JSON, or a page in this language. */
export type AnswerForm = 'json' | Language

export interface Answer {
  readonly head: ResponseHead
  readonly body: Buffer
}

/** Whether it says: not now, try again when the pool says. A window says itself when. */
export function isBusy(code: AnswerCode): boolean {
  return code !== 'maintenance' && statusOf(code) === 503
}

/** What a client is told when an attempt failed and can't be repeated. @param connecting no connection was established */
export function answerToFailure(kind: FailureKind, connecting: boolean): AnswerCode {
  switch (kind) {
    case 'connect':
      return 'connect-failed'
    case 'timeout':
      return connecting ? 'connect-timeout' : 'upstream-timeout'
    case 'reset':
      return 'upstream-reset'
    case 'garbage':
      return 'bad-upstream-response'
  }
}

/** @param retryAfterS seconds for Retry-After; undefined = none */
export function answer(code: AnswerCode, requestId: string, form: AnswerForm, retryAfterS?: number): Answer {
  const status = statusOf(code)
  if (form !== 'json') {
    const page = errorPage(form, status, { title: WORDS[form].titles[status], ...messageIn(form, code) }, requestId)
    return answerOf(status, form, page, retryAfterS)
  }
  const detail = spoken(code) ? EN.messages[code] : FAULTS[code].message
  return answerOf(status, form, jsonText({ status, code, title: EN.titles[status], detail, requestId }), retryAfterS)
}

export function jsonText(value: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify(value)}\n`
}

/** The whole response around its body. */
export function answerOf(
  status: AnsweredStatus,
  form: AnswerForm,
  text: string,
  retryAfterS: number | undefined,
): Answer {
  const body = Buffer.from(text)
  const fields: [string, string, Field][] = [
    ['Content-Type', form === 'json' ? 'application/json' : 'text/html; charset=utf-8', FIELD.contentType],
    ['Cache-Control', 'no-store', FIELD.other],
    ['Vary', 'Accept-Language, Accept', FIELD.other],
  ]
  if (form !== 'json') fields.push(['Content-Language', form, FIELD.other])
  if (retryAfterS !== undefined) fields.push(['Retry-After', String(retryAfterS), FIELD.other])
  return {
    body,
    head: {
      status,
      reason: EN.titles[status],
      minor: 1,
      length: body.length,
      options: { close: false, keepAlive: false, nominated: undefined, upgrade: undefined },
      keepAlive: undefined,
      fields: {
        names: fields.map(field => field[0]),
        values: fields.map(field => field[1]),
        kinds: fields.map(field => field[2]),
      },
    },
  }
}

function statusOf(code: AnswerCode): AnsweredStatus {
  return isOwn(code) ? STATUSES[code] : FAULTS[code].status
}

function isOwn(code: AnswerCode): code is OwnCode {
  return code in STATUSES
}

function spoken(code: AnswerCode): code is OwnCode | EverydayFault {
  return code in EN.messages
}

/** A fault that only programmers meet is named in English, below a sentence in the reader's language. */
function messageIn(language: Language, code: AnswerCode): { readonly message: string; readonly detail?: string } {
  const { messages, malformed } = WORDS[language]
  if (spoken(code)) return { message: messages[code] }
  const { message } = FAULTS[code]
  return language === 'en' ? { message } : { message: malformed, detail: message }
}
