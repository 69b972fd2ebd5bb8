// One try of an exchange on one upstream: which connection it has, what was sent on it, and what its failure tells of the upstream.
// Counts it as in flight, and holds its permit, for as long as it lasts. What follows a failure is the exchange's business.

import { performance } from 'node:perf_hooks'
import type { ForwardedRequest } from '../../http/forwarded-request.ts'
import type { RequestHead, ResponseHead } from '../../http/heads.ts'
import { clientKey } from '../../policy/request/client-key.ts'
import type { Proof, RetryDecision } from '../../policy/request/retry.ts'
import { GAUGE, TOTAL } from '../../shared/counter-cells.ts'
import type { Choice } from '../pool/choice.ts'
import type { Permit } from '../pool/permits.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { AttemptEvents, FailureKind } from '../upstream/attempt-events.ts'
import type { UpstreamConnection } from '../upstream/connection.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { Placement } from './placement.ts'

export class Attempt {
  readonly endpoint: Endpoint
  readonly startedMs: number
  readonly #runtime: Runtime
  /** The connection has served an earlier request. */
  readonly reused: boolean
  /** How long the connection had been idle, ms. */
  readonly #idleMs: number
  readonly connection: UpstreamConnection
  /** Bytes of the request's head that were handed to an established connection; 0 = nothing was sent. */
  sentBytes = 0
  /** The upstream does not take the request's body as fast as the client sends it. */
  stalls = false
  /** Until its connection was established, ms; 0 = it was there already, or never came to be. */
  connectMs = 0
  readonly #placement: Placement
  readonly #longPoll: boolean
  #inFlight = true
  readonly #choice: Choice
  /** Until it is given back, or handed on. */
  #permit: Permit | undefined
  #status = 0
  #firstByteMs = 0

