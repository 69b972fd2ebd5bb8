// An exchange that gives its client what is stored, in pieces, as fast as he reads. How it came to that is cached-exchange.ts.

import { processNowMs } from '../../../shared/process-clock.ts'
import type { Breaker } from '../../pool/breaker.ts'
import type { FailureKind } from '../../upstream/attempt-events.ts'
import type { ExchangeContext } from '../context.ts'
import type { Downstream } from '../downstream.ts'
import { Exchange } from '../exchange.ts'
import type { Placement } from '../placement.ts'
import type { ExchangeRecord } from '../record.ts'
import type { CacheTurn } from './cache-turn.ts'
import type { StoredReply } from './stored-reply.ts'

export abstract class GivingExchange extends Exchange {
  protected readonly turn: CacheTurn
  #reply: StoredReply | undefined

  /** @param reply to be given; undefined = there is none yet */
  constructor(
    context: ExchangeContext,
    down: Downstream,
    record: ExchangeRecord,
    placement: Placement,
    breaker: Breaker | undefined,
    turn: CacheTurn,
    reply: StoredReply | undefined,
  ) {
    super(context, down, record, placement, breaker)
    this.turn = turn
    this.#reply = reply
  }

  override dispatch(): void {
    if (this.#reply) this.give(this.#reply)
    else super.dispatch()
  }

  protected get isGiving(): boolean {
    return this.#reply !== undefined
  }

  protected give(reply: StoredReply): void {
    this.#reply = reply
    this.timer.phase = 'body'
    this.progress.headSent = true
    this.retries?.answered()
    reply.begin(this.out, this.record)
    this.#giveOn(reply)
  }

  #giveOn(reply: StoredReply): void {
    while (reply.piece(this.out, this.record)) {
      if (reply.flush(this.out)) continue
      return this.timer.onResponseBytes(this.down.bytesWaiting)
    }
    reply.flush(this.out)
    this.finish('complete')
    this.leaveClient()
  }

  override onDownstreamDrain(): void {
    const reply = this.#reply
    if (!reply) return super.onDownstreamDrain()
    if (this.over || this.coder?.drained() === false) return
    this.timer.onReaderReady()
    this.safely(() => this.#giveOn(reply))
  }

  override onFailure(kind: FailureKind, detail: string): void {
    // Nobody but its client can be late.
    if (this.#reply) this.cut('client stalls')
    else super.onFailure(kind, detail)
  }

  protected override finish(end: string): void {
    super.finish(end)
    this.#reply?.leave()
  }

  /** What may be given in place of an answer that can't be had; undefined = there is nothing, or it must not. */
  protected standIn(): StoredReply | undefined {
    const { turn } = this
    if (!turn.canStandIn) return undefined
    turn.noteFailure(processNowMs())
    return turn.stale('stale-if-error')
  }
}
