// Those who read after they have written: each waits until what was taken before it is in the file, and not for what came later.

interface Reader {
  left: number
  readonly resolve: () => void
}

export class Readers {
  #waiting: Reader[] = []

  /** Resolves after so many more rows; at once for none. */
  after(rows: number): Promise<void> {
    if (rows === 0) return Promise.resolve()
    return new Promise(resolve => this.#waiting.push({ left: rows, resolve }))
  }

  written(rows: number): void {
    for (const reader of this.#waiting) {
      reader.left -= rows
      if (reader.left <= 0) reader.resolve()
    }
    this.#waiting = this.#waiting.filter(({ left }) => left > 0)
  }

  /** There is nothing to wait for. */
  letAll(): void {
    this.written(Number.POSITIVE_INFINITY)
  }
}
