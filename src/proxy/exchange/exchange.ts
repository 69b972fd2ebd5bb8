// One request and its response, from its route on (step 1 is arrival.ts): the life of a request, step by step. It knows neither which
// protocol carries the client's side (client-events.ts, downstream.ts) nor how an upstream's connection works (attempt-events.ts);
// every decision is made in policy/. How it ends (7, 8) is endable-exchange.ts.

import { performance } from 'node:perf_hooks'
import { CHUNKED } from '../../http/body.ts'
import type { Fields } from '../../http/fields.ts'
import type { ResponseHead } from '../../http/heads.ts'
import { asksForLogin } from '../../http/login-schemes.ts'
import { isIdempotent, isRefusal } from '../../policy/request/retry.ts'
import { TOTAL } from '../../shared/counter-cells.ts'
import type { AnswerCode } from '../answers/codes.ts'
import type { Choice, Seeker } from '../pool/choice.ts'
import { NEWCOMER, Waiter, type Waiting } from '../pool/waiter.ts'
import { openTunnel } from '../tunnel/tunnel.ts'
import type { AttemptEvents, FailureKind } from '../upstream/attempt-events.ts'
import type { UpstreamConnection } from '../upstream/connection.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import { Logins } from '../upstream/logins.ts'
import { Attempt } from './attempt.ts'
import { invalidate } from './cached/invalidate.ts'
import type { ClientEvents } from './client-events.ts'
import { EndableExchange } from './endable-exchange.ts'
import { forwardedTrailers } from './fields/field-edits.ts'
import { noteSession } from './placement.ts'

/** RFC 9110 15.5.12. */
const LENGTH_REQUIRED = 411
/** What a failed attempt counts as for balancing by latency, ms. */
const FAILURE_PENALTY_MS = 5000

export class Exchange extends EndableExchange implements ClientEvents, AttemptEvents, Seeker, Waiting {
  get requestSent(): boolean {
    return this.body.sent
  }

  get offers(): string | undefined {
    return this.record.forwarded.upgrade
  }

  get webSocketAccept(): string | undefined {
    return this.down.webSocketAccept
  }

  get tried(): readonly Endpoint[] | undefined {
    return this.retries?.tried
  }

  get rank(): number {
    return this.waiter?.rank ?? NEWCOMER
  }

  get login(): Endpoint | undefined {
    return this.down.logins?.among(this.placement.pool.endpoints)
  }

  // 2. Choose an upstream, or wait for the first verdict on one, or for a permit.

  dispatch(): void {
    const nowMs = this.isFirst ? this.record.startedMs : performance.now()
    const choice = this.placement.pool.choose(this, nowMs)
    if (typeof choice !== 'string') this.#try(choice, nowMs)
    else if (choice === 'none') this.giveUp('no-upstream-available')
    else this.wait(choice)
  }

  protected wait(why: 'no-verdict-yet' | 'full'): void {
    const { pool, route } = this.placement
    if (this.breaker?.pend() === false) return this.giveUp('overloaded')
    this.waiter ??= new Waiter(this)
    const left = pool.wait(this.waiter, why, route.queuePriority ?? 0)
    if (left === undefined) return
    if (typeof left === 'string') return this.giveUp(left)
    this.timer.awaitTurn(why === 'full' ? 'queue' : 'verdict', left)
    // A permit may have become free before it stood in the queue.
    if (why === 'full') this.dispatch()
  }

  /** What it waits for may be there. */
  onTurn(): void {
    this.safely(() => this.dispatch())
  }

  // 3. One attempt, on an idle connection that this request may ride, or on a fresh one.

