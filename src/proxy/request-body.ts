// The body of one request on its way up: held (bounded) until a connection takes it, then written through with its framing.
// Small bodies leave together with the head in one write.

import type { Fields } from '../http1/fields.ts'
import { NO_FIELDS, serialiseTrailers } from '../http1/fields.ts'
import { type BodyLength, CHUNKED, NO_LENGTH } from '../http1/framing.ts'
import { chunkHead, lastChunk } from '../http1/serialise.ts'
import type { UpstreamConnection } from './upstream-connection.ts'

/** Bytes that are held while there is no connection yet; then the client has to wait. */
const HOLD_BYTES = 65_536
/** Up to this size head and body are written as one string. */
const ONE_WRITE_BYTES = 16_384

export class RequestBody {
  /** Bytes of body received so far. */
  bytes = 0
  /** The client has sent all of it. */
  received: boolean
  readonly #chunked: boolean
  #trailers: Fields = NO_FIELDS
  #held: Buffer[] = []
  #connection: UpstreamConnection | undefined

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

  /** Takes a piece. @returns false where the client has to wait until `start` or the upstream's drain */
  push(piece: Buffer): boolean {
    this.bytes += piece.length
    if (this.#connection) return this.#write(this.#connection, piece)
    this.#held.push(piece)
    return this.bytes <= HOLD_BYTES
  }

  end(trailers: Fields): void {
    this.received = true
    this.#trailers = trailers
    if (this.#connection && this.#chunked) this.#connection.writeText(this.#lastChunk())
  }

  /** Writes the head and what is held; from now on pieces go straight through. @returns false as `push` does */
  start(connection: UpstreamConnection, head: string): boolean {
    this.#connection = connection
    const held = this.#held
    if (held.length === 0) return connection.writeText(this.received && this.#chunked ? head + this.#lastChunk() : head)
    this.#held = []
    if (this.bytes <= ONE_WRITE_BYTES) return connection.writeText(head + this.#asText(held))
    connection.cork()
    let flowing = connection.writeText(head)
    for (const piece of held) flowing = this.#write(connection, piece)
    if (this.received && this.#chunked) flowing = connection.writeText(this.#lastChunk())
    connection.uncork()
    return flowing
  }

  /** Forgets a connection that failed before anything was written on it. */
  detach(): void {
    this.#connection = undefined
  }

  #write(connection: UpstreamConnection, piece: Buffer): boolean {
    if (!this.#chunked) return connection.writeBytes(piece)
    connection.cork()
    connection.writeText(chunkHead(piece.length))
    connection.writeBytes(piece)
    const flowing = connection.writeText('\r\n')
    connection.uncork()
    return flowing
  }

  #asText(pieces: readonly Buffer[]): string {
    let text = ''
    for (const piece of pieces) {
      const bytes = piece.toString('latin1')
      text += this.#chunked ? `${chunkHead(bytes.length)}${bytes}\r\n` : bytes
    }
    return this.received && this.#chunked ? text + this.#lastChunk() : text
  }

  #lastChunk(): string {
    return lastChunk(serialiseTrailers(this.#trailers))
  }
}
