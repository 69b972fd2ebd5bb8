// Memory for frames on their way out. A connection has some only from the first frame to the moment when all have left, so that
// thousands of idle ones hold none.

const SMALLEST = 32_768
/** Larger ones are not kept. */
const LARGEST_KEPT = 262_144
const MOST_KEPT = 16

export class WriteBuffers {
  readonly #spare: Buffer[] = []

  /** @returns one of at least `bytes`; its content is of no meaning */
  take(bytes: number): Buffer {
    const spare = this.#spare.pop()
    if (spare !== undefined && spare.length >= bytes) return spare
    let size = SMALLEST
    while (size < bytes) size *= 2
    return Buffer.allocUnsafeSlow(size)
  }

  /** @param buffer that nobody uses any more */
  give(buffer: Buffer): void {
    if (buffer.length <= LARGEST_KEPT && this.#spare.length < MOST_KEPT) this.#spare.push(buffer)
  }
}
