// One request and its response: the life of a request, step by step. It knows neither which protocol carries the client's side
// (downstream.ts) nor how an upstream's connection works (attempt.ts); every decision is made in policy/.

import { performance } from 'node:perf_hooks'
import type { RoutePlan } from '../config/snapshot.ts'
import { FAULTS } from '../http1/faults.ts'
import { FIELD } from '../http1/field-names.ts'
import { type Fields, firstValue, NO_FIELDS } from '../http1/fields.ts'
import type { RequestHead } from '../http1/request-head.ts'
import type { ResponseHead } from '../http1/response-head.ts'
import { prefersJson } from '../policy/negotiate.ts'
import { decideRetry, isIdempotent } from '../policy/retry.ts'
import { matchRoute, normalisePath } from '../policy/routing.ts'
import { GAUGE, TOTAL } from '../shared/counters.ts'
import { SLOT_OF_VIGIA } from '../shared/upstream-table.ts'
import { affinityKey } from './affinity-key.ts'
import { type AnswerCode, answer } from './answers.ts'
import type { Attempt, FailureKind } from './attempt.ts'
import type { Downstream } from './downstream.ts'
import type { Endpoint } from './endpoint.ts'
import type { Plan } from './plan.ts'
import type { Pool } from './pool.ts'
import { RequestBody } from './request-body.ts'
import type { ForwardedRequest } from './request-fields.ts'
import type { Runtime } from './runtime.ts'
import { type Expiring, Timer } from './timer-wheel.ts'
import { openTunnel } from './tunnel.ts'
import type { UpstreamConnection } from './upstream-connection.ts'

/** What the exchange waits for; each phase has its deadline. */
type Phase = 'verdict' | 'connect' | 'request' | 'response' | 'body' | 'over'

export class Exchange implements Attempt, Expiring {
  readonly requestId: string
  readonly method: string
  readonly #runtime: Runtime
  readonly #plan: Plan
  readonly #down: Downstream
  readonly #head: RequestHead
  readonly #forwarded: ForwardedRequest
  readonly #body: RequestBody
  readonly #startedMs = performance.now()
  readonly #timer = new Timer(this)
  #phase: Phase = 'verdict'
  #route: RoutePlan | undefined = undefined
  #pool: Pool | undefined = undefined
  #path = ''
  #clientHalfClosed = false
  #waited = false
  // The current attempt.
  #endpoint: Endpoint | undefined = undefined
  #connection: UpstreamConnection | undefined = undefined
  #attemptMs = 0
  /** How long the connection had been idle, ms; -1 = it is a fresh one. */
  #reusedAfterMs = -1
  #sentBytes = 0
  // All attempts.
  #attempts = 0
  #tried: Endpoint[] | undefined = undefined
  #freshOnly = false
  // The response.
  #interimSent = false
  #headSent = false
  #status = 0
  #firstByteMs = 0
  #bytesOut = 0

