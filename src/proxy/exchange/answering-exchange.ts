// What an exchange is made of, and step 5 of its life: how its answer goes to the client, through the coder where it is compressed, and
// through a buffer where the client is slower than its upstream. How it ends is endable-exchange.ts.

import { performance } from 'node:perf_hooks'
import type { Fields } from '../../http/fields.ts'
import type { ResponseHead } from '../../http/heads.ts'
import { buffersResponse } from '../../policy/request/buffering/verdict.ts'
import type { Breaker } from '../pool/breaker.ts'
import type { Waiter } from '../pool/waiter.ts'
import type { Expiring } from '../runtime/timer-wheel.ts'
import type { ProxiedClient } from '../upstream/proxied-client.ts'
import type { Attempt } from './attempt.ts'
import {
  BufferedAnswer,
  type BufferedExchange,
  PIECE_BYTES,
  planFor,
  type UpstreamsEnd,
} from './buffering/buffered-answer.ts'
import { type AnswerSink, type CodedExchange, Coder } from './compression/coder.ts'
import type { ExchangeContext } from './context.ts'
import type { Downstream } from './downstream.ts'
import { affinityCookie, noteSession, type Placement } from './placement.ts'
import type { ExchangeRecord } from './record.ts'
import { RequestBody } from './request-body.ts'
import { Retries } from './retries.ts'
import { ExchangeTimer } from './timer.ts'

export abstract class AnsweringExchange implements Expiring, CodedExchange, BufferedExchange {
  placement: Placement
  protected readonly context: ExchangeContext
  protected readonly down: Downstream
  /** Undefined = its answer is not to be compressed. */
  protected readonly coder: Coder | undefined
  /** Takes what is answered in an upstream's name: the coder, else the client's side itself. */
  protected readonly out: AnswerSink
  protected readonly record: ExchangeRecord
  protected readonly body: RequestBody
  protected readonly timer: ExchangeTimer
  /** That of the pool, which has counted it in; undefined = there is none. */
  protected readonly breaker: Breaker | undefined
  /** Undefined as long as it has not had to wait. */
  protected waiter: Waiter | undefined = undefined
  /** It has waited for something else, before an upstream was chosen. */
  protected hasWaited = false
  protected attempt: Attempt | undefined = undefined
  /** Undefined as long as nothing has failed. */
  protected retries: Retries | undefined = undefined
  protected readonly progress = { interimSent: false, headSent: false }
  /** Of the answer that is the client's. */
  #head: ResponseHead | undefined = undefined
  /** Undefined as long as its client was fast enough, or is to be waited for. */
  protected buffered: BufferedAnswer | undefined = undefined
  /** Large pieces are passed on in small ones; undefined = there was none. */
  #isSparing: boolean | undefined = undefined

  constructor(
    context: ExchangeContext,
    down: Downstream,
    record: ExchangeRecord,
    placement: Placement,
    breaker: Breaker | undefined,
    body = new RequestBody(record.head.meaning.length),
  ) {
    const { route } = placement
    this.context = context
    this.down = down
    const { limits } = context.active.snapshot
    this.record = record
    this.placement = placement
    this.breaker = breaker
    const { negotiation } = record
    this.coder = negotiation && new Coder(context, negotiation, down, record, this)
    this.out = this.coder ?? down
    this.timer = new ExchangeTimer(this, context.wheel, route.timeouts, limits.minRate)
    this.body = body
    if (route.retry) this.body.keep(route.retry.replayBytes)
  }

  get requestId(): string {
    return this.record.requestId
  }

  get method(): string {
    return this.record.head.method
  }

  get proxied(): ProxiedClient | undefined {
    const { client } = this.down
    return this.placement.pool.plan.proxyProtocol && client.proxied?.of(this.record.client, client)
  }

  get over(): boolean {
    return this.timer.phase === 'over'
  }

  /** Its upstream has no part in it any more: nothing that the client still sends matters. */
  get isAnswered(): boolean {
    return this.over || this.buffered?.isLastPart === true
  }

  get holdsBuffers(): boolean {
    return this.buffered?.holdsLastRead !== true && this.out.holdsBuffers
  }

  abstract onDeadline(): void
  abstract onEncodedEnd(): void
  abstract onEncoderFailed(error: unknown): void
  abstract onBufferLost(): void
  /** For what is called from outside of any connection: what breaks there must end there. */
  abstract safely(step: () => void): void
  protected abstract cut(end: string): void
  protected abstract finish(end: string): void
  protected abstract leaveClient(): void

  protected get retrying(): Retries {
    this.retries ??= new Retries(this.method, this.record.head.meaning.fields, this.body, this.placement)
    return this.retries
  }

  /** It has waited for nothing yet. */
  protected get isFirst(): boolean {
    return this.record.attempts === 0 && !this.waiter && !this.hasWaited
  }

