// Which of the two protocols a client speaks on a plain port that takes both (RFC 9113 3.3): HTTP/2 begins with a preface that no request
// of HTTP/1.1 begins with. Nothing of it is consumed.

import type { Socket } from 'node:net'
import { PREFACE } from '../../../http2/frames.ts'

export class PriorKnowledge {
  readonly #socket: Socket
  readonly #onKnown: (http2: boolean) => void
  readonly #onEnd: () => void
  #seenBytes = 0

  /** @param onKnown is called once, unless the client says nothing at all: then `onEnd` is */
  constructor(socket: Socket, onKnown: (http2: boolean) => void, onEnd: () => void) {
    this.#socket = socket
    this.#onKnown = onKnown
    this.#onEnd = onEnd
  }

  begin(): void {
    this.#socket.on('readable', this.#look)
    if (this.#socket.readableLength > 0) this.#look()
  }

  cancel(): void {
    this.#socket.off('readable', this.#look)
  }

  readonly #look = (): void => {
    // What was given back is announced as well.
    if (this.#seenBytes > 0 && this.#socket.readableLength <= this.#seenBytes) return
    // All of it: without a size Node 26 hands out only the first of several pieces.
    const bytes = this.#socket.read(this.#socket.readableLength || undefined) as Buffer | null
    if (bytes === null) {
      this.cancel()
      return this.#onEnd()
    }
    this.#socket.unshift(bytes)
    this.#seenBytes = bytes.length
    const begin = bytes.toString('latin1', 0, PREFACE.length)
    const isPreface = PREFACE.startsWith(begin)
    if (isPreface && begin.length < PREFACE.length) return
    this.cancel()
    this.#onKnown(isPreface)
  }
}
