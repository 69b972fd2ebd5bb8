// Bytes that arrive in pieces and leave as one. The only piece of most is kept as it is; more are copied together.

const FIRST_BYTES = 16_384
const NO_BYTES = Buffer.alloc(0)

export class GrowingBuffer {
  #bytes: Buffer | undefined = undefined
  #used = 0

  append(piece: Buffer): void {
    const bytes = this.#bytes
    const used = this.#used
    this.#used = used + piece.length
    if (bytes === undefined) {
      this.#bytes = piece
      return
    }
    let room = bytes
    // The first piece belongs to whoever read it: it is copied before anything is added to it.
    if (this.#used > bytes.length) {
      room = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, this.#used * 2))
      bytes.copy(room, 0, 0, used)
      this.#bytes = room
    }
    piece.copy(room, used)
  }

  /** All bytes so far. What is appended later does not change them. */
  bytes(): Buffer {
    return this.#bytes?.subarray(0, this.#used) ?? NO_BYTES
  }
}
