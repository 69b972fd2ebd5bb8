// The memory that a connection is read into: the same for each read, unless somebody still holds bytes of the last one.

/** Bytes per read; pages that no answer was long enough to touch cost nothing. */
const READ_BYTES = 131_072

export class ReadBuffer {
  #bytes: Buffer | undefined = undefined
  /** Bytes of the last read wait in another socket: they must not be written over. */
  kept = false

  next(): Buffer {
    if (this.kept || this.#bytes === undefined) this.#bytes = Buffer.allocUnsafeSlow(READ_BYTES)
    this.kept = false
    return this.#bytes
  }
}
