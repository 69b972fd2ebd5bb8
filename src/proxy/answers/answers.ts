// vigia's own answers, each in two forms (HTML for people in their language, JSON for programs in
// English). Says nothing of upstreams' addresses, configuration or exceptions.

import { FAULTS } from '../../http/faults.ts'
import { FIELD, type Field } from '../../http/field-names.ts'
import type { ResponseHead } from '../../http/heads.ts'
import type { Language } from '../../plan/snapshot.ts'
import { type AnswerCode, type AnsweredStatus, type OwnCode, statusOf } from './codes.ts'
import { EN } from './pages/en.ts'
import { WORDS } from './pages/languages.ts'
import { errorPage } from './pages/page.ts'
import type { EverydayFault } from './pages/words.ts'

/** JSON, or a page in this language. */
export type AnswerForm = 'json' | Language

export interface Answer {
  readonly head: ResponseHead
  readonly body: Buffer
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
  return withHead(status, EN.titles[status], fields, body)
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
