// Gathers lines into chunks of bytes, each of whole lines. A chunk that was handed out is never written to again.

/** Most bytes that one UTF-16 unit takes in UTF-8. */
const WIDEST = 3

export class LineBuffer {
  readonly #chunkBytes: number
  readonly #onChunk: (chunk: Buffer) => void
  #chunk: Buffer
  #used = 0

  /** @param chunkBytes size at which a chunk is handed to `onChunk`; a single longer line goes as a chunk of its own */
  constructor(chunkBytes: number, onChunk: (chunk: Buffer) => void) {
    this.#chunkBytes = chunkBytes
    this.#onChunk = onChunk
    this.#chunk = Buffer.allocUnsafeSlow(chunkBytes)
  }

  /** @param line without its newline */
  add(line: string): void {
    const text = `${line}\n`
    if (this.#used + text.length * WIDEST > this.#chunkBytes) {
      const exact = Buffer.byteLength(text)
      if (this.#used + exact > this.#chunkBytes) this.flush()
      if (exact > this.#chunkBytes) return this.#onChunk(Buffer.from(text))
    }
    this.#used += this.#chunk.write(text, this.#used)
  }

  flush(): void {
    if (this.#used === 0) return
    const full = this.#chunk.subarray(0, this.#used)
    this.#chunk = Buffer.allocUnsafeSlow(this.#chunkBytes)
    this.#used = 0
    this.#onChunk(full)
  }
}
