// One request and its response: the life of a request, step by step. It knows neither which protocol carries the client's side
// (downstream.ts) nor how an upstream's connection works (attempt-events.ts); every decision is made in policy/.

import { performance } from 'node:perf_hooks'
import type { Fields } from '../../http1/fields.ts'
import type { RequestHead } from '../../http1/request-head.ts'
import type { ResponseHead } from '../../http1/response-head.ts'
import type { Timeouts } from '../../plan/bounds.ts'
import { isIdempotent } from '../../policy/request/retry.ts'
import { TOTAL } from '../../shared/counters.ts'
import { type AnswerCode, isBusy } from '../answers/answers.ts'
import type { Plan } from '../plan-in-use.ts'
import type { Breaker } from '../pool/breaker.ts'
import { Waiter, type Waiting } from '../pool/waiter.ts'
import type { Runtime } from '../runtime.ts'
import type { Expiring } from '../timer-wheel.ts'
import { openTunnel } from '../tunnel/tunnel.ts'
import type { AttemptEvents, FailureKind } from '../upstream/attempt-events.ts'
import type { UpstreamConnection } from '../upstream/connection.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import { arrive } from './arrival.ts'
import { Attempt } from './attempt.ts'
import type { Downstream } from './downstream.ts'
import { reportInDoubt } from './in-doubt.ts'
import { affinityCookie, noteSession } from './placement.ts'
import { ExchangeRecord } from './record.ts'
import { RequestBody } from './request-body.ts'
import { type ForwardedRequest, requestText } from './request-fields.ts'
import { Retries } from './retries.ts'
import { sendAnswer } from './send-answer.ts'
import { ExchangeTimer } from './timer.ts'

/** What a failed attempt counts as for balancing by latency, ms. */
const FAILURE_PENALTY_MS = 5000

export class Exchange implements AttemptEvents, Expiring, Waiting {
  readonly method: string
  readonly #runtime: Runtime
  readonly #plan: Plan
  readonly #down: Downstream
  readonly #head: RequestHead
  readonly #forwarded: ForwardedRequest
  readonly #body: RequestBody
  readonly #record: ExchangeRecord
  readonly #timer: ExchangeTimer
  /** Undefined as long as it has not had to wait. */
  #waiter: Waiter | undefined = undefined
  #breaker: Breaker | undefined = undefined
  #attempt: Attempt | undefined = undefined
  /** Undefined as long as nothing has failed. */
  #retries: Retries | undefined = undefined
  readonly #progress = { interimSent: false, headSent: false }

  constructor(runtime: Runtime, down: Downstream, head: RequestHead, forwarded: ForwardedRequest) {
    this.#runtime = runtime
    this.#plan = runtime.plan
    this.#down = down
    this.#head = head
    this.#forwarded = forwarded
    this.#timer = new ExchangeTimer(this, runtime.wheel, this.#plan.snapshot.limits.minRate)
    this.#body = new RequestBody(head.meaning.length)
    this.method = head.method
    const requestId = forwarded.requestId ?? runtime.nextRequestId()
    this.#record = new ExchangeRecord(requestId, head, down.client, forwarded.clientAddress)
  }

  get requestId(): string {
    return this.#record.requestId
  }

  get over(): boolean {
    return this.#timer.phase === 'over'
  }

  get requestSent(): boolean {
    return this.#body.sent
  }

  get mayUpgrade(): boolean {
    return this.#head.minor === 1 && this.#head.meaning.options.upgrade !== undefined
  }

  get bytesWaiting(): boolean {
    return this.#down.bytesWaiting > 0
  }

