// The body of one request on its way up: held (bounded) until a connection takes it, then written through with its framing.
// Gathers small pieces: memory and writes are in proportion to bytes, not to chunks. A small body leaves with the head in one write.

import { type Fields, NO_FIELDS, serialiseTrailers } from '../http1/fields.ts'
import { type BodyLength, CHUNKED, NO_LENGTH } from '../http1/framing.ts'
import { chunkHead, lastChunk } from '../http1/serialise.ts'
import { GrowingBuffer } from './growing-buffer.ts'
import type { UpstreamConnection } from './upstream-connection.ts'

/** Bytes that are held while there is no connection yet; then the client has to wait. */
const HOLD_BYTES = 65_536
/** Up to this size head and body are written as one string, and pieces are gathered in one. */
const GATHER_BYTES = 16_384

export class RequestBody {
  /** Bytes of body received so far. */
  bytes = 0
  /** The client has sent all of it. */
  received: boolean
  readonly #chunked: boolean
  #trailers: Fields = NO_FIELDS
  #held: GrowingBuffer | undefined = undefined
  #connection: UpstreamConnection | undefined = undefined
  /** Gathered for the next write, latin1. */
  #text = ''

  constructor(length: BodyLength) {
    this.#chunked = length === CHUNKED
    this.received = length === NO_LENGTH || length === 0
  }

  /** All of the request has been written. */
  get sent(): boolean {
    return this.received && this.#connection !== undefined
  }

  /** Nothing of the body has been let go: another connection can get the same. */
  get replayable(): boolean {
    return this.bytes === 0 || this.#connection === undefined
  }

  push(chunk: Buffer, start: number, end: number): void {
    this.bytes += end - start
    if (this.#connection) this.#write(this.#connection, chunk.subarray(start, end))
    else {
      this.#held ??= new GrowingBuffer()
      this.#held.append(chunk.subarray(start, end))
    }
  }

  end(trailers: Fields): void {
    this.received = true
    this.#trailers = trailers
    if (!this.#connection) return
    if (this.#chunked) this.#text += this.#lastChunk()
    this.flush()
  }

  /** Writes what was gathered. @returns false where the client has to wait until `start` or the upstream's drain */
  flush(): boolean {
    if (!this.#connection) return this.bytes <= HOLD_BYTES
    if (this.#text !== '') this.#connection.writeText(this.#text)
    this.#text = ''
    return this.#connection.flowing
  }

  /** Writes the head and what is held; from now on pieces go straight through. @returns false as `flush` does */
  start(connection: UpstreamConnection, head: string): boolean {
    this.#connection = connection
    this.#text = head
    const held = this.#held?.take()
    this.#held = undefined
    if (held) this.#write(connection, held)
    if (this.received && this.#chunked) this.#text += this.#lastChunk()
    return this.flush()
  }

  /** Forgets a connection that failed before anything of the body was written on it. */
  detach(): void {
    this.#connection = undefined
    this.#text = ''
  }

  #write(connection: UpstreamConnection, piece: Buffer): void {
    const chunked = this.#chunked
    if (piece.length + this.#text.length <= GATHER_BYTES) {
      const text = piece.toString('latin1')
      this.#text += chunked ? `${chunkHead(piece.length)}${text}\r\n` : text
      return
    }
    if (chunked) this.#text += chunkHead(piece.length)
    if (this.#text === '') connection.writeBytes(piece)
    else connection.writeTextAndBytes(this.#text, piece)
    this.#text = chunked ? '\r\n' : ''
  }

  #lastChunk(): string {
    return lastChunk(serialiseTrailers(this.#trailers))
  }
}
