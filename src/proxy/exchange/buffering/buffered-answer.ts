// Between an exchange and its client, once the client takes less than its upstream gives: the upstream is read on, and what the client does
// not take yet waits here. When the upstream has said all, its part is over, and the client goes on until it has everything.

import type { Fields } from '../../../http/fields.ts'
import type { BodyBufferPlan } from '../../../plan/buffering.ts'
import type { Buffers } from '../../spool/buffers.ts'
import { AnswerBuffer, type AnswerBufferOwner } from './answer-buffer.ts'

/** How the upstream's part ended: its trailers, or in words that it did not say all. */
export type UpstreamsEnd = Fields | string

/** Whose answer it is. */
export interface BufferedExchange {
  /** Passes on what has waited, and sends it. @returns false = the client takes no more for now */
  giveBuffered(piece: Buffer): boolean
  /** The upstream is to be read again. */
  readOn(): void
  /** All that the upstream has said has been passed on. */
  onBufferedEnd(end: UpstreamsEnd): void
  /** What waited is lost. */
  onBufferLost(): void
  /** For what comes from outside of any connection: what breaks there must end there. */
  safely(step: () => void): void
}

export class BufferedAnswer implements AnswerBufferOwner {
  readonly #exchange: BufferedExchange
  readonly #buffer: AnswerBuffer
  /** What the upstream says now is to wait. */
  isHolding = false
  /** All of the last read waits: nobody else has bytes of it. */
  holdsLastRead = false
  #isStuck = false
  #end: UpstreamsEnd | undefined = undefined

  constructor(plan: BodyBufferPlan, buffers: Buffers, exchange: BufferedExchange) {
    this.#exchange = exchange
    this.#buffer = new AnswerBuffer(plan, buffers, this)
  }

  /** Bytes that had to wait. */
  get heldBytes(): number {
    return this.#buffer.takenBytes
  }

  get isEmpty(): boolean {
    return this.#buffer.bytes === 0
  }

  /** The upstream's part is over, the client's is not. */
  get isLastPart(): boolean {
    return this.#end !== undefined
  }

  /** The client takes nothing more for now. */
  hold(): void {
    this.isHolding = true
    this.#isStuck = true
  }

  add(chunk: Buffer, start: number, end: number): void {
    this.#buffer.add(chunk, start, end)
  }

  /** @returns whether the upstream may go on; where not, `readOn` follows */
  onReadEnd(): boolean {
    this.holdsLastRead = true
    return this.#buffer.hasRoom
  }

  /** The client takes more again. */
  drained(): void {
    this.#isStuck = false
    this.#giveOn()
  }

  /** The upstream says nothing more; `onBufferedEnd` follows. */
  end(end: UpstreamsEnd): void {
    this.#end = end
  }

  release(): void {
    this.#buffer.release()
  }

  onBuffered(): void {
    this.#exchange.safely(() => this.#giveOn())
  }

  onBufferRoom(): void {
    if (this.#end === undefined) this.#exchange.readOn()
  }

  onBufferLost(): void {
    this.#exchange.onBufferLost()
  }

  #giveOn(): void {
    while (!this.#isStuck) {
      const piece = this.#buffer.take()
      if (piece === undefined) break
      this.#isStuck = !this.#exchange.giveBuffered(piece)
    }
    if (!this.isEmpty) return
    // A cut comes behind all that was said, a clean end can wait with the last of it.
    if (this.#end !== undefined && (!this.#isStuck || typeof this.#end !== 'string'))
      this.#exchange.onBufferedEnd(this.#end)
    else if (this.#end === undefined && !this.#isStuck) {
      this.isHolding = false
      this.holdsLastRead = false
    }
  }
}
