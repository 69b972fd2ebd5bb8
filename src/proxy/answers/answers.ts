// vigia's own answers, each in two forms (HTML for people in their language, JSON for programs in
// English). Says nothing of upstreams' addresses, configuration or exceptions.

import { FAULTS } from '../../http/faults.ts'
import { FIELD, type Field } from '../../http/field-names.ts'
import type { ResponseHead } from '../../http/heads.ts'
import type { Language } from '../../plan/pages.ts'
import { type AnswerCode, type AnsweredStatus, isOwn, type OwnCode, statusOf } from './codes.ts'
import { type AnswerForm, statusFor, toldToRpcClient } from './forms.ts'
import { EN } from './pages/en.ts'
import { WORDS } from './pages/languages.ts'
import { doubtPage, errorPage, PAGE_POLICY } from './pages/page.ts'
import type { EverydayFault } from './pages/words.ts'
import { reasonPhrase } from './reason-phrase.ts'

export interface Answer {
  readonly head: ResponseHead
  readonly body: Buffer
}

/** @param retryAfterS seconds for Retry-After; undefined = none */
export function answer(code: AnswerCode, requestId: string, form: AnswerForm, retryAfterS?: number): Answer {
  const { kind, language, pages } = form
  const reason = reasonPhrase(code, language)
  const said = messageIn(language, code)
  if (kind === 'page') {
    const status = statusOf(code)
    const words = { status, title: WORDS[language].titles[status], ...said }
    const page = (code === 'in-doubt' ? doubtPage : errorPage)(language, words, requestId, pages)
    return answerOf({ status, reason, form, text: page, retryAfterS })
  }
  const status = statusFor(kind, code)
  const title = EN.titles[status]
  const detail = spoken(code) ? EN.messages[code] : FAULTS[code].message
  const lines = said.detail === undefined ? [said.message] : [said.message, said.detail]
  const { phrases, titles } = WORDS[language]
  const heading = isOwn(code) ? phrases[code] : titles[status]
  const told = toldToRpcClient(form, detail, { title: heading, lines }, requestId)
  const text = jsonText({ status, code, title, detail, requestId, ...told })
  return answerOf({ status, reason, form, text, retryAfterS })
}

export function jsonText(value: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify(value)}\n`
}

export interface AnswerParts {
  readonly status: AnsweredStatus
  readonly reason: string
  readonly form: AnswerForm
  /** Of the body. */
  readonly text: string
  /** Seconds; undefined = no Retry-After. */
  readonly retryAfterS: number | undefined
}

/** The whole response around its body. */
export function answerOf({ status, reason, form: { kind, language }, text, retryAfterS }: AnswerParts): Answer {
  const body = Buffer.from(text)
  const fields: [string, string, Field][] = [
    ['Content-Type', kind === 'page' ? 'text/html; charset=utf-8' : 'application/json', FIELD.contentType],
    ['Cache-Control', 'no-store', FIELD.other],
    ['Vary', 'Accept-Language, Accept', FIELD.other],
  ]
  if (kind === 'page')
    fields.push(['Content-Language', language, FIELD.other], ['Content-Security-Policy', PAGE_POLICY, FIELD.other])
  if (retryAfterS !== undefined) fields.push(['Retry-After', String(retryAfterS), FIELD.other])
  return withHead(status, reason, fields, body)
}

export function withHead(
  status: number,
  reason: string,
  fields: readonly (readonly [name: string, value: string, kind: Field])[],
  body: Buffer,
): Answer {
  return {
    body,
    head: {
      status,
      reason,
      minor: 1,
      length: body.length,
      options: { close: false, keepAlive: false, nominated: undefined, upgrade: undefined },
      keepAlive: undefined,
      written: undefined,
      encoded: undefined,
      fields: {
        names: fields.map(field => field[0]),
        values: fields.map(field => field[1]),
        kinds: fields.map(field => field[2]),
      },
    },
  }
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
