// The memory that a connection is read into: the same for each read, unless somebody still holds bytes of the last one.

import type { OnReadOpts } from 'node:net'

/** Bytes per read, from the first that was full. */
const READ_BYTES = 131_072
/** Before that: Node asks for the memory when a connection is made, and it may wait for its answer for long. */
const FIRST_BYTES = 16_384
/** Large ones of connections that have ended, for the next ones. */
const MOST_SPARE = 4

const spare: Buffer[] = []

export class ReadBuffer {
  #bytes: Buffer | undefined = undefined
  #size = FIRST_BYTES
  /** Bytes of the last read wait in another socket: they must not be written over. */
  kept = false

  /** Has a socket read into it. @param onData sees the bytes of one read */
  reads(onData: (chunk: Buffer) => void): OnReadOpts {
    return {
      buffer: () => this.#next(),
      callback: (bytes, buffer) => {
        if (bytes === FIRST_BYTES) this.#size = READ_BYTES
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
    giveBack(bytes)
  }

  #next(): Buffer {
    const bytes = this.#bytes
    if (bytes?.length === this.#size && !this.kept) return bytes
    if (bytes !== undefined && !this.kept) giveBack(bytes)
    this.kept = false
    this.#bytes = (this.#size === READ_BYTES ? spare.pop() : undefined) ?? Buffer.allocUnsafeSlow(this.#size)
    return this.#bytes
  }
}

function giveBack(bytes: Buffer): void {
  if (bytes.length === READ_BYTES && spare.length < MOST_SPARE) spare.push(bytes)
  else (bytes.buffer as ArrayBuffer).transfer(0)
}
