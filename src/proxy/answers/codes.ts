// The codes of vigia's own answers, and the status that each has. What an answer looks like is answers.ts.

import { FAULTS, type FaultCode } from '../../http/faults.ts'
import type { FailureKind } from '../upstream/attempt-events.ts'

const STATUSES = {
  'no-route': 404,
  'no-upstream-available': 503,
  'queue-full': 503,
  'queue-timeout': 503,
  overloaded: 503,
  /** Of vigia itself: policy/process/own-trouble.ts. */
  'out-of-resources': 503,
  'rate-limited': 429,
  forbidden: 403,
  /** An upstream of its pool leads back to vigia (RFC 5842 7.2). */
  'loop-detected': 508,
  'connect-failed': 502,
  'connect-timeout': 504,
  'upstream-reset': 502,
  'upstream-timeout': 504,
  'bad-upstream-response': 502,
  /** Only what is stored was wanted (RFC 9111 5.2.1.7), and there is nothing. */
  'not-cached': 504,
  'in-doubt': 502,
  'internal-error': 500,
  /** The time that a stop of vigia leaves is up. */
  stopping: 503,
  /** With more to say than the others: closed-route-answer.ts. */
  maintenance: 503,
} as const

/** What vigia itself has to say; the others are faults of a request. */
export type OwnCode = keyof typeof STATUSES
export type AnswerCode = OwnCode | FaultCode
export type AnsweredStatus = (typeof STATUSES)[OwnCode] | (typeof FAULTS)[FaultCode]['status']

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
    case 'silent':
      return connecting ? 'connect-timeout' : 'upstream-timeout'
    case 'reset':
      return 'upstream-reset'
    case 'garbage':
      return 'bad-upstream-response'
    case 'own':
      return 'out-of-resources'
  }
}

export function statusOf(code: AnswerCode): AnsweredStatus {
  return isOwn(code) ? STATUSES[code] : FAULTS[code].status
}

export function isOwn(code: AnswerCode): code is OwnCode {
  return code in STATUSES
}
