// Between an exchange and its client, once the client takes less than its upstream gives: the upstream is read on, and what the client does
// not take yet waits here. When the upstream has said all, its part is over, and the client goes on until it has everything.

import type { Fields } from '../../../http/fields.ts'
import type { BodyBufferPlan } from '../../../plan/buffering.ts'
import type { Buffers } from '../../spool/buffers.ts'
import { HeldBytes, type HeldOwner } from '../../spool/held-bytes.ts'

/** How the upstream's part ended: its trailers, or in words that it did not say all. */
export type UpstreamsEnd = Fields | string

/** Whose answer it is. */
export interface BufferedExchange {
  /** Bytes that were passed on are still to be read. */
  readonly holdsPieces: boolean
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

/** Of an answer that does not fit into its memory anyway, bytes that wait there until there is a file. */
const MEMORY_BYTES = 65_536

/** @param length of the answer's body, bytes; below 0 = it does not say */
export function planFor(length: number, plan: BodyBufferPlan): BodyBufferPlan {
  return length > plan.memoryBytes ? { ...plan, memoryBytes: Math.min(plan.memoryBytes, MEMORY_BYTES) } : plan
}

/** Of a client that may stall at any time, so many bytes are given to its socket at once. */
export const PIECE_BYTES = 32_768

export class BufferedAnswer implements HeldOwner {
  readonly #exchange: BufferedExchange
  readonly #held: HeldBytes
  /** What the upstream says now is to wait. */
  isHolding = false
  /** All of the last read waits: nobody else has bytes of it. */
  holdsLastRead = false
  /** The client takes nothing more for now. */
  #isStuck = false
  /** The upstream was told to wait. */
  #isFull = false
  #end: UpstreamsEnd | undefined = undefined

  constructor(plan: BodyBufferPlan, buffers: Buffers, exchange: BufferedExchange) {
    this.#exchange = exchange
    this.#held = new HeldBytes(buffers, plan, false, this)
  }

  /** Bytes that had to wait. */
  get heldBytes(): number {
    return this.#held.bytes
  }

  get isEmpty(): boolean {
    return this.#held.unread === 0
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

  /** While the client keeps up: gives it copies, so that one that stalls holds one of them, and not all that was read. */
  pass(chunk: Buffer, start: number, end: number): void {
    let at = start
    while (at < end && !this.isHolding) {
      const from = at
      at = Math.min(end, from + PIECE_BYTES)
      if (!this.#exchange.giveBuffered(this.#held.copyOf(chunk, from, at))) this.hold()
      if (!this.#exchange.holdsPieces) this.#held.reuse()
    }
    if (at < end) this.add(chunk, at, end)
  }

  add(chunk: Buffer, start: number, end: number): void {
    this.#held.append(chunk, start, end)
  }

  /** @returns whether the upstream may go on; where not, `readOn` follows */
  onReadEnd(): boolean {
    this.holdsLastRead = true
    this.#isFull = this.#held.room !== 'free'
    return !this.#isFull
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

  /** To be called any number of times. */
  release(): void {
    this.isHolding = false
    this.#held.end()
  }

  onHeldReady(): void {
    this.#exchange.safely(() => this.#giveOn())
  }

  onHeldRoom(): void {
    this.#exchange.safely(() => this.#makeRoom())
  }

  onHeldLost(): void {
    this.#exchange.onBufferLost()
  }

  #giveOn(): void {
    while (this.isHolding && !this.#isStuck) {
      if (!this.#exchange.holdsPieces) this.#held.reuse()
      const piece = this.#held.next()
      if (piece === undefined) break
      this.#isStuck = !this.#exchange.giveBuffered(piece)
    }
    if (!this.isHolding) return
    this.#makeRoom()
    if (!this.isEmpty) return
    if (this.#end === undefined) this.#passThrough()
    // A clean end can wait with the last bytes, a cut comes when they have left.
    else if (!this.#isStuck || typeof this.#end !== 'string') this.#exchange.onBufferedEnd(this.#end)
  }

  /** The client keeps up with its upstream again. */
  #passThrough(): void {
    if (this.#isStuck) return
    this.isHolding = false
    this.holdsLastRead = false
  }

  #makeRoom(): void {
    if (!this.#isFull || this.#held.room !== 'free') return
    this.#isFull = false
    if (this.#end === undefined) this.#exchange.readOn()
  }
}