  /**
   * Takes over the permit of the choice.
   * @param idle a connection that waits for its next request; undefined = a fresh one is opened
   */
  constructor(
    runtime: Runtime,
    placement: Placement,
    choice: Choice,
    events: AttemptEvents,
    idle: UpstreamConnection | undefined,
    nowMs: number,
  ) {
    this.#runtime = runtime
    const { endpoint, permit } = choice
    this.endpoint = endpoint
    this.#choice = choice
    this.#permit = permit
    this.startedMs = nowMs
    this.reused = idle !== undefined
    this.#idleMs = idle ? Math.max(0, nowMs - idle.idleSinceMs) : 0
    this.#placement = placement
    this.#longPoll = placement.route.longPoll === true
    if (idle) idle.assign(events)
    this.connection = idle ?? endpoint.open(events)
    runtime.row.move(endpoint.slot, this.#longPoll ? GAUGE.longPolls : GAUGE.inFlight, 1)
  }

  /** Its connection is established: it gets the request's head. */
  begin(head: RequestHead, forwarded: ForwardedRequest, requestId: string): void {
    const { loopMark } = this.#placement.pool
    this.sentBytes = this.connection.begin(head, forwarded, this.endpoint.plan.authority, requestId, loopMark)
    if (!this.reused) this.connectMs = performance.now() - this.startedMs
  }

  /** Of its answer; 0 = none has come. */
  get status(): number {
    return this.#status
  }

  /** It has no answer yet, and has not failed. */
  get inFlight(): boolean {
    return this.#inFlight
  }

  /** Ends its connection, unless that is no longer this attempt's. */
  abandon(): void {
    if (this.#inFlight) this.connection.abandon()
  }

  /** Its answer is to be read on. */
  readOn(): void {
    if (this.#inFlight) this.connection.resume()
  }

  /** The connection is no longer this attempt's. */
  leave(): void {
    if (!this.#inFlight) return
    this.#inFlight = false
    const { slot } = this.endpoint
    this.#runtime.row.move(slot, this.#longPoll ? GAUGE.longPolls : GAUGE.inFlight, -1)
    this.#permit?.giveBack()
    this.#permit = undefined
  }

  /** Hands its permit on to the next attempt on the same upstream. @returns undefined where it has none */
  handOn(): Choice | undefined {
    if (!this.#permit) return undefined
    this.#permit = undefined
    return this.#choice
  }

  /**
   * Counts the failure, learns from it, tells control. A connection that was merely stale says nothing against the upstream.
   * @param client whose request it is, an address
   * @param provoked the request has failed on another upstream in the same way
   */
  recordFailure(
    failure: FailureKind,
    detail: string,
    decision: RetryDecision,
    client: string,
    provoked: boolean,
  ): void {
    const { endpoint, connection, reused } = this
    const { row } = this.#runtime
    if (reused && failure === 'reset' && !connection.responseBegun) endpoint.learnStale(this.#idleMs)
    if (decision.retry) {
      row.add(endpoint.slot, TOTAL.retries, 1)
      row.add(endpoint.slot, decision.stale ? TOTAL.staleConnections : totalOfProof(decision.proof), 1)
      if (decision.stale) return
    }
    if (failure === 'own') return this.#runtime.ownTrouble(detail)
    row.add(endpoint.slot, totalOf(failure), 1)
    // It is by control that it is known.
    if (failure === 'silent') return
    if (!provoked) this.#placement.pool.suspect(endpoint, performance.now())
    const by = this.sentBytes === 0 ? undefined : clientKey(client)
    const told = { error: `${failure}: ${detail}`, client: by, provoked }
    this.#runtime.report({ type: 'transport-failure', slot: endpoint.slot, failure: told })
  }

  /** The head of its answer has come. */
  answerBegins({ status, fields }: ResponseHead, nowMs: number): void {
    this.#status = status
    this.endpoint.sawAnswer(fields)
    this.#firstByteMs = nowMs - this.startedMs
    this.#placement.pool.trust(this.endpoint)
  }

  /** Its answer is the one that the client gets. A long poll's time to the first byte is none of the upstream's making. */
  tellLatency(): void {
    if (this.#longPoll) return
    this.#placement.pool.observe(this.endpoint, this.#firstByteMs, this.startedMs + this.#firstByteMs)
  }

  /** Its answer is complete: what passive health judges by. */
  recordAnswer(): void {
    if (this.#longPoll) return
    const { row } = this.#runtime
    const { slot } = this.endpoint
    row.add(slot, TOTAL.answers, 1)
    row.add(slot, TOTAL.firstByteMs, this.#firstByteMs)
    row.bucket(slot, TOTAL.secondBucket, this.#firstByteMs / 1000)
    if (this.#status < 500) return
    row.add(slot, TOTAL.serverErrors, 1)
    if (this.#status >= 502 && this.#status <= 504) row.add(slot, TOTAL.gatewayErrors, 1)
  }

  /** Its answer is not passed on: another upstream is asked. */
  discard(proof: Proof): void {
    this.recordAnswer()
    this.moveOn(proof)
  }

  /** It is given up before it had an answer: another upstream is asked. */
  moveOn(proof: Proof): void {
    this.connection.abandon()
    this.leave()
    this.#runtime.row.add(this.endpoint.slot, TOTAL.retries, 1)
    this.#runtime.row.add(this.endpoint.slot, totalOfProof(proof), 1)
  }
}

function totalOf(kind: Exclude<FailureKind, 'own'>): number {
  switch (kind) {
    case 'connect':
      return TOTAL.connectFailures
    case 'timeout':
    case 'silent':
      return TOTAL.timeouts
    case 'reset':
    case 'garbage':
      return TOTAL.transportFailures
  }
}

function totalOfProof(proof: Proof): number {
  switch (proof) {
    case 'not-sent':
      return TOTAL.retriesNotSent
    case 'idempotent':
      return TOTAL.retriesIdempotent
    case 'declared':
      return TOTAL.retriesDeclared
    case 'refused':
      return TOTAL.retriesRefused
  }
}
