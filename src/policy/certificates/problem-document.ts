// What an answer of an ACME server that is no success means (RFC 8555 6.7, RFC 7807), and its Retry-After.

import type { OrderTrouble } from './order-tries.ts'

export interface CaAnswer {
  readonly status: number
  /** The body, as JSON says it. */
  readonly body: unknown
}

export interface CaProblem {
  /** Without the URN that all have in common, e.g. `rateLimited`; '' = none was said. */
  readonly type: string
  readonly trouble: OrderTrouble
  /** One line of bounded length. */
  readonly text: string
}

const PREFIX = 'urn:ietf:params:acme:error:'
const MOST_CHARACTERS = 400
/** Types that say that the name could not be shown to be ours; `unauthorized` does in a challenge only, elsewhere it is the account. */
const PROOF = new Set(['caa', 'connection', 'dns', 'incorrectResponse', 'tls'])
const AWAY = new Set(['serverInternal', 'badNonce'])

export function problemIn({ status, body }: CaAnswer): CaProblem {
  const { type, detail } = fieldsOf(body)
  return { type, trouble: troubleOf(type, status), text: textOf(type, detail) || `the CA answered ${status}` }
}

/** Why a challenge failed, or has not come true so far: the problem in its `error`. Undefined = the CA has not said. */
export function challengeProblemIn(error: unknown): CaProblem | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { type, detail } = fieldsOf(error)
  return { type, trouble: 'not-proven', text: textOf(type, detail) || 'the CA gives no reason' }
}

/** Seconds, or a date (RFC 9110 10.2.3), as ms from now; undefined = it says nothing. */
export function retryAfterMs(value: unknown, nowMs: number): number | undefined {
  if (typeof value !== 'string') return undefined
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000
  const at = /^[A-Z][a-z]{2}, /.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs)
}

function troubleOf(type: string, status: number): OrderTrouble {
  if (type === 'rateLimited' || status === 429) return 'busy'
  if (PROOF.has(type)) return 'not-proven'
  return status >= 500 || AWAY.has(type) ? 'unreachable' : 'refused'
}

function fieldsOf(body: unknown): { readonly type: string; readonly detail: string } {
  const { type, detail } = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>
  const urn = typeof type === 'string' ? type : ''
  return {
    type: oneLine(urn.startsWith(PREFIX) ? urn.slice(PREFIX.length) : ''),
    detail: oneLine(typeof detail === 'string' ? detail : ''),
  }
}

function textOf(type: string, detail: string): string {
  return detail === '' || type === '' ? detail || type : `${detail} (${type})`
}

/** What others write ends up in logs and on terminals: without controls, those of bidirectional text too, and of bounded length. */
export function oneLine(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim()
  return line.length <= MOST_CHARACTERS ? line : `${line.slice(0, MOST_CHARACTERS - 1)}…`
}
