// Writes one response after the other to a client's HTTP/1.1 connection: head, framing, body, end. Gathers what is at hand and
// sends it in as few writes as possible. Knows nothing of upstreams.

import type { Socket } from 'node:net'
import type { Fields } from '../../http/fields.ts'
import type { ResponseHead } from '../../http/heads.ts'
import { offeredProtocols } from '../../http/upgrades.ts'
import { chunkHead, lastChunk } from '../../http1/chunks.ts'
import { responseFields } from '../../http1/response-fields.ts'
import { reasonPhrase } from '../answers/reason-phrase.ts'
import { dateLine } from './date-line.ts'

/** Pieces up to this size are gathered in one string; larger ones are written as they are. */
const GATHER_BYTES = 16_384

/** Where no other answer can be made. It may be in doubt: a client that reads nothing at all would send its request again (RFC 9112 9.3.1). */
export const LAST_WORD_TEXT = 'The request may or may not have been carried out. Check before you send it again.\n'
const LAST_WORD = `HTTP/1.1 502 ${reasonPhrase('in-doubt', 'en')}\r\nContent-Type: text/plain\r\nCache-Control: no-store\r\nContent-Length: ${LAST_WORD_TEXT.length}\r\nConnection: close\r\n\r\n`
/** A status that names the protocol it wants. */
const UPGRADE_REQUIRED = 426

type Framing = 'none' | 'length' | 'chunked' | 'until-close'

export class ResponseWriter {
  readonly #socket: Socket
  /** Of a socket with TLS, which says only in the next turn that its bytes have left: is told then. */
  readonly #onWritten: (() => void) | undefined
  /** With TLS: what was written last waits behind other bytes, not encrypted yet. */
  #behind = false
  #minor = 1
  #framing: Framing = 'none'
  /** What waits for `flush`, latin1. */
  #text = ''
  #corked = false
  #flowing = true
  /** The final head of the current request's answer has been written. */
  #answered = false
  /** The connection carries another exchange after this one. */
  persistent = true
  /** Strict-Transport-Security of the listener, as a line, in place of what upstreams say; '' = they have their say. */
  hsts = ''

  /** @param onWritten for a socket with TLS: called whenever bytes have left */
  constructor(socket: Socket, onWritten: (() => void) | undefined) {
    this.#socket = socket
    this.#onWritten = onWritten
  }

