// What an exchange has tried already, and whether it may try again: gathers the facts, policy/request/retry.ts decides. Made when the
// first attempt has failed, so that an exchange without trouble pays nothing for it.

import { performance } from 'node:perf_hooks'
import { type Fields, fieldValues } from '../../http/fields.ts'
import { declaredByHead } from '../../policy/request/declared.ts'
import {
  type Declared,
  decideRetry,
  decideRetryOfAnswer,
  decideRetryWithLength,
  type FailedAttempt,
  isBudgeted,
  isInDoubt,
  type Proof,
  type Repetition,
  type RetryDecision,
  whyNotRetried,
} from '../../policy/request/retry.ts'
import { isDeclaredRead } from '../../policy/request/rpc-reads.ts'
import { type AnswerCode, answerToFailure } from '../answers/codes.ts'
import type { Choice } from '../pool/choice.ts'
import { NEWCOMER } from '../pool/waiter.ts'
import type { FailureKind } from '../upstream/attempt-events.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { Attempt } from './attempt.ts'
import { decodedText } from './decoded-text.ts'
import type { Doubt } from './in-doubt.ts'
import type { Placement } from './placement.ts'
import type { RequestBody } from './request-body.ts'
import { failedTry, type Try, tryOf } from './story/tries.ts'

const SILENT = 'silent: probes find it unhealthy, and nothing answers there'

/** How far the response has come. */
export interface ResponseProgress {
  readonly interimSent: boolean
  readonly headSent: boolean
}

export class Retries {
  /** Upstreams that are not chosen again. */
  readonly tried: Endpoint[] = []
  /** No idle connection is trusted any more. */
  freshOnly = false
  /** Why the last retry was safe. */
  proof: Proof | undefined = undefined
  /** What the client is told when nothing is left to try. */
  lastFailure: AnswerCode | undefined = undefined
  /** The newest attempt that may have been carried out, unknown to all; an answer of a later one ends the doubt. */
  doubt: Doubt | undefined = undefined
  /** Attempts that were not the end of it, or failed, for whoever asks what became of the request. */
  readonly tries: Try[] = []
  /** How the request failed on the last upstream that got it. */
  #failedAs: FailureKind | undefined = undefined
  readonly #method: string
  readonly #fields: Fields
  readonly #body: RequestBody
  readonly #placement: Placement
  #declared: Declared | undefined = undefined

  constructor(method: string, fields: Fields, body: RequestBody, placement: Placement) {
    this.#method = method
    this.#fields = fields
    this.#body = body
    this.#placement = placement
  }

  /** Whether the request rather than the upstream seems to be why it failed: another upstream got it, and failed in the same way. */
  isProvoked(attempt: Attempt, failure: FailureKind, decision: RetryDecision): boolean {
    if (attempt.sentBytes === 0 || (decision.retry && decision.stale)) return false
    const provoked = this.#failedAs === failure
    this.#failedAs = failure
    return provoked
  }

