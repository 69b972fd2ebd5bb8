// What follows a failed attempt, or an answer that says "not now": another attempt, but only where a second sending is
// provably safe, or the end. An unsafe request of which any byte may have reached an upstream is never sent again,
// unless its route declares that it may be.

/** Why a route's promise covers a request: it carries an Idempotency-Key, is a declared RPC read, or a POST that only polls. */
export type Declared = 'keyed' | 'read' | 'poll'

/** Why a second sending is safe; `refused`: a server that wants a length said so (411) instead of carrying it out. */
export type Proof = 'not-sent' | 'idempotent' | 'declared' | 'refused'

/** What is known of the request, whatever became of the attempt. */
export interface Repetition {
  readonly method: string
  /** Undefined = the route promises nothing for this request. See declared.ts and rpc-reads.ts. */
  readonly declared?: Declared | undefined
  /**
   * The connection is a login of its client, or about to become one (http/login-schemes.ts): on another one the request would be
   * somebody else's or nobody's, and its credentials may hold only once.
   */
  readonly loggedIn?: boolean | undefined
  /** Whether all of the body is still at hand (true where there is none). */
  readonly bodyReplayable: boolean
  /** A byte of a response, interim ones included, went to the client. */
  readonly responseStarted: boolean
  /** This one included. */
  readonly attemptsMade: number
  readonly attemptsMax: number
  readonly clientGone: boolean
  /** What the pool's retry budget says (retry-budget.ts); undefined = there is none. */
  readonly withinBudget?: boolean | undefined
}

export interface FailedAttempt extends Repetition {
  /** `connect`: no established connection yet; `sent`: on it, no response byte seen; `responding`: some seen. */
  readonly stage: 'connect' | 'sent' | 'responding'
  /**
   * `timeout`: of connecting or of waiting for the response; `garbage`: what came is no HTTP; `own`: for want of descriptors, ports or
   * memory of vigia itself: another upstream may have an idle connection, or ports left; `silent`: probes get no answer either.
   */
  readonly failure: 'connect' | 'timeout' | 'reset' | 'garbage' | 'own' | 'silent'
  /** Bytes of this request, head included, that were handed to an established connection. */
  readonly requestBytesWritten: number
  /** The connection had served an earlier request. */
  readonly reusedConnection: boolean
  /** Whether a repeatable request whose response timed out is sent again: it may be what makes upstreams slow. */
  readonly retryTimeouts: boolean
}

export interface AnsweredAttempt extends Repetition {
  /** Of the upstream's answer. */
  readonly status: number
  /** Statuses that the pool wants tried again elsewhere. */
  readonly statuses: readonly number[]
}

export type RetryDecision =
  | {
      readonly retry: true
      readonly proof: Proof
      /**
       * The upstream had closed an idle connection just when it was used: that is no fault of the upstream. It may be
       * tried again, on a fresh connection.
       */
      readonly stale: boolean
    }
  | { readonly retry: false }

export function decideRetry(attempt: FailedAttempt): RetryDecision {
  const notSent = attempt.requestBytesWritten === 0
  const stale = isStale(attempt)
  // A stale connection costs no attempt, once: else `attempts: 1` would turn every keep-alive race into an error.
  const attemptsMax = stale ? attempt.attemptsMax + 1 : attempt.attemptsMax
  if (isOver(attempt, attemptsMax)) return NO_RETRY
  if (notSent) return { retry: true, proof: 'not-sent', stale }
  const proof = proofOf(attempt)
  const affordable = stale || attempt.withinBudget !== false
  if (proof !== undefined && affordable && mayPass(attempt)) return { retry: true, proof, stale }
  return NO_RETRY
}

/**
 * Why no other attempt may follow, for people. `answer-begun`: the client has a part of an answer; `not-repeatable`: the method is unsafe,
 * nothing declares it otherwise, and bytes of it were sent; `body-gone`: its body was too long to keep.
 */
export type NoRetryReason =
  | 'answer-begun'
  | 'client-gone'
  | 'attempts'
  | 'login'
  | 'not-repeatable'
  | 'body-gone'
  | 'budget'
  | 'timeout'
  | 'garbage'

