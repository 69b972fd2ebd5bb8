// One request and its response: the life of a request, step by step. It knows neither which protocol carries the client's side
// (downstream.ts) nor how an upstream's connection works (attempt-events.ts); every decision is made in policy/.

import { performance } from 'node:perf_hooks'
import type { Timeouts } from '../config/snapshot.ts'
import type { Fields } from '../http1/fields.ts'
import type { RequestHead } from '../http1/request-head.ts'
import type { ResponseHead } from '../http1/response-head.ts'
import { isIdempotent } from '../policy/retry.ts'
import { normalisePath } from '../policy/routing.ts'
import { TOTAL } from '../shared/counters.ts'
import { type AnswerCode, answerToFailure } from './answers.ts'
import { Attempt } from './attempt.ts'
import type { AttemptEvents, FailureKind } from './attempt-events.ts'
import type { Downstream } from './downstream.ts'
import type { Endpoint } from './endpoint.ts'
import { ExchangeRecord } from './exchange-record.ts'
import { ExchangeTimer } from './exchange-timer.ts'
import { reportInDoubt } from './in-doubt.ts'
import { affinityCookie, type Placement, placementOf } from './placement.ts'
import type { Plan } from './plan.ts'
import type { Waiting } from './pool.ts'
import { RequestBody } from './request-body.ts'
import { type ForwardedRequest, requestText } from './request-fields.ts'
import { Retries } from './retries.ts'
import type { Runtime } from './runtime.ts'
import { sendAnswer } from './send-answer.ts'
import type { Expiring } from './timer-wheel.ts'
import { openTunnel } from './tunnel.ts'
import type { UpstreamConnection } from './upstream-connection.ts'

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
  #placement: Placement | undefined = undefined
  #waited = false
  #attempt: Attempt | undefined = undefined
  /** Undefined as long as nothing has failed. */
  #retries: Retries | undefined = undefined
  /** What the client is told when nothing is left to try. */
  #lastFailure: AnswerCode | undefined = undefined
  readonly #progress = { interimSent: false, headSent: false }

  constructor(runtime: Runtime, down: Downstream, head: RequestHead, forwarded: ForwardedRequest) {
    this.#runtime = runtime
    this.#plan = runtime.plan
    this.#down = down
    this.#head = head
    this.#forwarded = forwarded
    this.#timer = new ExchangeTimer(this, runtime.wheel)
    this.#body = new RequestBody(head.meaning.length)
    this.method = head.method
    this.#record = new ExchangeRecord(
      forwarded.requestId ?? runtime.nextRequestId(),
      head,
      down.client,
      forwarded.clientAddress,
    )
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
    return this.#down.bytesWaiting
  }

  get timeouts(): Timeouts {
    return (this.#placement?.route ?? this.#plan.snapshot).timeouts
  }

  // 1. Route; answer at once what needs no upstream.

  begin(): void {
    const path = normalisePath(this.#head.target)
    if (path === undefined) return this.#answer('bad-target')
    const { client } = this.#down
    const placement = placementOf(this.#plan, client.listener, this.#head, path, this.#forwarded.clientAddress)
    this.#record.path = path
    if (!placement) return this.#answer('no-route')
    const { route } = placement
    this.#placement = placement
    this.#record.placement = placement
    if (route.retry) this.#body.keep(route.retry.replayBytes)
    if (this.#head.meaning.length > route.bodyBytes) this.#answer('body-too-large')
  }

  // 2. Choose an upstream, or wait for the first verdict on one.

  dispatch(): void {
    const nowMs = this.#record.attempts === 0 ? this.#record.startedMs : performance.now()
    const { pool, key, claim } = this.#placement!
    const choice = pool.choose(key, claim, this.#retries?.tried, nowMs, Math.random)
    if (choice === 'none') this.#answer(this.#lastFailure ?? 'no-upstream-available')
    else if (choice !== 'no-verdict-yet') this.#try(choice, nowMs)
    else {
      this.#timer.phase = 'verdict'
      // One deadline, however often the question is asked again.
      if (!this.#waited) this.#timer.armForClient(pool.plan.firstVerdictMs, this.timeouts)
      this.#waited = true
      pool.awaitVerdict(this)
    }
  }

  // 3. One attempt, on an idle connection that this request may ride, or on a fresh one.

  #try(endpoint: Endpoint, nowMs: number): void {
    const safe = this.#body.bytes === 0 && this.#body.received && isIdempotent(this.method)
    const idle = this.#retries?.freshOnly ? undefined : endpoint.take(safe)
    this.#record.attempts += 1
    if (this.#record.attempts === 1) this.#runtime.row.add(this.#placement!.pool.slot, TOTAL.exchanges, 1)
    if (!idle) {
      this.#timer.phase = 'connect'
      this.#timer.arm(this.timeouts.connectMs)
    }
    this.#attempt = new Attempt(this.#runtime, endpoint, this, idle, nowMs)
    if (idle) this.onConnected(idle)
  }

  onConnected(connection: UpstreamConnection): void {
    const attempt = this.#attempt!
    const text = requestText(this.#head, this.#forwarded, attempt.endpoint.plan.authority, this.requestId)
    attempt.sentBytes = text.length
    this.#timer.phase = 'request'
    attempt.stalls = !this.#body.start(connection, text)
    if (this.#body.received) this.#awaitResponse()
    else {
      this.#timer.arm(this.timeouts.idleMs)
      if (!attempt.stalls) this.#down.resumeBody()
    }
  }

  // 4. The request's body, as it comes.

  onRequestBody(chunk: Buffer, start: number, end: number): void {
    if (this.#timer.phase === 'over') return
    this.#body.push(chunk, start, end)
    if (this.#body.bytes > this.#placement!.route.bodyBytes) return this.#breakOff('body-too-large')
    if (this.#timer.phase === 'request' || this.#timer.phase === 'body') this.#timer.arm(this.timeouts.idleMs)
  }

  /** All bytes at hand have been passed on. */
  onRequestReadEnd(): void {
    if (this.#timer.phase === 'over' || this.#body.flush()) return
    if (this.#attempt) this.#attempt.stalls = this.#timer.phase === 'request'
    this.#down.pauseBody()
  }

  onRequestEnd(trailers: Fields): void {
    if (this.#timer.phase === 'over') return
    this.#body.end(trailers)
    if (this.#timer.phase === 'request') this.#awaitResponse()
  }

  onUpstreamDrain(): void {
    if (this.#attempt) this.#attempt.stalls = false
    if (this.#timer.phase === 'request') this.#timer.arm(this.timeouts.idleMs)
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
    this.#placement!.pool.observe(attempt.endpoint, nowMs - attempt.startedMs, nowMs)
    this.#timer.phase = 'body'
    this.#progress.headSent = true
    this.#record.status = head.status
    const cookie = affinityCookie(this.#placement!, attempt.endpoint, this.#forwarded.scheme)
    this.#down.head(head, bodiless, this.requestId, cookie)
  }

  onBody(chunk: Buffer, start: number, end: number): void {
    this.#record.bytesOut += end - start
    this.#down.body(chunk, start, end)
  }

  onReadEnd(): boolean {
    this.#timer.onResponseBytes(this.timeouts)
    return this.#down.flush()
  }

  onDownstreamDrain(): void {
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
    this.#record.status = head.status
    const client = this.#down.upgrade(head, this.requestId)
    this.#finish('upgraded')
    openTunnel(this.#runtime, endpoint.slot, this.timeouts.tunnelMs, client, {
      socket: connection.socket,
      early,
      onData: listener => connection.tunnelTo(listener),
    })
  }

  // 6. An attempt has failed: another one where that is provably safe, else an answer that tells the truth.

  onFailure(kind: FailureKind, detail: string): void {
    const attempt = this.#attempt!
    const connecting = this.#timer.phase === 'connect'
    const made = this.#record.attempts
    attempt.leave()
    this.#retries ??= this.#beginRetries()
    const decision = this.#retries.afterFailure(attempt, kind, connecting, made, this.#progress)
    attempt.recordFailure(kind, detail, decision)
    this.#lastFailure = answerToFailure(kind, connecting)
    if (decision.retry) {
      if (!decision.stale) this.#placement!.pool.observe(attempt.endpoint, FAILURE_PENALTY_MS, performance.now())
      this.dispatch()
    } else if (this.#progress.headSent) this.#cut('upstream cut')
    else {
      if (decision.inDoubt) reportInDoubt(this.#runtime, this.#record, this.method, attempt.endpoint, detail)
      this.#answer(decision.inDoubt ? 'in-doubt' : this.#lastFailure)
    }
  }

  /** An answer whose status the pool wants tried again, where that is provably safe and there is somebody else to ask. */
  #askElsewhere(attempt: Attempt, status: number, nowMs: number): boolean {
    if (!this.#placement!.pool.plan.retry?.statuses.includes(status)) return false
    this.#retries ??= this.#beginRetries()
    const other = this.#retries.elsewhere(attempt, status, this.#record.attempts, this.#progress, nowMs)
    if (!other) return false
    attempt.discard()
    this.#try(other, nowMs)
    return true
  }

  #beginRetries(): Retries {
    return new Retries(this.method, this.#head.meaning.fields, this.#body, this.#placement!)
  }

  onDeadline(): void {
    this.#safely(() => this.#onDeadline())
  }

  /** A verdict on an upstream may be there. */
  onVerdict(): void {
    this.#safely(() => this.dispatch())
  }

  /** Timers and verdicts come from outside of any connection: what they break must end here. */
  #safely(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.#runtime.unexpected(error, this.requestId)
      this.#down.abandon()
    }
  }

  #onDeadline(): void {
    const verdict = this.#timer.judge(this.#attempt?.stalls === true, this.#down.bytesWaiting)
    switch (verdict.act) {
      case 'nothing':
        return
      case 'no-upstream':
        return this.#answer('no-upstream-available')
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
    if (this.#timer.phase !== 'over') this.#breakOff('internal-error')
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

  #answer(code: AnswerCode): void {
    const retryAfterS = code === 'no-upstream-available' ? this.#placement?.pool.plan.retryAfterS : undefined
    this.#progress.headSent = true
    const sent = sendAnswer(this.#down, this.#head, code, this.requestId, retryAfterS)
    this.#record.status = sent.status
    this.#record.bytesOut += sent.bytes
    this.#finish(code)
    this.#down.flush()
    this.#down.finished()
  }

  /** 8. Release, count, log: once, and last. */
  #finish(end: string): void {
    this.#placement?.pool.stopWaiting(this)
    this.#attempt?.leave()
    this.#timer.end()
    this.#record.proof = this.#retries?.proof
    this.#record.finish(this.#runtime, this.#attempt?.endpoint, this.#body.bytes, end)
  }
}