  /** @param connecting there was no established connection yet */
  afterFailure(
    attempt: Attempt,
    failure: FailureKind,
    detail: string,
    connecting: boolean,
    attemptsMade: number,
    progress: ResponseProgress,
  ): RetryDecision {
    const { pool } = this.#placement
    const failed = this.#failed(attempt, failure, connecting, attemptsMade, progress)
    const decision = decideRetry(failed)
    const next = decision.retry ? decision : whyNotRetried(failed)
    this.tries.push(failedTry(attempt, this.#sentBytes(attempt), `${failure}: ${detail}`, next))
    this.lastFailure = answerToFailure(failure, connecting)
    this.noteDoubt(attempt, progress.headSent ? `the answer was cut: ${detail}` : `${failure}: ${detail}`)
    if (decision.retry) this.#begin(attempt.endpoint, decision)
    else if (failed.withinBudget === false) pool.budget?.refuse()
    return decision
  }

  /** An upstream has answered with a status that may be its `not now`: the choice of another to ask, or undefined. */
  elsewhere(
    attempt: Attempt,
    status: number,
    attemptsMade: number,
    progress: ResponseProgress,
    nowMs: number,
  ): Choice | undefined {
    const { pool } = this.#placement
    const statuses = pool.plan.retry?.statuses ?? []
    const decision = decideRetryOfAnswer({ ...this.#repetition(attempt, attemptsMade, progress), status, statuses })
    const other = decision.retry ? this.#beginElsewhere(attempt, decision, nowMs) : undefined
    if (other && decision.retry) {
      const { proof } = decision
      this.tries.push(tryOf(attempt, this.#sentBytes(attempt), { status, proof }, nowMs))
    }
    return other
  }

  /** An upstream has refused it for want of a length. @returns whether it is sent again with one, to whichever upstream */
  withLength(attempt: Attempt, attemptsMade: number, progress: ResponseProgress, nowMs: number): boolean {
    const decision = decideRetryWithLength(this.#repetition(attempt, attemptsMade, progress))
    if (!decision.retry || !this.#body.received) return false
    const { proof } = decision
    this.tries.push(tryOf(attempt, this.#sentBytes(attempt), { status: 411, proof }, nowMs))
    this.proof = proof
    this.#body.detach()
    return true
  }

  /** Its upstream has gone silent: the choice of another to ask, or undefined where it can't or must not be sent again. */
  awayFrom(
    attempt: Attempt,
    connecting: boolean,
    attemptsMade: number,
    progress: ResponseProgress,
  ): Choice | undefined {
    const decision = decideRetry(this.#failed(attempt, 'silent', connecting, attemptsMade, progress))
    const other = decision.retry ? this.#beginElsewhere(attempt, decision, performance.now()) : undefined
    if (other && decision.retry) this.tries.push(failedTry(attempt, this.#sentBytes(attempt), SILENT, decision))
    return other
  }

  #beginElsewhere(attempt: Attempt, decision: RetryDecision & { retry: true }, nowMs: number): Choice | undefined {
    const tried = [...this.tried, attempt.endpoint]
    const other = this.#placement.pool.choose(
      { placement: this.#placement, tried, login: undefined, rank: NEWCOMER },
      nowMs,
    )
    if (typeof other === 'string') return undefined
    this.#begin(attempt.endpoint, decision)
    return other
  }

  /** The attempt is over, and nobody learned how it ended. @param cause one line */
  noteDoubt(attempt: Attempt, cause: string): void {
    this.#declared ??= this.#declare()
    const { endpoint, sentBytes, connection } = attempt
    const request = { method: this.#method, declared: this.#declared, requestBytesWritten: sentBytes }
    if (!isInDoubt(request)) return
    const stage = connection.responseBegun ? 'responding' : 'sent'
    this.doubt = { endpoint, bytesSent: this.#sentBytes(attempt), stage, cause }
  }

  #sentBytes({ sentBytes }: Attempt): number {
    return sentBytes + this.#body.bytesUp
  }

  /** An upstream's answer goes to the client: no earlier attempt matters any more. */
  answered(): void {
    this.doubt = undefined
  }

  #begin(endpoint: Endpoint, decision: RetryDecision & { retry: true }): void {
    this.proof = decision.proof
    if (decision.stale) this.freshOnly = true
    else this.tried.push(endpoint)
    if (isBudgeted(decision)) this.#placement.pool.budget?.spend()
    this.#body.detach()
  }

  #failed(
    attempt: Attempt,
    failure: FailureKind,
    connecting: boolean,
    attemptsMade: number,
    progress: ResponseProgress,
  ): FailedAttempt {
    return {
      ...this.#repetition(attempt, attemptsMade, progress),
      stage: connecting ? 'connect' : attempt.connection.responseBegun ? 'responding' : 'sent',
      failure,
      requestBytesWritten: attempt.sentBytes,
      reusedConnection: attempt.reused,
      retryTimeouts: this.#placement.pool.plan.retry?.timeouts === true,
    }
  }

  #repetition({ connection }: Attempt, attemptsMade: number, { interimSent, headSent }: ResponseProgress): Repetition {
    const { pool } = this.#placement
    this.#declared ??= this.#declare()
    return {
      method: this.#method,
      declared: this.#declared,
      loggedIn: connection.login !== undefined,
      bodyReplayable: this.#body.replayable,
      responseStarted: interimSent || headSent,
      // The one that met a stale connection took none.
      attemptsMade: this.freshOnly ? attemptsMade - 1 : attemptsMade,
      attemptsMax: pool.plan.attempts,
      clientGone: false,
      withinBudget: pool.budget?.allows(),
    }
  }

  /** Whether one of the route's promises covers this request. */
  #declare(): Declared | undefined {
    const { route, rpcReads } = this.#placement
    const declared = declaredByHead(this.#method, route, () => fieldValues(this.#fields, 'idempotency-key'))
    if (declared !== undefined) return declared
    if (rpcReads === undefined || this.#method !== 'POST') return undefined
    const body = this.#body.whole()
    const coding = fieldValues(this.#fields, 'content-encoding')
    const text = body && decodedText(body, coding, rpcReads.bodyBytes)
    return text !== undefined && isDeclaredRead(text, rpcReads) ? 'read' : undefined
  }
}
