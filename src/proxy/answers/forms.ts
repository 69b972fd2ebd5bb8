// In which form an answer of vigia's own is written, and what JSON says besides to clients that call procedures. They go by the body, not
// by the status: Odoo's web client takes any JSON without an `error` for a result, of a 503 too.

import type { Language, PagesPlan } from '../../plan/pages.ts'
import type { Application } from '../../plan/pool.ts'
import { type AnswerCode, type AnsweredStatus, statusOf } from './codes.ts'
import { escapeHtml } from './pages/escape-html.ts'
import { WORDS } from './pages/languages.ts'
import { ownLines } from './pages/own-words.ts'

/**
 * A page for people; JSON for programs; or JSON of which the web client of Odoo or Frappe shows its user a message. Tryton's shows the
 * reason phrase, and reads no body but that of a 200.
 */
export type FormKind = 'page' | 'json' | Exclude<Application, 'tryton'>

export interface AnswerForm {
  readonly kind: FormKind
  /** Of the page, of what a web client shows, and of the reason phrase: all else in JSON is English. */
  readonly language: Language
  /** What its operator adds; undefined = nothing. */
  readonly pages?: PagesPlan | undefined
}

/**
 * Odoo's web client (16 to 18) reads no body of a 502: it says that the connection was lost, then that it is back, and its user sends the
 * request again. So what is in doubt is a 504 there, which it reads.
 */
export function statusFor(kind: FormKind, code: AnswerCode): AnsweredStatus {
  return code === 'in-doubt' && (kind === 'odoo' || kind === 'frappe') ? 504 : statusOf(code)
}

/** What the user of a web client reads: plain text in the language of the form. */
export interface ToldToUser {
  readonly title: string
  readonly lines: readonly string[]
}

/** Members of the JSON. @param detail in English */
export function toldToRpcClient(
  { kind, language, pages }: AnswerForm,
  detail: string,
  { title, lines }: ToldToUser,
  requestId: string,
): Readonly<Record<string, unknown>> {
  const read = [...lines, ...ownLines(pages, language), `${WORDS[language].request} ${requestId}`]
  switch (kind) {
    case 'odoo':
      return { jsonrpc: '2.0', id: null, error: odooError(read.join('\n')) }
    case 'frappe':
      return { error: rpcError(detail), _server_messages: frappeMessages(title, read) }
    default:
      return { error: rpcError(detail) }
  }
}

/** JSON-RPC 2.0, 5.1: the first of the codes for errors of a server's own. Odoo's clients read `data` without asking whether it is there. */
function rpcError(message: string): object {
  return { code: -32_000, message, data: {} }
}

/** As Odoo itself tells that a user can't do something (addons/web/static/src/core/network/rpc.js, errors/error_dialogs.js): a dialog. */
function odooError(message: string): object {
  const data = { name: 'odoo.exceptions.UserError', message, arguments: [message], context: {}, debug: '' }
  return { code: 200, message, data }
}

/** Read for any status (frappe/public/js/frappe/request.js, ui/messages.js): JSON in JSON, and HTML in that. */
function frappeMessages(title: string, lines: readonly string[]): string {
  const message = lines.map(escapeHtml).join('<br>')
  return JSON.stringify([JSON.stringify({ title: escapeHtml(title), message, indicator: 'red', raise_exception: 1 })])
}
