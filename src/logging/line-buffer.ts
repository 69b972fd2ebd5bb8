// Gathers lines into chunks of bytes, each of whole lines. Lines are written in place by who makes them; where there is no chunk
// left to write to, they are dropped and counted.

/** Where full chunks go to, and empty ones come from. */
export interface ChunkSink {
  /** An empty chunk of at least `bytes`, or undefined: too much waits to be written already. */
  take(bytes: number): Buffer | undefined
  /** The first `bytes` of the chunk are to be written, if any; it is the sink's from here on. */
  give(chunk: Buffer, bytes: number, lines: number): void
}

export class LineBuffer {
  /** Lines that found no room. */
  dropped = 0
  readonly #chunkBytes: number
  readonly #sink: ChunkSink
  #chunk: Buffer | undefined = undefined
  #used = 0
  #lines = 0

  /** @param chunkBytes most bytes of a chunk; a single longer line goes as a chunk of its own */
  constructor(chunkBytes: number, sink: ChunkSink) {
    this.#chunkBytes = chunkBytes
    this.#sink = sink
  }

  /** Makes room for a line. @param most bytes that it may need @returns the chunk to write it to, at `at`; undefined = it is dropped */
  begin(most: number): Buffer | undefined {
    if (this.#chunk !== undefined && this.#used + most > this.#chunk.length) this.#handOver(this.#chunk)
    this.#chunk ??= this.#sink.take(most)
    if (this.#chunk === undefined) this.dropped += 1
    return this.#chunk
  }

  /** Where the line that was begun starts. */
  get at(): number {
    return this.#used
  }

  /** The line that was begun is there. @param end behind its newline */
  end(end: number): void {
    const start = this.#used
    if (end > this.#chunkBytes && start > 0) return this.#carry(this.#chunk!, start, end)
    this.#used = end
    this.#lines += 1
    if (end >= this.#chunkBytes) this.flush()
  }

  flush(): void {
    if (this.#chunk !== undefined && this.#lines > 0) this.#handOver(this.#chunk)
  }

  #handOver(chunk: Buffer): void {
    this.#sink.give(chunk, this.#used, this.#lines)
    this.#chunk = undefined
    this.#used = 0
    this.#lines = 0
  }

  /** The last line would make the chunk too long: it begins the next one. */
  #carry(chunk: Buffer, start: number, end: number): void {
    const next = this.#sink.take(end - start)
    if (next === undefined) this.dropped += 1
    else chunk.copy(next, 0, start, end)
    this.#handOver(chunk)
    if (next === undefined) return
    this.#chunk = next
    this.end(end - start)
  }
}