  get timeouts(): Timeouts {
    return (this.#record.placement?.route ?? this.#plan.snapshot).timeouts
  }

  // 1. Route; answer at once what needs no upstream.

  begin(): void {
    const rejection = arrive(
      this.#plan,
      this.#runtime.closedRoutes,
      this.#down.client.listener,
      this.#head,
      this.#record,
    )
    if (rejection) return this.#answer(rejection.code, rejection.retryAfterS)
    const { route, pool } = this.#record.placement!
    if (route.retry) this.#body.keep(route.retry.replayBytes)
    this.#breaker = pool.breaker(route)
    if (this.#breaker?.enter() === false) this.#answer('overloaded')
  }

  // 2. Choose an upstream, or wait for the first verdict on one, or for a place.

  dispatch(): void {
    const nowMs = this.#record.attempts === 0 && !this.#waiter ? this.#record.startedMs : performance.now()
    const placement = this.#record.placement!
    const choice = placement.pool.choose(placement, this.#retries?.tried, nowMs, Math.random, this.#waiter?.rank)
    if (typeof choice !== 'string') this.#try(choice, nowMs)
    else if (choice === 'none') this.#answer(this.#retries?.lastFailure ?? 'no-upstream-available')
    else this.#wait(choice)
  }

  #wait(why: 'no-verdict-yet' | 'full'): void {
    const { pool, route } = this.#record.placement!
    if (this.#breaker?.pend() === false) return this.#answer(this.#retries?.lastFailure ?? 'overloaded')
    this.#waiter ??= new Waiter(this)
    const left = pool.wait(this.#waiter, why, route.queuePriority ?? 0)
    if (left === undefined) return
    if (typeof left === 'string') return this.#answer(this.#retries?.lastFailure ?? left)
    this.#timer.phase = why === 'full' ? 'queue' : 'verdict'
    this.#timer.armForClient(left, this.timeouts)
    // A place may have become free before it stood in the queue.
    if (why === 'full') this.dispatch()
  }

  // 3. One attempt, on an idle connection that this request may ride, or on a fresh one.

  #try(endpoint: Endpoint, nowMs: number): void {
    const safe = this.#body.bytes === 0 && this.#body.received && isIdempotent(this.method)
    if (this.#waiter) this.#record.placement!.pool.stopWaiting(this.#waiter)
    const idle = this.#retries?.freshOnly ? undefined : endpoint.take(safe)
    if (!idle && this.#breaker?.pend() === false) {
      this.#record.placement!.pool.places.drop(endpoint.slot)
      return this.#answer(this.#retries?.lastFailure ?? 'overloaded')
    }
    this.#record.attempts += 1
    if (this.#record.attempts === 1) this.#runtime.row.add(this.#record.placement!.pool.slot, TOTAL.exchanges, 1)
    if (!idle) {
      this.#timer.phase = 'connect'
      this.#timer.arm(this.timeouts.connectMs)
    }
    this.#attempt = new Attempt(this.#runtime, this.#record.placement!, endpoint, this, idle, nowMs)
    if (idle) this.onConnected(idle)
  }

  onConnected(connection: UpstreamConnection): void {
    const attempt = this.#attempt!
    this.#breaker?.connected()
    const text = requestText(this.#head, this.#forwarded, attempt.endpoint.plan.authority, this.requestId)
    attempt.began(text.length)
    this.#timer.phase = 'request'
    attempt.stalls = !this.#body.start(connection, text)
    if (this.#body.received) this.#awaitResponse()
    else {
      const upstreamsTurn = attempt.stalls || (this.#head.meaning.expectsContinue && this.#body.bytes === 0)
      this.#timer.awaitBody(this.timeouts, this.#body.bytes, upstreamsTurn)
      if (!attempt.stalls) this.#down.resumeBody()
    }
  }

  // 4. The request's body, as it comes.

  onRequestBody(chunk: Buffer, start: number, end: number): void {
    if (this.#timer.phase === 'over') return
    this.#body.push(chunk, start, end)
    if (this.#body.bytes > this.#record.placement!.route.bodyBytes) return this.#breakOff('body-too-large')
    this.#timer.onRequestBytes(this.timeouts, end - start)
  }

  /** All bytes at hand have been passed on. */
  onRequestReadEnd(): void {
    if (this.#timer.phase === 'over' || this.#body.flush()) return
    if (this.#attempt) this.#attempt.stalls = this.#timer.phase === 'request'
    this.#timer.pauseBody(this.timeouts)
    this.#down.pauseBody()
  }

  onRequestEnd(trailers: Fields): void {
    if (this.#timer.phase === 'over') return
    this.#body.end(trailers)
    if (this.#timer.phase === 'request') this.#awaitResponse()
  }

  onUpstreamDrain(): void {
    if (this.#attempt) this.#attempt.stalls = false
    if (this.#timer.phase === 'request') this.#timer.awaitBody(this.timeouts, this.#body.bytes, false)
    this.#down.resumeBody()
  }

  /** A body that is malformed: what went up of it is broken off. */
  onRequestFault(code: AnswerCode): void {
    if (this.#timer.phase !== 'over') this.#breakOff(code)
  }

  #awaitResponse(): void {
    this.#timer.phase = 'response'
    this.#timer.armForClient(this.timeouts.responseMs, this.timeouts)
  }

  // 5. The response, as it comes.

  onInterim(head: ResponseHead): void {
    if (this.#head.minor === 0 || (head.status === 100 && !this.#head.meaning.expectsContinue)) return
    this.#progress.interimSent = true
    this.#down.interim(head)
  }

  onResponseHead(head: ResponseHead, bodiless: boolean): void {
    const attempt = this.#attempt!
    const nowMs = performance.now()
    attempt.answerBegins(head.status, nowMs)
    if (this.#askElsewhere(attempt, head.status, nowMs)) return
    this.#record.firstByteMs = nowMs - this.#record.startedMs
    attempt.tellLatency()
    this.#timer.phase = 'body'
    this.#progress.headSent = true
    this.#retries?.answered()
    this.#record.status = head.status
    if (attempt.endpoint.ended) this.#down.endAfterResponse()
    noteSession(this.#runtime.sessions, this.#record.placement!, attempt.endpoint)
    const cookie = affinityCookie(this.#record.placement!, attempt.endpoint, this.#forwarded.scheme)
    this.#down.head(head, bodiless, this.requestId, cookie)
  }

  onBody(chunk: Buffer, start: number, end: number): void {
    this.#record.bytesOut += end - start
    this.#down.body(chunk, start, end)
  }

  onReadEnd(): boolean {
    const flowing = this.#down.flush()
    this.#timer.onResponseBytes(this.timeouts, flowing ? 0 : this.#down.bytesWaiting)
    return flowing
  }

  onDownstreamDrain(): void {
    this.#timer.onReaderReady(this.timeouts)
    this.#attempt?.connection.resume()
  }

  onResponseEnd(trailers: Fields): void {
    this.#down.end(trailers)
    this.#attempt!.recordAnswer()
    this.#finish('complete')
    this.#down.flush()
    this.#down.finished()
  }

  onUpgraded(head: ResponseHead, early: Buffer | undefined): void {
    const { endpoint, connection } = this.#attempt!
    this.#retries?.answered()
    this.#record.status = head.status
    const client = this.#down.upgrade(head, this.requestId)
    this.#finish('upgraded')
    noteSession(this.#runtime.sessions, this.#record.placement!, endpoint)
    const plan = { upstream: endpoint, timeouts: this.timeouts, protocol: head.options.upgrade }
    openTunnel(this.#runtime, plan, client, connection.tunnelEnd(early))
  }

  // 6. An attempt has failed: another one where that is provably safe, else an answer that tells the truth.

  onFailure(kind: FailureKind, detail: string): void {
    const attempt = this.#attempt!
    const connecting = this.#timer.phase === 'connect'
    const made = this.#record.attempts
    const decision = this.#retrying.afterFailure(attempt, kind, detail, connecting, made, this.#progress)
    attempt.recordFailure(kind, detail, decision)
    const again = decision.retry && decision.stale && attempt.handOn()
    attempt.leave()
    if (again) this.#try(attempt.endpoint, performance.now())
    else if (decision.retry) {
      if (!decision.stale) this.#record.placement!.pool.observe(attempt.endpoint, FAILURE_PENALTY_MS, performance.now())
      this.dispatch()
    } else if (this.#progress.headSent) this.#cut('upstream cut')
    else this.#answer(this.#retrying.lastFailure!)
  }

  /** An answer whose status the pool wants tried again, where that is provably safe and there is somebody else to ask. */
  #askElsewhere(attempt: Attempt, status: number, nowMs: number): boolean {
    if (!this.#record.placement!.pool.plan.retry?.statuses.includes(status)) return false
    const other = this.#retrying.elsewhere(attempt, status, this.#record.attempts, this.#progress, nowMs)
    if (!other) return false
    attempt.discard(this.#retrying.proof!)
    this.#try(other, nowMs)
    return true
  }

  get #retrying(): Retries {
    this.#retries ??= new Retries(this.method, this.#head.meaning.fields, this.#body, this.#record.placement!)
    return this.#retries
  }

  onDeadline(): void {
    this.#safely(() => this.#onDeadline())
  }

  /** What it waits for may be there. */
  onTurn(): void {
    this.#safely(() => this.dispatch())
  }

  /** Timers and verdicts come from outside of any connection: what they break must end here. */
  #safely(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.#runtime.unexpected(error, this.requestId)
      this.interrupted('internal error')
      this.#down.abandon()
    }
  }

  #onDeadline(): void {
    if (this.#timer.tooSlow) this.#runtime.row.add(this.#record.placement!.pool.slot, TOTAL.slowClients, 1)
    const verdict = this.#timer.judge(this.#attempt?.stalls === true, this.bytesWaiting)
    switch (verdict.act) {
      case 'nothing':
        return
      case 'no-upstream':
        return this.#answer('no-upstream-available')
      case 'queue-timeout':
        return this.#answer(this.#retries?.lastFailure ?? this.#record.placement!.pool.queueTimedOut())
      case 'fail-attempt':
        this.#attempt?.connection.abandon()
        return this.onFailure('timeout', verdict.detail)
      case 'client-stopped-sending':
        return this.#breakOff('body-timeout')
      case 'client-stopped-reading':
        this.#attempt?.connection.abandon()
        return this.#cut('client stalls')
      case 'wait-for-client':
        return this.#timer.waitForClient(this.timeouts)
      case 'client-gone':
        return this.#down.abandon()
    }
  }

  // 7. The client's side ends early.

  onClientGone(): void {
    if (this.#timer.phase === 'over') return
    this.#attempt?.connection.abandon()
    this.#finish('client left')
  }

  /** A client that closed its sending side may only have finished sending. */
  onClientHalfClosed(): void {
    if (!this.over) this.#timer.onClientHalfClosed(this.timeouts)
  }

  /** An exception somewhere in this exchange: end it, whatever state it is in. */
  abort(): void {
    if (this.#timer.phase === 'over') return
    this.interrupted('internal error')
    this.#breakOff('internal-error')
  }

  /** vigia itself is about to end it, by a bug or by its stop: what was sent may be carried out all the same. */
  interrupted(cause: string): void {
    if (this.#timer.phase === 'over' || !this.#attempt) return
    this.#retrying.noteDoubt(this.#attempt, cause)
  }

  /** Ends the attempt, then answers if there is still something to say. */
  #breakOff(code: AnswerCode): void {
    this.#attempt?.connection.abandon()
    if (this.#progress.headSent) this.#cut(code)
    else this.#answer(code)
  }

  #cut(end: string): void {
    this.#finish(end)
    this.#down.cut()
  }

  /** @param unlessInDoubt what to say; a request of which an earlier attempt may have been carried out is told that */
  #answer(unlessInDoubt: AnswerCode, waitS?: number): void {
    const code = this.#retries?.doubt ? 'in-doubt' : unlessInDoubt
    const retryAfterS = isBusy(code) ? this.#record.placement?.pool.plan.retryAfterS : waitS
    this.#progress.headSent = true
    const sent = sendAnswer(this.#down, this.#head, this.#record, code, retryAfterS, this.#plan.snapshot.language)
    this.#record.status = sent.status
    this.#record.bytesOut += sent.bytes
    this.#finish(code)
    this.#down.flush()
    this.#down.finished()
  }

  /** 8. Release, count, log: once, and last. */
  #finish(end: string): void {
    if (this.#waiter) this.#record.queueMs = this.#record.placement!.pool.stopWaiting(this.#waiter)
    this.#breaker?.end()
    this.#attempt?.leave()
    this.#timer.end()
    this.#record.proof = this.#retries?.proof ?? ''
    if (this.#retries?.doubt) reportInDoubt(this.#runtime, this.#record, this.#head, this.#retries.doubt)
    this.#record.finish(this.#runtime, this.#attempt, this.#body.bytes, end)
  }
}
