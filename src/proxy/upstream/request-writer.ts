// Writes one request after the other to an upstream's HTTP/1.1 connection. Gathers small pieces: writes are in proportion to bytes, not
// to chunks, and a small body leaves with its head in one write.

import type { Socket } from 'node:net'
import type { Fields } from '../../http/fields.ts'
import { chunkHead, lastChunk } from '../../http1/chunks.ts'

/** Up to this size head and body are written as one string, and pieces are gathered in one. */
const GATHER_BYTES = 16_384

export class RequestWriter {
  readonly #socket: Socket
  #preface: string
  #chunked = false
  /** What waits for `flush`, latin1. */
  #text = ''

  /** @param preface what goes before the first request, in one write with it: latin1 */
  constructor(socket: Socket, preface: string) {
    this.#socket = socket
    this.#preface = preface
  }

  /** @param head its text */
  begin(head: string, chunked: boolean): void {
    this.#text = this.#preface + head
    this.#preface = ''
    this.#chunked = chunked
  }

  body(piece: Buffer): void {
    const chunked = this.#chunked
    if (piece.length + this.#text.length <= GATHER_BYTES) {
      const text = piece.toString('latin1')
      this.#text += chunked ? `${chunkHead(piece.length)}${text}\r\n` : text
      return
    }
    if (chunked) this.#text += chunkHead(piece.length)
    if (this.#text === '') this.#socket.write(piece)
    else this.#writeTogether(piece)
    this.#text = chunked ? '\r\n' : ''
  }

  end(trailers: Fields): void {
    if (this.#chunked) this.#text += lastChunk(trailers)
  }

  flush(): void {
    if (this.#text === '') return
    this.#socket.write(this.#text, 'latin1')
    this.#text = ''
  }

  #writeTogether(piece: Buffer): void {
    this.#socket.cork()
    this.#socket.write(this.#text, 'latin1')
    this.#socket.write(piece)
    this.#socket.uncork()
  }
}