/** Undefined = one may: it says no exactly where `decideRetry` does. */
export function whyNotRetried(attempt: FailedAttempt): NoRetryReason | undefined {
  if (decideRetry(attempt).retry) return undefined
  if (attempt.responseStarted) return 'answer-begun'
  if (attempt.clientGone) return 'client-gone'
  if (attempt.requestBytesWritten > 0 && proofOf(attempt) === undefined) {
    if (attempt.loggedIn === true) return 'login'
    return isIdempotent(attempt.method) || attempt.declared !== undefined ? 'body-gone' : 'not-repeatable'
  }
  if (attempt.attemptsMade >= attempt.attemptsMax) return 'attempts'
  if (attempt.withinBudget === false) return 'budget'
  return attempt.failure === 'timeout' ? 'timeout' : 'garbage'
}

/**
 * Whether the upstream may or may not have carried out an unsafe request, and nobody learned which. An answer that was cut is no
 * proof either: its head was written before all was done, or it says of a failure what the client never got to read.
 * Where another attempt follows, its answer ends the doubt; where it gets none, the doubt stays.
 */
export function isInDoubt({
  method,
  declared,
  requestBytesWritten,
}: Pick<FailedAttempt, 'method' | 'declared' | 'requestBytesWritten'>): boolean {
  // A keyed request changes something: its key makes it repeatable, not harmless.
  return requestBytesWritten > 0 && !isIdempotent(method) && (declared === undefined || declared === 'keyed')
}

/**
 * Whether the status of an answer alone settles what became of the request: it was refused. So it is even where the rest of the answer
 * is cut. A server that refuses an upload, answers and closes with the body unread cuts it so by its reset, where only the end
 * of the connection ends the answer.
 * @param requestWhole all of the request has left for the upstream: then an error of the server's own (RFC 9110 15.6) may have come in
 * the middle of the work, while one of the client's (15.5) says that it wasn't done
 */
export function isRefusal(status: number, requestWhole: boolean): boolean {
  return status >= 400 && (status < 500 || !requestWhole)
}

/**
 * An upstream answered with a status that the pool wants tried elsewhere. Ask before any byte of the answer goes down.
 * Where it says no, the answer is passed on: it is one, so nothing is in doubt.
 */
export function decideRetryOfAnswer(attempt: AnsweredAttempt): RetryDecision {
  const proof = attempt.statuses.includes(attempt.status) ? proofOf(attempt) : undefined
  if (proof === undefined || attempt.withinBudget === false || isOver(attempt, attempt.attemptsMax)) return NO_RETRY
  return { retry: true, proof, stale: false }
}

/**
 * An upstream refused the request since it said no length (RFC 9110 15.5.12), which means that it was not carried out, whatever its method.
 * Whether it is sent again with one, now that all of it is at hand.
 */
export function decideRetryWithLength(attempt: Repetition): RetryDecision {
  if (!attempt.bodyReplayable || attempt.loggedIn === true || isOver(attempt, attempt.attemptsMax)) return NO_RETRY
  return { retry: true, proof: 'refused', stale: false }
}

/**
 * Whether a retry is taken from the budget: only one that can add to what upstreams have to do. A request of which
 * nothing was sent, or that was refused, has cost nobody anything; one that met a connection closed in the meantime was not seen either, and
 * there are no more of those than there were answers that left a connection behind.
 */
export function isBudgeted(decision: RetryDecision): boolean {
  return decision.retry && decision.proof !== 'not-sent' && decision.proof !== 'refused' && !decision.stale
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

const NO_RETRY: RetryDecision = { retry: false }

function isOver({ responseStarted, clientGone, attemptsMade }: Repetition, attemptsMax: number): boolean {
  return responseStarted || clientGone || attemptsMade >= attemptsMax
}

/** Why the request may be sent a second time although an upstream may have carried it out; undefined = it may not. */
function proofOf({ method, declared, loggedIn, bodyReplayable }: Repetition): Proof | undefined {
  if (!bodyReplayable || loggedIn === true) return undefined
  if (isIdempotent(method)) return 'idempotent'
  return declared === undefined ? undefined : 'declared'
}

/** Whether the failure is one that another upstream, or a second try, may not have. */
function mayPass({ failure, retryTimeouts, attemptsMade }: FailedAttempt): boolean {
  switch (failure) {
    case 'connect':
    case 'reset':
    case 'silent':
    case 'own':
      return true
    case 'timeout':
      return retryTimeouts
    // Either the upstream is broken, or this request makes any of them answer so: a second one that does settles it.
    case 'garbage':
      return attemptsMade === 1
  }
}

function isStale({ reusedConnection, failure, stage }: FailedAttempt): boolean {
  return reusedConnection && failure === 'reset' && stage !== 'responding'
}