  #try(choice: Choice, nowMs: number): void {
    const { pool } = this.placement
    const safe = this.body.bytes === 0 && this.body.received && isIdempotent(this.method)
    if (this.waiter) pool.stopWaiting(this.waiter)
    const idle = this.retries?.freshOnly ? undefined : this.#idleOf(choice.endpoint, safe)
    if (!idle && this.breaker?.pend() === false) {
      choice.permit?.giveBack()
      return this.giveUp('overloaded')
    }
    this.record.attempts += 1
    if (this.record.attempts === 1) this.context.row.add(pool.slot, TOTAL.exchanges, 1)
    if (!idle) this.timer.awaitConnection()
    this.attempt = new Attempt(this.context, this.placement, choice, this, idle, nowMs)
    if (idle) this.onConnected()
  }

  /** The connection on which its client is logged in, else one that any client may use. */
  #idleOf(endpoint: Endpoint, safe: boolean): UpstreamConnection | undefined {
    const { logins } = this.down
    const own = logins && endpoint.takeLogin(logins, this.placement.pool.endpoints, this.proxied)
    if (own) return own
    // A login is not tried twice, so it begins where no earlier request can have left a surprise.
    return this.record.head.meaning.login ? undefined : endpoint.take(safe, this.proxied)
  }

  /** Nobody but its client rides this connection from now on. */
  #own(connection: UpstreamConnection): void {
    this.down.logins ??= new Logins()
    connection.login = this.down.logins
  }

  onConnected(): void {
    const attempt = this.attempt!
    const { head, forwarded } = this.record
    if (head.meaning.login) this.#own(attempt.connection)
    this.breaker?.connected()
    attempt.begin(head, forwarded, this.requestId)
    this.timer.phase = 'request'
    attempt.stalls = !this.body.start(attempt.connection)
    if (this.body.sent) return this.timer.awaitResponse()
    const upstreamsTurn = attempt.stalls || (head.meaning.expectsContinue && this.body.bytes === 0)
    this.timer.awaitBody(this.body.bytes, upstreamsTurn)
    if (!attempt.stalls) this.down.resumeBody()
  }

  // 4. The request's body, as it comes.

  onRequestBody(chunk: Buffer, start: number, end: number): void {
    if (this.isAnswered) return
    this.body.push(chunk, start, end)
    if (this.body.bytes > this.placement.route.bodyBytes) return this.breakOff('body-too-large')
    this.timer.onRequestBytes(end - start)
  }

  onRequestReadEnd(): void {
    if (this.isAnswered || this.body.flush()) return
    if (this.attempt) this.attempt.stalls = this.timer.phase === 'request'
    this.timer.pauseBody()
    this.down.pauseBody()
  }

  onRequestEnd(trailers: Fields): void {
    if (this.isAnswered) return
    this.body.end(trailers.names.length === 0 ? trailers : this.#forwarded(trailers))
    if (this.timer.phase === 'request' && this.body.sent) this.timer.awaitResponse()
  }

  #forwarded(trailers: Fields): Fields {
    return forwardedTrailers(
      trailers,
      this.down.client.trusted,
      this.context.active.certificateFields,
      this.placement.edits,
    )
  }

  onUpstreamDrain(): void {
    if (this.attempt) this.attempt.stalls = false
    if (this.timer.phase === 'request') this.timer.awaitBody(this.body.bytes, false)
    this.down.resumeBody()
  }

  onRequestFault(code: AnswerCode): void {
    if (!this.isAnswered) this.breakOff(code)
  }

  // 5. The response, as it comes.

  onInterim(head: ResponseHead): void {
    const request = this.record.head
    if (request.minor === 0 || (head.status === 100 && !request.meaning.expectsContinue)) return
    this.progress.interimSent = true
    this.down.interim(head)
  }

  onResponseHead(head: ResponseHead, bodiless: boolean): void {
    const attempt = this.attempt!
    const nowMs = performance.now()
    attempt.answerBegins(head, nowMs)
    if (asksForLogin(head.status, head.fields)) {
      if (this.down.client.http2) return this.needHttp1()
      this.#askedForLogin(attempt.connection)
    }
    if (
      head.status === LENGTH_REQUIRED &&
      this.record.forwarded.length === CHUNKED &&
      this.#askWithLength(attempt, nowMs)
    )
      return
    if (this.#askElsewhere(attempt, head.status, nowMs)) return
    // Its answer, but not one that can be told.
    if (this.webSocketAccept !== undefined && ((head.status / 100) | 0) === 2)
      return this.breakOff('bad-upstream-response')
    this.record.firstByteMs = nowMs - this.record.startedMs
    attempt.tellLatency()
    this.timer.phase = 'body'
    if (this.context.active.caches && head.status < 400) invalidate(this.context, this.down, this.record)
    this.passOn(head, bodiless)
  }

  /** What ends in the middle of a login ends for the client, too: it begins anew, as it would without a proxy. */
  #askedForLogin(connection: UpstreamConnection): void {
    this.#own(connection)
    if (!connection.outlivesAnswer) this.down.endAfterResponse('out-of-step')
  }

  onUpgraded(head: ResponseHead, early: Buffer | undefined): void {
    const { endpoint, connection } = this.attempt!
    this.retries?.answered()
    this.record.status = head.status
    const client = this.down.upgrade(this.edited(head, endpoint.plan.name), this.requestId)
    this.finish('upgraded')
    noteSession(this.context.sessions, this.placement, endpoint)
    const { timeouts } = this.placement.route
    const plan = { upstream: endpoint, timeouts, protocol: head.options.upgrade }
    openTunnel(this.context, plan, client, connection.tunnelEnd(early))
  }

  // 6. An attempt has failed: another one where that is provably safe, else an answer that tells the truth.

  onFailure(kind: FailureKind, detail: string): void {
    const attempt = this.attempt!
    if (this.progress.headSent && isRefusal(this.record.status, this.body.sent && !attempt.connection.writeFailed)) {
      attempt.recordAnswer()
      return this.cutBehind('upstream cut')
    }
    const connecting = this.timer.phase === 'connect'
    const made = this.record.attempts
    const decision = this.retrying.afterFailure(attempt, kind, detail, connecting, made, this.progress)
    const provoked = this.retrying.isProvoked(attempt, kind, decision)
    attempt.recordFailure(kind, detail, decision, this.record.client, provoked)
    const again = decision.retry && decision.stale ? attempt.handOn() : undefined
    attempt.leave()
    if (again) this.#try(again, performance.now())
    else if (decision.retry) {
      if (!decision.stale && kind !== 'own')
        this.placement.pool.observe(attempt.endpoint, FAILURE_PENALTY_MS, performance.now())
      this.dispatch()
    } else if (this.progress.headSent) this.cutBehind('upstream cut')
    else {
      // A client whose login has ended learns it, and begins anew.
      if (attempt.connection.login) this.down.endAfterResponse('out-of-step')
      this.answer(this.retrying.lastFailure!)
    }
  }

  upstreamIsSilent(slot: number, endBeforeMs: number): void {
    const { attempt } = this
    if (attempt?.endpoint.slot !== slot || !attempt.inFlight || this.progress.headSent) return
    this.safely(() => {
      if (this.#moveOn(attempt) || attempt.startedMs > endBeforeMs) return
      attempt.connection.abandon()
      this.onFailure('silent', 'its upstream is out, and nothing answers there')
    })
  }

  endPoll(slot: number): void {
    const { attempt } = this
    if (attempt?.endpoint.slot !== slot || !attempt.inFlight || this.placement.route.longPoll !== true) return
    this.safely(() => {
      if (!this.#moveOn(attempt)) this.interrupt('no-upstream-available', 'no long poll may stay on its upstream')
    })
  }

  #moveOn(attempt: Attempt): boolean {
    const connecting = this.timer.phase === 'connect'
    const other = this.retrying.awayFrom(attempt, connecting, this.record.attempts, this.progress)
    if (!other) return false
    attempt.moveOn(this.retrying.proof!)
    this.#try(other, performance.now())
    return true
  }

  /** The upstream takes no body without a length: from now on none of its pool gets one. */
  #askWithLength(attempt: Attempt, nowMs: number): boolean {
    if (!this.placement.pool.sawLengthRequired(attempt.endpoint)) return false
    if (!this.retrying.withLength(attempt, this.record.attempts, this.progress, nowMs)) return false
    this.record.forwarded = { ...this.record.forwarded, length: this.body.bytes, written: undefined }
    attempt.discard('refused')
    this.dispatch()
    return true
  }

  /** An answer whose status the pool wants tried again, where that is provably safe and there is somebody else to ask. */
  #askElsewhere(attempt: Attempt, status: number, nowMs: number): boolean {
    if (!this.placement.pool.plan.retry?.statuses.includes(status)) return false
    const other = this.retrying.elsewhere(attempt, status, this.record.attempts, this.progress, nowMs)
    if (!other) return false
    attempt.discard(this.retrying.proof!)
    this.#try(other, nowMs)
    return true
  }
}