  /** Buffers of what was flushed are still to be read. TLS has read them once they are encrypted. */
  get holdsBuffers(): boolean {
    return (this.#onWritten === undefined || this.#behind) && this.#socket.writableLength > 0
  }

  /** Only the end of the connection ends the current body. */
  get endsWithConnection(): boolean {
    return this.#framing === 'until-close'
  }

  /** @param minor of the request; @param persistent what the client asked for */
  begin(minor: number, persistent: boolean): void {
    this.#minor = minor
    this.persistent = persistent
    this.#framing = 'none'
    this.#answered = false
  }

  /** This response is the connection's last. */
  endConnection(): void {
    this.persistent = false
  }

  interim(head: ResponseHead): void {
    this.#text += `HTTP/1.1 ${head.status} ${head.reason}\r\n${responseFields(head).text}\r\n`
  }

  head(head: ResponseHead, bodiless: boolean, requestId: string, cookie: string): void {
    this.#answered = true
    const { text, hasRequestId, hasDate, hsts } = responseFields(head)
    let framing = ''
    if (bodiless) {
      this.#framing = 'none'
      // HEAD and 304 may say how long the body would be (RFC 9110 8.6); 204 must not.
      if (head.length >= 0 && head.status !== 204) framing = `Content-Length: ${head.length}\r\n`
    } else if (head.length >= 0) {
      this.#framing = 'length'
      framing = `Content-Length: ${head.length}\r\n`
    } else if (this.#minor === 1) {
      this.#framing = 'chunked'
      framing = 'Transfer-Encoding: chunked\r\n'
    } else {
      this.#framing = 'until-close'
      this.persistent = false
    }
    const connection =
      head.status === UPGRADE_REQUIRED
        ? this.#wantedUpgrade(head)
        : this.persistent
          ? this.#minor === 0
            ? 'Connection: keep-alive\r\n'
            : ''
          : 'Connection: close\r\n'
    const id = hasRequestId ? '' : `X-Request-Id: ${requestId}\r\n`
    // Whatever else Cache-Control says, a cookie is for one client: it joins the upstream's own (RFC 9110 5.3).
    const extra = cookie === '' ? '' : `Set-Cookie: ${cookie}\r\nCache-Control: private\r\n`
    this.#text += `HTTP/1.1 ${head.status} ${head.reason}\r\n${text}${hasDate ? '' : dateLine()}${this.hsts || hsts}${extra}${framing}${connection}${id}\r\n`
  }

  /** Connection, and the protocols that a 426 asks for, which go with it (RFC 9110 7.8, 15.5.22). */
  #wantedUpgrade(head: ResponseHead): string {
    const protocols = offeredProtocols(head.fields)
    const options = this.persistent ? (this.#minor === 0 ? 'keep-alive' : '') : 'close'
    if (protocols === undefined) return options === '' ? '' : `Connection: ${options}\r\n`
    return `Connection: ${options === '' ? '' : `${options}, `}Upgrade\r\nUpgrade: ${protocols}\r\n`
  }

  /** 101, sent at once: from here on the connection is not HTTP. */
  upgrade(head: ResponseHead, requestId: string): void {
    const { text, hasRequestId, hsts } = responseFields(head)
    const id = hasRequestId ? '' : `X-Request-Id: ${requestId}\r\n`
    const upgrade = `Connection: Upgrade\r\nUpgrade: ${head.options.upgrade ?? ''}\r\n`
    this.#text += `HTTP/1.1 ${head.status} ${head.reason}\r\n${text}${this.hsts || hsts}${upgrade}${id}\r\n`
    this.flush()
  }

  body(chunk: Buffer, start: number, end: number): void {
    const bytes = end - start
    const chunked = this.#framing === 'chunked'
    if (bytes + this.#text.length <= GATHER_BYTES) {
      const text = chunk.toString('latin1', start, end)
      this.#text += chunked ? `${chunkHead(bytes)}${text}\r\n` : text
      return
    }
    if (chunked) this.#text += chunkHead(bytes)
    this.#cork()
    this.#writeText()
    const piece = start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end)
    this.#flowing = this.#socket.write(piece, this.#onWritten)
    if (chunked) this.#text = '\r\n'
  }

  end(trailers: Fields): void {
    if (this.#framing === 'chunked') this.#text += lastChunk(trailers)
    if (this.#framing === 'until-close') this.persistent = false
  }

  /** Answers the current request, if nothing has, with the connection's last response. @returns false where something has */
  lastWord(): boolean {
    if (this.#answered) return false
    this.#answered = true
    this.#text += LAST_WORD + LAST_WORD_TEXT
    this.persistent = false
    this.flush()
    return true
  }

  /** @returns false where the client reads too slowly */
  flush(): boolean {
    this.#writeText()
    if (this.#corked) {
      this.#corked = false
      this.#socket.uncork()
    }
    // What the kernel has taken at once needs no waiting, whatever `write` said of the queue before.
    const flowing = this.#flowing || this.#socket.writableLength === 0
    this.#flowing = true
    return flowing
  }

  #writeText(): void {
    if (this.#text === '') return
    if (!this.#corked) this.#behind = this.#socket.writableLength > 0
    this.#flowing = this.#socket.write(this.#text, 'latin1', this.#onWritten)
    this.#text = ''
  }

  /** Writes go together from the first large piece of a read to its flush. */
  #cork(): void {
    if (this.#corked) return
    this.#corked = true
    this.#behind = this.#socket.writableLength > 0
    this.#socket.cork()
  }
}
