// What an exchange is made of, how its answer goes to the client, and how it ends: at a deadline, when its client leaves, with an answer of
// vigia's own, or because all of it is done. What it does until then is exchange.ts.

import type { Fields } from '../../http/fields.ts'
import type { ResponseHead } from '../../http/heads.ts'
import type { Language } from '../../plan/snapshot.ts'
import { TOTAL } from '../../shared/counter-cells.ts'
import type { AnswerCode, OwnCode } from '../answers/codes.ts'
import type { Breaker } from '../pool/breaker.ts'
import type { Waiter } from '../pool/waiter.ts'
import type { Expiring } from '../runtime/timer-wheel.ts'
import type { FailureKind } from '../upstream/attempt-events.ts'
import type { ProxiedClient } from '../upstream/proxied-client.ts'
import type { Attempt } from './attempt.ts'
import { type AnswerSink, type CodedExchange, Coder } from './compression/coder.ts'
import type { ExchangeContext } from './context.ts'
import type { Downstream } from './downstream.ts'
import { reportInDoubt } from './in-doubt.ts'
import { affinityCookie, noteSession, type Placement } from './placement.ts'
import type { ExchangeRecord } from './record.ts'
import { RequestBody } from './request-body.ts'
import { Retries } from './retries.ts'
import { sendAnswer } from './send-answer.ts'
import { ExchangeTimer } from './timer.ts'

export abstract class EndableExchange implements Expiring, CodedExchange {
  placement: Placement
  protected readonly context: ExchangeContext
  readonly #language: Language | undefined
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
    const { limits, language } = context.active.snapshot
    this.#language = language
    this.down = down
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

  get holdsBuffers(): boolean {
    return this.out.holdsBuffers
  }

  /** The attempt is over without a complete response. */
  abstract onFailure(kind: FailureKind, detail: string): void

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
    if (attempt.endpoint.ended) this.down.endAfterResponse()
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

  /** Timers and verdicts come from outside of any connection: what they break must end here. */
  protected safely(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.context.unexpected(error, this.requestId)
      this.#endBroken()
    }
  }

  // 5. The body of the answer, as it comes, and its end.

  onBody(chunk: Buffer, start: number, end: number): void {
    this.record.bytesOut += end - start
    this.out.body(chunk, start, end)
  }

  onReadEnd(): boolean {
    const flowing = this.out.flush()
    this.timer.onResponseBytes(flowing ? 0 : this.down.bytesWaiting)
    return flowing
  }

  onDownstreamDrain(): void {
    if (this.over || this.coder?.drained() === false) return
    this.timer.onReaderReady()
    this.attempt?.connection.resume()
  }

  onResponseEnd(trailers: Fields): void {
    const { edits } = this.placement
    this.out.end(edits ? edits.answerTrailers(trailers) : trailers)
    this.attempt!.recordAnswer()
    this.finish('complete')
    this.leaveClient()
  }

  onEncodedEnd(): void {
    this.#tell('complete')
    this.leaveClient()
  }

  onEncoderFailed(error: unknown): void {
    this.context.unexpected(error, this.requestId)
    if (!this.over) return this.interrupt('internal-error', 'its answer could not be compressed')
    this.#tell('internal-error')
    this.down.cut()
  }

  onDeadline(): void {
    this.safely(() => this.#onDeadline())
  }

  #onDeadline(): void {
    const { pool } = this.placement
    if (this.timer.tooSlow) this.context.row.add(pool.slot, TOTAL.slowClients, 1)
    const verdict = this.timer.judge(this.attempt?.stalls === true, this.down.bytesWaiting > 0)
    switch (verdict.act) {
      case 'nothing':
        return
      case 'no-upstream':
        return this.answer('no-upstream-available')
      case 'queue-timeout':
        return this.answer(this.retries?.lastFailure ?? pool.queueTimedOut())
      case 'fail-attempt':
        this.attempt?.connection.abandon()
        return this.onFailure('timeout', verdict.detail)
      case 'client-stopped-sending':
        return this.breakOff('body-timeout')
      case 'client-stopped-reading':
        this.attempt?.connection.abandon()
        return this.cut('client stalls')
      case 'wait-for-client':
        return this.timer.waitForClient()
      case 'client-gone':
        return this.down.abandon()
    }
  }

  // 7. The client's side ends early.

  onClientGone(): void {
    if (this.coder?.isEnding) {
      this.coder.abort()
      return this.#tell('client left')
    }
    if (this.over) return
    this.attempt?.connection.abandon()
    this.finish('client left')
  }

  onClientHalfClosed(): void {
    if (!this.over) this.timer.onClientHalfClosed()
  }

  interrupt(code: OwnCode, cause: string): void {
    if (this.over) return
    if (this.attempt) this.retrying.noteDoubt(this.attempt, cause)
    this.breakOff(code)
  }

  #endBroken(): void {
    try {
      this.interrupt('internal-error', 'internal error')
    } catch {
      this.down.abandon()
    }
  }

  /** Ends the attempt, then answers if there is still something to say. */
  protected breakOff(code: AnswerCode): void {
    this.attempt?.connection.abandon()
    if (this.progress.headSent) this.cut(code)
    else this.answer(code)
  }

  /** NTLM and Negotiate log in a connection, not a request: HTTP/2 has none that is the request's alone (RFC 4559 6, RFC 9113 8). */
  protected needHttp1(): void {
    this.attempt?.connection.abandon()
    this.finish('needs HTTP/1.1')
    this.down.requireHttp1()
  }

  protected cut(end: string): void {
    this.finish(end)
    this.down.cut()
  }

  /** No upstream can be asked: what the last one's failure says of that goes first. */
  protected giveUp(code: AnswerCode): void {
    this.answer(this.retries?.lastFailure ?? code)
  }

  /** @param unlessInDoubt what to say; a request of which an earlier attempt may have been carried out is told that */
  protected answer(unlessInDoubt: AnswerCode): void {
    const code = this.retries?.doubt ? 'in-doubt' : unlessInDoubt
    this.progress.headSent = true
    sendAnswer(this.down, this.record, code, undefined, this.#language)
    this.finish(code)
    this.leaveClient()
  }

  protected leaveClient(): void {
    if (this.coder?.isEnding) return
    this.down.flush()
    this.down.finished(this.placement.route.timeouts)
  }

  /** 8. Release, count, log: once, and last. */
  protected finish(end: string): void {
    const isEncoding = this.coder?.isEnding === true
    if (!isEncoding) this.coder?.abort()
    if (this.waiter) this.record.queueMs = this.placement.pool.stopWaiting(this.waiter)
    this.breaker?.end()
    this.attempt?.leave()
    this.timer.end()
    this.record.retries = this.retries
    this.record.proof = this.retries?.proof ?? ''
    if (this.retries?.doubt) reportInDoubt(this.context, this.record, this.retries.doubt)
    // The answer's last bytes are not known yet: `onEncodedEnd` follows.
    if (!isEncoding) this.#tell(end)
  }

  #tell(end: string): void {
    this.record.finish(this.context, this.attempt, this.body.bytes, end)
  }
}
