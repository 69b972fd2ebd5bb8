// The body of one request on its way up: held (bounded) until a connection takes it, then written through with its framing, and
// kept (bounded) for another attempt where the route wants that.
// Gathers small pieces: memory and writes are in proportion to bytes, not to chunks. A small body leaves with the head in one write.

import { type BodyLength, CHUNKED, NO_LENGTH } from '../../http/body.ts'
import { type Fields, NO_FIELDS } from '../../http/fields.ts'
import { chunkHead, lastChunk } from '../../http1/chunks.ts'
import type { UpstreamConnection } from '../upstream/connection.ts'
import { GrowingBuffer } from './growing-buffer.ts'

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
  /** All of the body so far: held for the first connection, or kept for another attempt; undefined = there is none, or not all. */
  #kept: GrowingBuffer | undefined = undefined
  #replayBytes = 0
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
    return this.bytes === 0 || this.#kept !== undefined
  }

  /** A body of up to `bytes` stays at hand for another attempt. To be said before the first piece. */
  keep(bytes: number): void {
    this.#replayBytes = bytes
  }

  /** All of the body as latin1, or undefined where it is not at hand. */
  text(): string | undefined {
    if (this.bytes === 0) return ''
    return this.received ? this.#kept?.bytes().toString('latin1') : undefined
  }

  push(chunk: Buffer, start: number, end: number): void {
    const piece = chunk.subarray(start, end)
    const isFirst = this.bytes === 0
    this.bytes += piece.length
    this.#letGo()
    if (isFirst && (!this.#connection || this.bytes <= this.#replayBytes)) this.#kept = new GrowingBuffer()
    this.#kept?.append(piece)
    if (this.#connection) this.#write(this.#connection, piece)
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
    if (this.#kept) this.#write(connection, this.#kept.bytes())
    this.#letGo()
    if (this.received && this.#chunked) this.#text += this.#lastChunk()
    return this.flush()
  }

  /** Forgets a connection that failed; the next one gets the body from its beginning. */
  detach(): void {
    this.#connection = undefined
    this.#text = ''
  }

  /** What a connection has, and what is too long to be kept, need not be held any longer. */
  #letGo(): void {
    if (this.#connection && this.bytes > this.#replayBytes) this.#kept = undefined
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
    return lastChunk(this.#trailers)
  }
}
