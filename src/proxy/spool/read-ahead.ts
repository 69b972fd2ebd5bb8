// Reads a file of the spool in its order: two large pieces ahead of an upstream, small ones for a client once it has taken what it got.

import { BLOCK_BYTES, type Buffers } from './buffers.ts'
import type { SpoolFile } from './spool-file.ts'

/** Pieces that have been asked for, and not been taken, for who is fast. */
const AHEAD = 2
/** What a slow client holds of a file: one such piece. */
const SMALL_BYTES = 16_384
/** Pieces that were taken, and may be used again. */
const MOST_TAKEN = 8

export class ReadAhead {
  readonly #buffers: Buffers
  /** Who takes them is fast. */
  readonly #isAhead: boolean
  /** Read, and not taken yet. */
  #pieces: Buffer[] = []
  #taken: ArrayBuffer[] = []
  /** Where the next piece begins that is asked for. */
  #at = 0
  #outstanding = 0
  /** Bytes of blocks that are on their way. */
  #lent = 0
  /** What was asked for in an earlier one is not wanted any more. */
  #round = 0

  /** @param isAhead else a piece is read only when it is asked for */
  constructor(buffers: Buffers, isAhead: boolean) {
    this.#buffers = buffers
    this.#isAhead = isAhead
  }

  /** The next piece; undefined = it has been asked for, or the end of the file is not known. */
  next(file: SpoolFile): Buffer | undefined {
    const piece = this.#pieces.shift()
    if (piece !== undefined) this.give(piece.buffer as ArrayBuffer)
    const ahead = this.#isAhead ? AHEAD : piece === undefined ? 1 : 0
    while (!file.isReturning && this.#at < file.bytes && this.#outstanding + this.#pieces.length < ahead) {
      const bytes = Math.min(this.#isAhead ? BLOCK_BYTES : SMALL_BYTES, file.bytes - this.#at)
      const block = this.#buffers.allocate(bytes).buffer as ArrayBuffer
      this.#lent += block.byteLength
      file.read(this.#at, bytes, block, this.#round)
      this.#at += bytes
      this.#outstanding += 1
    }
    return piece
  }

  /** @returns whether it is wanted */
  arrived(block: ArrayBuffer, bytes: number, round: number): boolean {
    this.#lent -= block.byteLength
    if (round !== this.#round) {
      this.#buffers.free(block)
      return false
    }
    this.#outstanding -= 1
    this.#pieces.push(Buffer.from(block, 0, bytes))
    return true
  }

  /** What was taken is not looked at any more. */
  reuse(): void {
    for (const block of this.#taken) this.#buffers.free(block)
    this.#taken = []
  }

  /** What is taken next begins at `at`. */
  goTo(at: number): void {
    for (const piece of this.#pieces) this.#buffers.free(piece.buffer as ArrayBuffer)
    this.#pieces = []
    this.#at = at
    this.#round += 1
    this.#outstanding = 0
  }

  /** Somebody may look at what was taken for as long as he likes: it is not used again. */
  forget(): void {
    for (const block of this.#taken) this.#buffers.leave(block.byteLength)
    this.#taken = []
  }

  /** What is on its way does not come any more. */
  end(): void {
    this.forget()
    this.goTo(0)
    this.#buffers.leave(this.#lent)
    this.#lent = 0
  }

  /** A block that somebody looks at, until `reuse`. */
  give(block: ArrayBuffer): void {
    if (this.#taken.length < MOST_TAKEN) this.#taken.push(block)
    else this.#buffers.leave(block.byteLength)
  }
}
