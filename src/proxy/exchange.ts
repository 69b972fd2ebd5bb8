// One request and its response: the life of a request, step by step. It knows neither which protocol carries the client's side
// (downstream.ts) nor how an upstream's connection works (attempt-events.ts); every decision is made in policy/.

import { performance } from 'node:perf_hooks'
import type { Timeouts } from '../config/snapshot.ts'
import type { Fields } from '../http1/fields.ts'
import type { RequestHead } from '../http1/request-head.ts'
import type { ResponseHead } from '../http1/response-head.ts'
import { type ExchangePhase, judgeDeadline } from '../policy/deadline.ts'
import { isIdempotent } from '../policy/retry.ts'
import { matchRoute, normalisePath } from '../policy/routing.ts'
import { affinityKey } from './affinity-key.ts'
import { type AnswerCode, answerToFailure } from './answers.ts'
import { Attempt } from './attempt.ts'
import type { AttemptEvents, FailureKind } from './attempt-events.ts'
import type { Downstream } from './downstream.ts'
import type { Endpoint } from './endpoint.ts'
import { ExchangeRecord } from './exchange-record.ts'
import { reportInDoubt } from './in-doubt.ts'
import type { Plan } from './plan.ts'
import type { Pool, Waiting } from './pool.ts'
import { RequestBody } from './request-body.ts'
import type { ForwardedRequest } from './request-fields.ts'
import type { Runtime } from './runtime.ts'
import { sendAnswer } from './send-answer.ts'
import { type Expiring, Timer } from './timer-wheel.ts'
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
  readonly #timer = new Timer(this)
  /** What it waits for; each phase has its deadline. */
  #phase: ExchangePhase = 'verdict'
  #clientHalfClosed = false
  #waited = false
  #waitedForClient = false
  #attempt: Attempt | undefined = undefined
  #tried: Endpoint[] | undefined = undefined
  #freshOnly = false
  /** What the client is told when nothing is left to try. */
  #lastFailure: AnswerCode | undefined = undefined
  #interimSent = false
  #headSent = false

  constructor(runtime: Runtime, down: Downstream, head: RequestHead, forwarded: ForwardedRequest) {
    this.#runtime = runtime
    this.#plan = runtime.plan
    this.#down = down
    this.#head = head
    this.#forwarded = forwarded
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
    return this.#phase === 'over'
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

  /** Of the route, once it is known. */
  get timeouts(): Timeouts {
    return (this.#record.route ?? this.#plan.snapshot).timeouts
  }

  // 1. Route; answer at once what needs no upstream.

  begin(): void {
    const { target, hostName, method, meaning } = this.#head
    const path = normalisePath(target)
    if (path === undefined) return this.#answer('bad-target')
    this.#record.path = path
    const table = this.#plan.tables.get(this.#down.client.listener)
    const index = table ? matchRoute(table, hostName, path, method) : -1
    if (index < 0) return this.#answer('no-route')
    const route = this.#plan.routes[index]!
    this.#record.route = route
    this.#record.pool = this.#plan.pools[route.pool]!
    if (meaning.length > route.bodyBytes) this.#answer('body-too-large')
  }

  // 2. Choose an upstream, or wait for the first verdict on one.

  dispatch(): void {
    const pool = this.#record.pool!
    const { balance } = pool.plan
    const { fields } = this.#head.meaning
    const key = balance.kind === 'hash' ? affinityKey(balance.key, fields, this.#forwarded.clientAddress) : 0
    const nowMs = this.#record.attempts === 0 ? this.#record.startedMs : performance.now()
    const choice = pool.choose(key, this.#tried, nowMs, Math.random)
    if (choice === 'none') this.#answer(this.#lastFailure ?? 'no-upstream-available')
    else if (choice === 'no-verdict-yet') this.#awaitVerdict(pool)
    else this.#try(choice, nowMs)
  }

  #awaitVerdict(pool: Pool): void {
    this.#phase = 'verdict'
    // One deadline, however often the question is asked again.
    if (!this.#waited) this.#arm(pool.plan.firstVerdictMs)
    this.#waited = true
    pool.awaitVerdict(this)
  }

  // 3. One attempt, on an idle connection that this request may ride, or on a fresh one.

  #try(endpoint: Endpoint, nowMs: number): void {
    const safe = this.#body.bytes === 0 && this.#body.received && isIdempotent(this.method)
    const idle = this.#freshOnly ? undefined : endpoint.take(safe)
    this.#record.attempts += 1
    if (!idle) {
      this.#phase = 'connect'
      this.#runtime.wheel.arm(this.#timer, this.timeouts.connectMs)
    }
    this.#attempt = new Attempt(this.#runtime, endpoint, this, idle, nowMs)
    if (idle) this.onConnected(idle)
  }

  onConnected(connection: UpstreamConnection): void {
    const attempt = this.#attempt!
    const { method, target, host } = this.#head
    const start = `${method} ${target} HTTP/1.1\r\nHost: ${host ?? attempt.endpoint.plan.authority}\r\n`
    const text = `${start}${this.#forwarded.block}X-Request-Id: ${this.requestId}\r\n\r\n`
    attempt.sentBytes = text.length
    this.#phase = 'request'
    attempt.stalls = !this.#body.start(connection, text)
    if (this.#body.received) this.#awaitResponse()
    else {
      this.#runtime.wheel.arm(this.#timer, this.timeouts.idleMs)
      if (!attempt.stalls) this.#down.resumeBody()
    }
  }

  // 4. The request's body, as it comes.

  onRequestBody(chunk: Buffer, start: number, end: number): void {
    if (this.#phase === 'over') return
    this.#body.push(chunk, start, end)
    if (this.#body.bytes > this.#record.route!.bodyBytes) return this.#breakOff('body-too-large')
    if (this.#phase === 'request' || this.#phase === 'body') this.#runtime.wheel.arm(this.#timer, this.timeouts.idleMs)
  }

  /** All bytes at hand have been passed on. */
  onRequestReadEnd(): void {
    if (this.#phase === 'over' || this.#body.flush()) return
    if (this.#attempt) this.#attempt.stalls = this.#phase === 'request'
    this.#down.pauseBody()
  }

  onRequestEnd(trailers: Fields): void {
    if (this.#phase === 'over') return
    this.#body.end(trailers)
    if (this.#phase === 'request') this.#awaitResponse()
  }

  onUpstreamDrain(): void {
    if (this.#attempt) this.#attempt.stalls = false
    if (this.#phase === 'request') this.#runtime.wheel.arm(this.#timer, this.timeouts.idleMs)
    this.#down.resumeBody()
  }

  /** A body that is malformed: what went up of it is broken off. */
  onRequestFault(code: AnswerCode): void {
    if (this.#phase !== 'over') this.#breakOff(code)
  }

  #awaitResponse(): void {
    this.#phase = 'response'
    this.#arm(this.timeouts.responseMs)
  }

  // 5. The response, as it comes.

  onInterim(head: ResponseHead): void {
    if (this.#head.minor === 0 || (head.status === 100 && !this.#head.meaning.expectsContinue)) return
    this.#interimSent = true
    this.#down.interim(head)
  }

  onResponseHead(head: ResponseHead, bodiless: boolean): void {
    const attempt = this.#attempt!
    const nowMs = performance.now()
    this.#record.firstByteMs = nowMs - this.#record.startedMs
    this.#record.pool!.observe(attempt.endpoint, nowMs - attempt.startedMs, nowMs)
    this.#phase = 'body'
    this.#headSent = true
    this.#record.status = head.status
    this.#down.head(head, bodiless, this.requestId)
  }

  onBody(chunk: Buffer, start: number, end: number): void {
    this.#record.bytesOut += end - start
    this.#down.body(chunk, start, end)
  }

  onReadEnd(): boolean {
    if (this.#phase === 'body') this.#arm(this.timeouts.idleMs)
    this.#waitedForClient = false
    return this.#down.flush()
  }

  onDownstreamDrain(): void {
    this.#attempt?.connection.resume()
  }

  onResponseEnd(trailers: Fields): void {
    this.#down.end(trailers)
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
    const connecting = this.#phase === 'connect'
    const decision = attempt.fail(kind, detail, {
      connecting,
      method: this.method,
      bodyReplayable: this.#body.replayable,
      responseStarted: this.#interimSent || this.#headSent,
      attemptsMade: this.#record.attempts,
      attemptsMax: this.#record.pool!.plan.attempts,
    })
    this.#lastFailure = answerToFailure(kind, connecting)
    if (decision.retry) this.#tryAgain(attempt.endpoint, decision.stale)
    else if (this.#headSent) this.#cut('upstream cut')
    else if (decision.inDoubt) this.#answerInDoubt(attempt.endpoint, detail)
    else this.#answer(this.#lastFailure)
  }

  #tryAgain(failed: Endpoint, stale: boolean): void {
    this.#body.detach()
    if (stale) this.#freshOnly = true
    else {
      this.#tried = [...(this.#tried ?? []), failed]
      this.#record.pool!.observe(failed, FAILURE_PENALTY_MS, performance.now())
    }
    this.dispatch()
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
    const verdict = judgeDeadline({
      phase: this.#phase,
      upstreamStalls: this.#attempt?.stalls === true,
      clientStalls: this.#down.bytesWaiting,
      halfClosed: this.#clientHalfClosed,
      waitedForClient: this.#waitedForClient,
    })
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
        this.#waitedForClient = true
        return this.#runtime.wheel.arm(this.#timer, this.timeouts.idleMs)
      case 'client-gone':
        return this.#down.abandon()
    }
  }

  // 7. The client's side ends early.

  onClientGone(): void {
    if (this.#phase === 'over') return
    this.#attempt?.connection.abandon()
    this.#finish('client left')
  }

  /** A client that closed its sending side may only have finished sending: it gets its answer if that comes soon. */
  onClientHalfClosed(): void {
    if (this.#phase === 'over') return
    this.#clientHalfClosed = true
    // How long a connection may take has nothing to do with the client.
    if (this.#phase !== 'connect') this.#arm(this.timeouts.halfClosedMs)
  }

  /** An exception somewhere in this exchange: end it, whatever state it is in. */
  abort(): void {
    if (this.#phase !== 'over') this.#breakOff('internal-error')
  }

  // ---- endings ----

  /** Ends the attempt, then answers if there is still something to say. */
  #breakOff(code: AnswerCode): void {
    this.#attempt?.connection.abandon()
    if (this.#headSent) this.#cut(code)
    else this.#answer(code)
  }

  #cut(end: string): void {
    this.#finish(end)
    this.#down.cut()
  }

  #answerInDoubt(endpoint: Endpoint, cause: string): void {
    const { requestId, method } = this
    const names = { route: this.#record.route!.name, pool: this.#record.pool!.plan.name, upstream: endpoint.plan.name }
    reportInDoubt(this.#runtime, { requestId, method, path: this.#record.path, ...names, cause })
    this.#answer('in-doubt')
  }

  #answer(code: AnswerCode): void {
    const retryAfterS = code === 'no-upstream-available' ? this.#record.pool?.plan.retryAfterS : undefined
    this.#headSent = true
    const sent = sendAnswer(this.#down, this.#head, code, this.requestId, retryAfterS)
    this.#record.status = sent.status
    this.#record.bytesOut += sent.bytes
    this.#finish(code)
    this.#down.flush()
    this.#down.finished()
  }

  /** 8. Release, count, log: once, and last. */
  #finish(end: string): void {
    this.#record.pool?.stopWaiting(this)
    this.#attempt?.leave()
    this.#phase = 'over'
    this.#runtime.wheel.drop(this.#timer)
    this.#record.finish(this.#runtime, this.#attempt?.endpoint, this.#body.bytes, end)
  }

  #arm(ms: number): void {
    const { halfClosedMs } = this.timeouts
    const sooner = this.#clientHalfClosed && (ms === 0 || ms > halfClosedMs)
    this.#runtime.wheel.arm(this.#timer, sooner ? halfClosedMs : ms)
  }
}
