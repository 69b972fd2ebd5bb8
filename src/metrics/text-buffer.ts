// Gathers a long text piece by piece, in memory that is used again for the next one: a string of a million characters that grows by
// lines would keep the garbage collector busy for longer than all the rest of a scrape.

const FIRST_BYTES = 65_536
/** So much text goes into the buffer at once: each time costs as much as a hundred characters. */
const PIECE = 16_384
/** Most bytes of a character in UTF-8, of those that one unit of a string stands for. */
const WIDEST = 3

export class TextBuffer {
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES)
  #used = 0
  /** Not in the buffer yet. */
  #piece = ''

  add(text: string): void {
    this.#piece += text
    if (this.#piece.length >= PIECE) this.#flush()
  }

  /** What was added since the last call, in UTF-8. */
  take(): Buffer {
    this.#flush()
    const text = Buffer.from(this.#bytes.subarray(0, this.#used))
    this.#used = 0
    return text
  }

  #flush(): void {
    const needed = this.#used + this.#piece.length * WIDEST
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(2 * needed)
      this.#bytes.copy(larger, 0, 0, this.#used)
      this.#bytes = larger
    }
    this.#used += this.#bytes.write(this.#piece, this.#used)
    this.#piece = ''
  }
}