  constructor(runtime: Runtime, down: Downstream, head: RequestHead, forwarded: ForwardedRequest) {
    this.#runtime = runtime
    this.#plan = runtime.plan
    this.#down = down
    this.#head = head
    this.#forwarded = forwarded
    this.#body = new RequestBody(head.meaning.length)
    this.method = head.method
    this.requestId = forwarded.requestId ?? runtime.nextRequestId()
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

  /** Deadline between two requests of the client's connection, ms. */
  get keepAliveMs(): number {
    return (this.#route ?? this.#plan.snapshot).timeouts.keepAliveMs
  }

  // 1. Route; answer at once what needs no upstream.

  begin(): void {
    const { target, hostName, method, meaning } = this.#head
    const path = normalisePath(target)
    if (path === undefined) return this.#answer('bad-target')
    this.#path = path
    const table = this.#plan.tables.get(this.#down.client.listener)
    const index = table ? matchRoute(table, hostName, path, method) : -1
    if (index < 0) return this.#answer('no-route')
    const route = this.#plan.routes[index]!
    this.#route = route
    this.#pool = this.#plan.pools[route.pool]!
    if (meaning.length > route.bodyBytes) this.#answer('body-too-large')
  }

  // 2. Choose an upstream, or wait for the first verdict on one.

  dispatch(): void {
    const pool = this.#pool!
    const { balance } = pool.plan
    const key =
      balance.kind === 'hash' ? affinityKey(balance.key, this.#head.meaning.fields, this.#forwarded.clientAddress) : 0
    const nowMs = this.#attempts === 0 ? this.#startedMs : performance.now()
    const choice = pool.choose(key, this.#tried, nowMs, Math.random)
    if (choice === 'no-verdict-yet') {
      // One deadline, however often the question is asked again.
      if (!this.#waited) this.#arm(pool.plan.firstVerdictMs)
      this.#waited = true
      pool.awaitVerdict(this)
    } else if (choice === 'none') this.#answer('no-upstream-available')
    else this.#attempt(choice, nowMs)
  }

  // 3. One attempt, on an idle connection that this request may ride, or on a fresh one.

  #attempt(endpoint: Endpoint, nowMs: number): void {
    this.#endpoint = endpoint
    this.#attempts += 1
    this.#attemptMs = nowMs
    this.#sentBytes = 0
    this.#runtime.row.move(endpoint.slot, GAUGE.inFlight, 1)
    const idle = this.#freshOnly ? undefined : endpoint.take(this.#isSafe())
    if (idle) {
      this.#reusedAfterMs = nowMs - idle.idleSinceMs
      this.#connection = idle
      idle.assign(this)
      this.onConnected(idle)
    } else {
      this.#reusedAfterMs = -1
      this.#phase = 'connect'
      this.#runtime.wheel.arm(this.#timer, this.#route!.timeouts.connectMs)
      this.#connection = endpoint.open(this)
    }
  }

  onConnected(connection: UpstreamConnection): void {
    const { method, target, host } = this.#head
    const name = host ?? this.#endpoint!.plan.authority
    const text = `${method} ${target} HTTP/1.1\r\nHost: ${name}\r\n${this.#forwarded.block}X-Request-Id: ${this.requestId}\r\n\r\n`
    this.#sentBytes = text.length
    this.#phase = 'request'
    const flowing = this.#body.start(connection, text)
    if (this.#body.received) this.#awaitResponse()
    else {
      this.#runtime.wheel.arm(this.#timer, this.#route!.timeouts.idleMs)
      if (flowing) this.#down.resumeBody()
    }
  }

  // 4. The request's body, as it comes.

  onRequestBody(chunk: Buffer, start: number, end: number): void {
    if (this.#phase === 'over') return
    const flowing = this.#body.push(chunk.subarray(start, end))
    if (this.#body.bytes > this.#route!.bodyBytes) return this.#breakOff('body-too-large')
    if (this.#phase === 'request') this.#runtime.wheel.arm(this.#timer, this.#route!.timeouts.idleMs)
    if (!flowing) this.#down.pauseBody()
  }

  onRequestEnd(trailers: Fields): void {
    if (this.#phase === 'over') return
    this.#body.end(trailers)
    if (this.#phase === 'request') this.#awaitResponse()
  }

  onUpstreamDrain(): void {
    this.#down.resumeBody()
  }

  /** A body that is malformed: what went up of it is broken off. */
  onRequestFault(code: AnswerCode): void {
    if (this.#phase !== 'over') this.#breakOff(code)
  }

  #awaitResponse(): void {
    this.#phase = 'response'
    this.#arm(this.#route!.timeouts.responseMs)
  }

  // 5. The response, as it comes.

  onInterim(head: ResponseHead): void {
    if (this.#head.minor === 0 || (head.status === 100 && !this.#head.meaning.expectsContinue)) return
    this.#interimSent = true
    this.#down.interim(head)
  }

  onResponseHead(head: ResponseHead, bodiless: boolean): void {
    const nowMs = performance.now()
    this.#firstByteMs = nowMs - this.#startedMs
    this.#pool!.observe(this.#endpoint!, nowMs - this.#attemptMs, nowMs)
    this.#phase = 'body'
    this.#headSent = true
    this.#status = head.status
    this.#down.head(head, bodiless, this.requestId)
  }

  onBody(chunk: Buffer, start: number, end: number): void {
    this.#bytesOut += end - start
    this.#down.body(chunk, start, end)
  }

  onReadEnd(): boolean {
    if (this.#phase === 'body') this.#arm(this.#route!.timeouts.idleMs)
    return this.#down.flush()
  }

  onDownstreamDrain(): void {
    this.#connection?.resume()
  }

  onResponseEnd(trailers: Fields): void {
    this.#down.end(trailers)
    this.#finish('complete')
    this.#down.flush()
    this.#down.finished()
  }

  onUpgraded(head: ResponseHead, early: Buffer | undefined): void {
    const upstream = this.#connection!.socket
    const { slot } = this.#endpoint!
    this.#status = head.status
    const client = this.#down.upgrade(head, this.requestId)
    this.#finish('upgraded')
    openTunnel(this.#runtime, slot, this.#route!.timeouts.tunnelMs, client, { socket: upstream, early })
  }

  // 6. An attempt has failed: another one where that is provably safe, else an answer that tells the truth.

  onFailure(kind: FailureKind, detail: string): void {
    const endpoint = this.#endpoint!
    const { row } = this.#runtime
    const reused = this.#reusedAfterMs >= 0
    const phase = this.#phase
    const responding = this.#connection?.responseBegun === true
    this.#leave()
    const decision = decideRetry({
      stage: phase === 'connect' ? 'connect' : responding ? 'responding' : 'sent',
      failure: kind,
      requestBytesWritten: this.#sentBytes,
      reusedConnection: reused,
      method: this.method,
      bodyReplayable: this.#body.replayable,
      responseStarted: this.#interimSent || this.#headSent,
      attemptsMade: this.#attempts,
      attemptsMax: this.#pool!.plan.attempts,
      clientGone: false,
      retryTimeouts: false,
    })
    if (reused && kind === 'reset' && !responding) endpoint.learnStale(this.#reusedAfterMs)
    const stale = decision.retry && decision.stale
    if (!stale) {
      row.add(
        endpoint.slot,
        kind === 'timeout' ? TOTAL.timeouts : kind === 'connect' ? TOTAL.connectFailures : TOTAL.transportFailures,
        1,
      )
      this.#runtime.report({ type: 'transport-failure', slot: endpoint.slot, error: `${kind}: ${detail}` })
      // What a failure cost is what a slow answer would have cost.
      this.#pool!.observe(endpoint, FAILURE_PENALTY_MS, performance.now())
    }
    if (decision.retry) {
      row.add(endpoint.slot, TOTAL.retries, 1)
      this.#body.detach()
      if (stale) this.#freshOnly = true
      else this.#tried = [...(this.#tried ?? []), endpoint]
      this.dispatch()
    } else if (this.#headSent) this.#cut('upstream cut')
    else if (decision.inDoubt) this.#answerInDoubt(endpoint, detail)
    else
      this.#answer(
        kind === 'timeout' || kind === 'connect'
          ? connectCode(phase, kind)
          : kind === 'reset'
            ? 'upstream-reset'
            : 'bad-upstream-response',
      )
  }

  onDeadline(): void {
    if (this.#clientHalfClosed && this.#phase !== 'connect') return this.#down.abandon()
    switch (this.#phase) {
      case 'verdict':
        this.#pool!.stopWaiting(this)
        return this.#answer('no-upstream-available')
      case 'request':
        // The client has stopped sending.
        return this.#breakOff('body-timeout')
      case 'connect':
      case 'response':
        this.#connection?.abandon()
        return this.onFailure('timeout', `no answer within the ${this.#phase} timeout`)
      case 'body':
        this.#connection?.abandon()
        return this.onFailure('timeout', 'no byte within the idle timeout')
      case 'over':
        return
    }
  }

  // 7. The client's side ends early.

  onClientGone(): void {
    if (this.#phase === 'over') return
    this.#connection?.abandon()
    this.#runtime.row.add(this.#slot(), TOTAL.clientAborts, 1)
    this.#finish('client left')
  }

  /** A client that closed its sending side may only have finished sending: it gets its answer if that comes soon. */
  onClientHalfClosed(): void {
    if (this.#phase === 'over') return
    this.#clientHalfClosed = true
    this.#arm(this.#plan.snapshot.timeouts.halfClosedMs)
  }

  /** An exception somewhere in this exchange: end it, whatever state it is in. */
  abort(): void {
    if (this.#phase !== 'over') this.#breakOff('internal-error')
  }

  // ---- endings ----

  /** Ends the attempt, then answers if there is still something to say. */
  #breakOff(code: AnswerCode): void {
    this.#connection?.abandon()
    if (this.#headSent) this.#cut(code)
    else this.#answer(code)
  }

  #cut(end: string): void {
    this.#finish(end)
    this.#down.cut()
  }

  #answerInDoubt(endpoint: Endpoint, detail: string): void {
    this.#runtime.row.add(endpoint.slot, TOTAL.inDoubt, 1)
    this.#runtime.report({
      type: 'log',
      level: 'warn',
      message: `in doubt: ${this.method} ${this.#path} may or may not have been carried out by ${this.#pool!.plan.name}/${endpoint.plan.name}`,
      detail: { requestId: this.requestId, route: this.#route!.name, cause: detail },
    })
    this.#answer('in-doubt')
  }

  #answer(code: AnswerCode): void {
    const { fields } = this.#head.meaning
    const json = prefersJson(firstValue(fields, FIELD.accept), firstValue(fields, FIELD.contentType))
    const retryAfterS = code === 'no-upstream-available' ? this.#pool?.plan.retryAfterS : undefined
    const { head, body } = answer(code, this.requestId, json, retryAfterS)
    this.#status = head.status
    const bodiless = this.method === 'HEAD'
    if (code in FAULTS || code === 'internal-error') this.#down.endAfterResponse()
    this.#headSent = true
    this.#down.head(head, bodiless, this.requestId)
    if (!bodiless) this.onBody(body, 0, body.length)
    this.#down.end(NO_FIELDS)
    this.#finish(code)
    this.#down.flush()
    this.#down.finished()
  }

  /** The attempt no longer counts as in flight. */
  #leave(): void {
    if (this.#endpoint && this.#connection) this.#runtime.row.move(this.#endpoint.slot, GAUGE.inFlight, -1)
    this.#connection = undefined
  }

  /** 8. Release, count, log: once, and last. */
  #finish(end: string): void {
    const { row, wheel, accessLog } = this.#runtime
    if (this.#phase === 'verdict') this.#pool?.stopWaiting(this)
    this.#leave()
    this.#phase = 'over'
    wheel.drop(this.#timer)
    const slot = this.#slot()
    const totalMs = performance.now() - this.#startedMs
    if (this.#status !== 0) row.finished(slot, this.#status, totalMs / 1000)
    if (this.#body.bytes > 0) row.add(slot, TOTAL.bytesIn, this.#body.bytes)
    if (this.#bytesOut > 0) row.add(slot, TOTAL.bytesOut, this.#bytesOut)
    if (!accessLog.enabled) return
    accessLog.write({
      requestId: this.requestId,
      client: this.#forwarded.clientAddress,
      listener: this.#down.client.listener,
      route: this.#route?.name ?? '',
      pool: this.#pool?.plan.name ?? '',
      upstream: this.#endpoint?.plan.name ?? '',
      method: this.method,
      host: this.#head.host ?? '',
      path: this.#path,
      status: this.#status,
      bytesIn: this.#body.bytes,
      bytesOut: this.#bytesOut,
      firstByteMs: Math.round(this.#firstByteMs * 1000) / 1000,
      totalMs: Math.round(totalMs * 1000) / 1000,
      attempts: this.#attempts,
      end,
    })
  }

  /** Where this exchange is counted: its last upstream, else its pool, else vigia itself. */
  #slot(): number {
    return this.#endpoint?.slot ?? this.#pool?.slot ?? SLOT_OF_VIGIA
  }

  /** The request may be sent twice: only then may it ride a connection that might be stale. */
  #isSafe(): boolean {
    return this.#body.bytes === 0 && this.#body.received && isIdempotent(this.method)
  }

  #arm(ms: number): void {
    const { halfClosedMs } = this.#plan.snapshot.timeouts
    this.#runtime.wheel.arm(this.#timer, this.#clientHalfClosed && (ms === 0 || ms > halfClosedMs) ? halfClosedMs : ms)
  }
}

/** What a failed attempt counts as for balancing by latency, ms. */
const FAILURE_PENALTY_MS = 5000

function connectCode(phase: Phase, kind: 'timeout' | 'connect'): AnswerCode {
  if (kind === 'connect') return 'connect-failed'
  return phase === 'connect' ? 'connect-timeout' : 'upstream-timeout'
}
