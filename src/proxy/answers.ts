// vigia's own answers: one table of code, status and words, and their two forms (HTML for people, JSON for programs).
// Says nothing of upstreams' addresses, configuration or exceptions.

import { FAULTS, type FaultCode } from '../http1/faults.ts'
import { FIELD, type Field } from '../http1/field-names.ts'
import type { ResponseHead } from '../http1/response-head.ts'
import type { FailureKind } from './attempt-events.ts'

const ANSWERS = {
  'no-route': { status: 404, message: 'No route is configured for this address.' },
  'no-upstream-available': { status: 503, message: 'No server for this application is available right now.' },
  'queue-full': { status: 503, message: 'The application is busy and too many requests wait already.' },
  'queue-timeout': { status: 503, message: 'The application is busy: no server became free in time.' },
  overloaded: { status: 503, message: 'The application is busy. Please try again in a moment.' },
  'rate-limited': { status: 429, message: 'Too many requests from this address. Please wait a moment.' },
  forbidden: { status: 403, message: 'This address may not be used from here.' },
  'connect-failed': { status: 502, message: 'The application server could not be reached.' },
  'connect-timeout': { status: 504, message: 'The application server could not be reached in time.' },
  'upstream-reset': { status: 502, message: 'The application server closed the connection before it answered.' },
  'upstream-timeout': { status: 504, message: 'The application server did not answer in time.' },
  'bad-upstream-response': { status: 502, message: 'The application server gave an answer that is not valid HTTP.' },
  'in-doubt': {
    status: 502,
    message: 'The application server may or may not have carried out this request. Check before you send it again.',
  },
  'internal-error': { status: 500, message: 'Something went wrong inside the load balancer.' },
} as const

export type AnswerCode = keyof typeof ANSWERS | FaultCode

export interface Answer {
  readonly head: ResponseHead
  readonly body: Buffer
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  408: 'Request Timeout',
  413: 'Content Too Large',
  414: 'URI Too Long',
  417: 'Expectation Failed',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
}

/** Whether it says: not now, try again later. */
export function isBusy(code: AnswerCode): boolean {
  return textOf(code).status === 503
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
export function answer(code: AnswerCode, requestId: string, json: boolean, retryAfterS?: number): Answer {
  const { status, message } = textOf(code)
  const reason = REASONS[status] ?? ''
  const body = Buffer.from(
    json ? asJson(code, status, reason, message, requestId) : asPage(status, reason, message, requestId),
  )
  const fields: [string, string, Field][] = [
    ['Content-Type', json ? 'application/json' : 'text/html; charset=utf-8', FIELD.contentType],
    ['Cache-Control', 'no-store', FIELD.other],
  ]
  if (retryAfterS !== undefined) fields.push(['Retry-After', String(retryAfterS), FIELD.other])
  return {
    body,
    head: {
      status,
      reason,
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

function textOf(code: AnswerCode): { readonly status: number; readonly message: string } {
  return code in ANSWERS ? ANSWERS[code as keyof typeof ANSWERS] : FAULTS[code as FaultCode]
}

function asJson(code: string, status: number, title: string, detail: string, requestId: string): string {
  return `${JSON.stringify({ status, code, title, detail, requestId })}\n`
}

function asPage(status: number, reason: string, message: string, requestId: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${status} ${reason}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1rem;color:#222}h1{font-size:1.4rem}small{color:#666}</style>
<h1>${status} ${reason}</h1>
<p>${message}</p>
<p><small>Request ${requestId}</small></p>
</html>
`
}
