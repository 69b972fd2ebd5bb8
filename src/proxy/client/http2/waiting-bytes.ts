// Pieces of one answer's body for which windows or the socket have no room yet.

/** A piece up to this size is copied: else it would keep the whole of what was read from the upstream. */
const COPY_BYTES = 16_384

export class WaitingBytes {
  readonly #pieces: Buffer[] = []
  /** Of the first of them: bytes that have been sent. */
  #sent = 0
  /** In all. */
  size = 0

  add(chunk: Buffer, start: number, end: number): void {
    const piece = chunk.subarray(start, end)
    this.#pieces.push(piece.length <= COPY_BYTES ? Buffer.from(piece) : piece)
    this.size += piece.length
  }

  /**
   * @param most bytes to send
   * @param send how far it got with a piece; `isLast` = nothing else waits behind these bytes
   * @returns true where it got on
   */
  sendSome(most: number, send: (chunk: Buffer, start: number, end: number, isLast: boolean) => number): boolean {
    const first = this.#pieces[0]!
    const from = this.#sent
    const end = Math.min(first.length, from + most)
    const at = send(first, from, end, this.#pieces.length === 1 && end === first.length)
    this.size -= at - from
    this.#sent = at
    if (at === first.length) {
      this.#pieces.shift()
      this.#sent = 0
    }
    return at > from
  }
}
