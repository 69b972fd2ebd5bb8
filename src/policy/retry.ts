// What follows a failed attempt: another one, but only where a second sending is provably safe, or the end.
// An unsafe request of which any byte may have reached an upstream is never sent again.

export interface FailedAttempt {
  /** `connect`: no established connection yet; `sent`: on it, no response byte seen; `responding`: some seen. */
  readonly stage: 'connect' | 'sent' | 'responding'
  /** `timeout`: of connecting or of waiting for the response; `garbage`: what came is no HTTP. */
  readonly failure: 'connect' | 'timeout' | 'reset' | 'garbage'
  /** Bytes of this request, head included, that were handed to an established connection. */
  readonly requestBytesWritten: number
  /** The connection had served an earlier request. */
  readonly reusedConnection: boolean
  readonly method: string
  /** Whether all of the body is still at hand (true where there is none). */
  readonly bodyReplayable: boolean
  /** A byte of a response, interim ones included, went to the client. */
  readonly responseStarted: boolean
  /** This one included. */
  readonly attemptsMade: number
  readonly attemptsMax: number
  readonly clientGone: boolean
  /** Whether an idempotent request whose response timed out is sent again: it may be what makes upstreams slow. */
  readonly retryTimeouts: boolean
}

export type RetryDecision =
  | {
      readonly retry: true
      /** Why a second sending is safe. */
      readonly proof: 'not-sent' | 'idempotent'
      /**
       * The upstream had closed an idle connection just when it was used: that is no fault of the upstream. It may be
       * tried again, on a fresh connection.
       */
      readonly stale: boolean
    }
  | {
      readonly retry: false
      /** The upstream may or may not have carried out an unsafe request, and nobody learned which. */
      readonly inDoubt: boolean
    }

export function decideRetry(attempt: FailedAttempt): RetryDecision {
  const notSent = attempt.requestBytesWritten === 0
  const inDoubt = !notSent && !isIdempotent(attempt.method) && !attempt.responseStarted
  const stale = isStale(attempt)
  // A stale connection costs no attempt, once: else `attempts: 1` would turn every keep-alive race into an error.
  const attemptsMax = stale ? attempt.attemptsMax + 1 : attempt.attemptsMax
  if (attempt.responseStarted || attempt.clientGone || attempt.attemptsMade >= attemptsMax) {
    return { retry: false, inDoubt }
  }
  if (notSent) return { retry: true, proof: 'not-sent', stale }
  if (isIdempotent(attempt.method) && attempt.bodyReplayable && mayPass(attempt)) {
    return { retry: true, proof: 'idempotent', stale }
  }
  return { retry: false, inDoubt }
}

/** RFC 9110 9.2.2. An unknown method is unsafe. */
export function isIdempotent(method: string): boolean {
  switch (method) {
    case 'GET':
    case 'HEAD':
    case 'OPTIONS':
    case 'TRACE':
    case 'PUT':
    case 'DELETE':
      return true
    default:
      return false
  }
}

/** Whether the failure is one that another upstream, or a second try, may not have. */
function mayPass({ failure, retryTimeouts }: FailedAttempt): boolean {
  switch (failure) {
    case 'connect':
    case 'reset':
      return true
    case 'timeout':
      return retryTimeouts
    // An answer that is no HTTP is most likely caused by the request itself: another upstream would give it as well.
    case 'garbage':
      return false
  }
}

function isStale({ reusedConnection, failure, stage }: FailedAttempt): boolean {
  return reusedConnection && failure === 'reset' && stage !== 'responding'
}
