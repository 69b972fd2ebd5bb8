// What becomes of a held request after it was sent: it is over, goes again, or a person has to look. It goes again only where that is
// proven safe: nothing of it was carried out, or its route and client have declared that it may come twice.

import type { ForwardPlan } from '../../plan/hold.ts'
import { nextTryMs } from './next-try.ts'

/** What a verdict needs of a ForwardOutcome (shared/held/messages.ts). */
export type SentOutcome =
  | { readonly type: 'answered'; readonly upstream: string; readonly status: number }
  | { readonly type: 'not-sent'; readonly code: string; readonly detail: string }
  | { readonly type: 'in-doubt'; readonly upstream: string; readonly cause: string; readonly bytesSent: number }

export interface Sent {
  readonly repeatable: boolean
  /** This one included. */
  readonly attempts: number
  /** In a row, before this one, of which nothing was sent. */
  readonly refusals: number
  readonly retry: ForwardPlan['retry']
  /** From 0 up to 1. */
  readonly chance: number
}

/** @see `note` one line for people */
export type Verdict =
  | { readonly state: 'answered' }
  /** @see `counts` it was an attempt: of which nothing was sent, that one was none */
  | { readonly state: 'waiting'; readonly afterMs: number; readonly counts: boolean; readonly note: string }
  | { readonly state: 'in-doubt'; readonly note: string }
  | { readonly state: 'dead'; readonly note: string }

/** Live traffic needs the pool: soon again, as often as it takes. */
const BUSY_MS = 250

export function verdictOf(outcome: SentOutcome, sent: Sent): Verdict {
  switch (outcome.type) {
    case 'answered': {
      const { status, upstream } = outcome
      if (status < 500 || !sent.repeatable) return { state: 'answered' }
      return again(sent, `${upstream} answered ${status}`)
    }
    case 'not-sent': {
      const { code, detail } = outcome
      const afterMs = code === 'busy' ? BUSY_MS : nextTryMs(sent.retry, sent.refusals + 1, sent.chance)
      return { state: 'waiting', afterMs, counts: false, note: `not sent: ${detail === '' ? code : detail}` }
    }
    case 'in-doubt': {
      const { upstream, cause, bytesSent } = outcome
      const what = `${cause} of ${upstream} after ${bytesSent} bytes were sent`
      if (sent.repeatable) return again(sent, what)
      return { state: 'in-doubt', note: `nobody knows whether it was carried out: ${what}` }
    }
  }
}

function again(sent: Sent, what: string): Verdict {
  const { retry, attempts, chance } = sent
  if (attempts >= retry.attempts) return { state: 'dead', note: `${what}, the last of ${attempts} attempts` }
  return { state: 'waiting', afterMs: nextTryMs(retry, attempts, chance), counts: true, note: what }
}

/** Of a request that was being sent when vigia, its thread or its worker ended. */
export function afterCrash(repeatable: boolean, what: string): Verdict {
  return repeatable
    ? { state: 'waiting', afterMs: 0, counts: true, note: `${what} while it was being sent: it may come twice` }
    : { state: 'in-doubt', note: `nobody knows whether it was carried out: ${what} while it was being sent` }
}
