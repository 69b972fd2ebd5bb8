// The body of one request on its way up: held (bounded) until a connection takes it, then passed through, and kept (bounded) for
// another attempt where the route wants that. How it is framed and written is the connection's business.

import { type BodyLength, CHUNKED, NO_LENGTH } from '../../http/body.ts'
import { type Fields, NO_FIELDS } from '../../http/fields.ts'
import { GrowingBuffer } from '../runtime/growing-buffer.ts'
import type { UpstreamConnection } from '../upstream/connection.ts'

/** Bytes that are held while there is no connection yet; then the client has to wait. */
const HOLD_BYTES = 65_536
export class RequestBody {
  /** Bytes of body received so far. */
  bytes = 0
  /** The client has sent all of it. */
  received: boolean
  #trailers: Fields = NO_FIELDS
  /** All of the body so far: held for the first connection, or kept for another attempt; undefined = there is none, or not all. */
  #kept: GrowingBuffer | undefined = undefined
  #replayBytes: number
  #connection: UpstreamConnection | undefined = undefined

  constructor(length: BodyLength) {
    this.received = length === NO_LENGTH || length === 0
    // Its upstream may refuse it for want of a length: then it is sent again with one.
    this.#replayBytes = length === CHUNKED ? HOLD_BYTES : 0
  }

  /** All of the request has been written. */
  get sent(): boolean {
    return this.received && this.#connection !== undefined
  }

  /** Of what came, the bytes that a connection has been given. */
  get bytesUp(): number {
    return this.bytes
  }

  /** Nothing of the body has been let go: another connection can get the same. */
  get replayable(): boolean {
    return this.bytes === 0 || this.#kept !== undefined
  }

  /** A body of up to `bytes` stays at hand for another attempt. To be said before the first piece. */
  keep(bytes: number): void {
    this.#replayBytes = Math.max(this.#replayBytes, bytes)
  }

  /** All of the body, or undefined where it is not at hand, or there is none. */
  whole(): Buffer | undefined {
    return this.received ? this.#kept?.bytes() : undefined
  }

  push(chunk: Buffer, start: number, end: number): void {
    const piece = chunk.subarray(start, end)
    const isFirst = this.bytes === 0
    this.bytes += piece.length
    this.#letGo()
    if (isFirst && (!this.#connection || this.bytes <= this.#replayBytes)) this.#kept = new GrowingBuffer()
    this.#kept?.append(piece)
    this.#connection?.body(piece)
  }

  end(trailers: Fields): void {
    this.received = true
    this.#trailers = trailers
    if (!this.#connection) return
    this.#connection.end(trailers)
    this.#connection.flush()
  }

  /** Sends what was gathered. @returns false where the client has to wait until `start` or the upstream's drain */
  flush(): boolean {
    return this.#connection ? this.#connection.flush() : this.bytes <= HOLD_BYTES
  }

  /** What is held follows the head on this connection; from now on pieces go straight through. @returns false as `flush` does */
  start(connection: UpstreamConnection): boolean {
    this.#connection = connection
    if (this.#kept) connection.body(this.#kept.bytes())
    this.#letGo()
    if (this.received) connection.end(this.#trailers)
    return connection.flush()
  }

  /** Forgets a connection that failed; the next one gets the body from its beginning. */
  detach(): void {
    this.#connection = undefined
  }

  /** Gives away what it has before any connection, for somebody else to hold. */
  protected release(): Buffer | undefined {
    const kept = this.#kept
    this.#kept = undefined
    return kept?.bytes()
  }

  /** What a connection has, and what is too long to be kept, need not be held any longer. */
  #letGo(): void {
    if (this.#connection && this.bytes > this.#replayBytes) this.#kept = undefined
  }
}
