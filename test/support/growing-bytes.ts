// Bytes that come in pieces and are read as one: without copying all of them again for each piece.

export class GrowingBytes {
  #memory = Buffer.allocUnsafeSlow(4096)
  #from = 0
  #to = 0

  /** What is there, as a view that later pieces do not change. */
  get all(): Buffer {
    return this.#memory.subarray(this.#from, this.#to)
  }

  get length(): number {
    return this.#to - this.#from
  }

  append(piece: Buffer): void {
    if (this.#to + piece.length > this.#memory.length) {
      const kept = this.all
      this.#memory = Buffer.allocUnsafeSlow(2 * (kept.length + piece.length))
      kept.copy(this.#memory)
      this.#from = 0
      this.#to = kept.length
    }
    piece.copy(this.#memory, this.#to)
    this.#to += piece.length
  }

  /** Takes the first `count` away. */
  take(count: number): Buffer {
    const taken = this.all.subarray(0, count)
    this.#from += taken.length
    return taken
  }
}
