// The memory that a connection is read into: the same for each read, unless somebody still holds bytes of the last one.

import type { OnReadOpts } from 'node:net'

/** Bytes per read; pages that no answer was long enough to touch cost nothing. */
const READ_BYTES = 131_072
/** Of connections that have ended, for the next ones. */
const MOST_SPARE = 4

const spare: Buffer[] = []

export class ReadBuffer {
  #bytes: Buffer | undefined = undefined
  /** Bytes of the last read wait in another socket: they must not be written over. */
  kept = false

  /** Has a socket read into it. @param onData sees the bytes of one read */
  reads(onData: (chunk: Buffer) => void): OnReadOpts {
    return {
      buffer: () => this.#next(),
      callback: (bytes, buffer) => {
        onData((buffer as Buffer).subarray(0, bytes))
        return true
      },
    }
  }

  /** The connection is closed: nothing is read any more. The memory goes back at once, a collection might come much later. */
  end(): void {
    const bytes = this.#bytes
    this.#bytes = undefined
    if (bytes === undefined || this.kept) return
    if (spare.length < MOST_SPARE) spare.push(bytes)
    else (bytes.buffer as ArrayBuffer).transfer(0)
  }

  #next(): Buffer {
    if (this.kept || this.#bytes === undefined) this.#bytes = spare.pop() ?? Buffer.allocUnsafeSlow(READ_BYTES)
    this.kept = false
    return this.#bytes
  }
}
