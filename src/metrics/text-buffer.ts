// Gathers a long text piece by piece, in memory that is used again for the next one: a string of a million characters that grows by
// lines would keep the garbage collector busy for longer than all the rest of a scrape.

const FIRST_BYTES = 65_536
/** Most bytes of a character in UTF-8, of those that one unit of a string stands for. */
const WIDEST = 3

export class TextBuffer {
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES)
  #used = 0

  add(text: string): void {
    const needed = this.#used + text.length * WIDEST
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(2 * needed)
      this.#bytes.copy(larger, 0, 0, this.#used)
      this.#bytes = larger
    }
    this.#used += this.#bytes.write(text, this.#used)
  }

  /** What was added since the last call. */
  take(): string {
    const text = this.#bytes.toString('utf8', 0, this.#used)
    this.#used = 0
    return text
  }
}