  /** The answer is the client's. */
  protected passOn(head: ResponseHead, bodiless: boolean): void {
    const attempt = this.attempt!
    this.progress.headSent = true
    this.retries?.answered()
    this.record.status = head.status
    this.#head = head
    if (attempt.endpoint.ended) this.down.endAfterResponse('out-of-step')
    noteSession(this.context.sessions, this.placement, attempt.endpoint)
    const edited = this.edited(head, attempt.endpoint.plan.name)
    const cookie = affinityCookie(this.placement, attempt.endpoint, this.record.forwarded.scheme, edited.fields)
    this.out.head(edited, bodiless, this.requestId, cookie)
  }

  /** As its route wants the fields of answers. @param upstream its name */
  protected edited(head: ResponseHead, upstream: string): ResponseHead {
    const { edits } = this.placement
    return edits ? edits.answered(head, this.record, upstream) : head
  }

  onBody(chunk: Buffer, start: number, end: number): void {
    const { buffered } = this
    if (buffered?.isHolding === true) return buffered.add(chunk, start, end)
    if (end - start > PIECE_BYTES && this.#spares()) return this.buffered!.pass(chunk, start, end)
    this.record.bytesOut += end - start
    this.out.body(chunk, start, end)
  }

  onReadEnd(): boolean {
    if (this.buffered?.isHolding === true) return this.buffered.onReadEnd()
    if (this.#flush()) return true
    this.buffered ??= this.#newBuffer()
    this.buffered?.hold()
    return this.buffered !== undefined
  }

  onDownstreamDrain(): void {
    if (this.over || this.coder?.drained() === false) return
    this.timer.onReaderReady()
    if (this.buffered) this.buffered.drained()
    else this.attempt?.readOn()
  }

  onResponseEnd(trailers: Fields): void {
    const { edits } = this.placement
    const edited = edits ? edits.answerTrailers(trailers) : trailers
    this.attempt!.recordAnswer()
    if (!this.#letGo(edited)) this.#complete(edited)
  }

  // ---- of the buffer ----

  get holdsPieces(): boolean {
    return this.out.holdsBuffers
  }

  giveBuffered(piece: Buffer): boolean {
    this.record.bytesOut += piece.length
    this.out.body(piece, 0, piece.length)
    return this.#flush()
  }

  readOn(): void {
    this.attempt?.readOn()
  }

  onBufferedEnd(end: UpstreamsEnd): void {
    if (typeof end === 'string') this.cut(end)
    else this.#complete(end)
  }

  /** The upstream says nothing more, and is free for others. @returns false where nothing of what it has said waits for the client */
  #letGo(end: UpstreamsEnd): boolean {
    const { buffered } = this
    if (buffered === undefined || buffered.isEmpty) return false
    buffered.end(end)
    this.record.upstreamMs = performance.now() - this.record.startedMs
    this.attempt?.leave()
    this.breaker?.end()
    this.body.detach()
    // Who reads only once all is sent must be able to send it.
    if (!this.body.received) this.down.resumeBody()
    return true
  }

  /** The client gets what was said, and sees the cut. */
  protected cutBehind(end: string): void {
    if (!this.#letGo(end)) this.cut(end)
  }

  /** Its client may stall, and would hold all that has been read of the upstream: over TLS, and HTTP/2, it is sent out of other memory. */
  #spares(): boolean {
    if (this.#isSparing !== undefined) return this.#isSparing
    const { tls, http2 } = this.down.client
    const isSure = this.#holdsWorkers || this.placement.route.buffer?.response?.mode === 'on'
    if (isSure && tls === undefined && !http2) this.buffered ??= this.#newBuffer()
    this.#isSparing = isSure && this.buffered !== undefined
    return this.#isSparing
  }

  get #holdsWorkers(): boolean {
    return this.placement.pool.isKnown || this.attempt?.endpoint.holdsWorkers === true
  }

  #newBuffer(): BufferedAnswer | undefined {
    const { placement } = this
    const plan = placement.route.buffer?.response
    if (plan === undefined || this.attempt?.inFlight !== true) return undefined
    const longPoll = placement.route.longPoll === true
    const holdsWorkers = this.#holdsWorkers
    if (!buffersResponse({ mode: plan.mode, longPoll, holdsWorkers }, this.#head!.fields)) return undefined
    return new BufferedAnswer(planFor(this.#head!.length, plan), this.context.buffers, this)
  }

  #flush(): boolean {
    const flowing = this.out.flush()
    this.timer.onResponseBytes(flowing ? 0 : this.down.bytesWaiting)
    return flowing
  }

  #complete(trailers: Fields): void {
    this.out.end(trailers)
    this.finish('complete')
    this.leaveClient()
  }
}
