// One keep-alive connection of the generator: sends the same finished bytes again and again, compares each answer's status and body.
// It knows answers with Content-Length only, which all static scenarios have.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface Expected {
  readonly status: number
  readonly body: Buffer
}

export interface ClientOwner {
  /** The answer to the last request is complete. `right` = its status and every byte of its body were as expected. */
  onAnswer(client: HttpClient, right: boolean): void
  /** The connection is lost; with `waiting`, a request with it. */
  onLost(client: HttpClient, waiting: boolean): void
}

const end = Buffer.from('\r\n\r\n')

export class HttpClient {
  /** When the request was due, ms; for the owner. */
  dueMs = 0
  /** When it was sent, ms; for the owner. */
  sentMs = 0
  bytesRead = 0
  readonly #owner: ClientOwner
  readonly #expected: Expected
  readonly #socket: Socket
  #waiting = false
  #head = ''
  /** Body bytes that were compared; -1 = the head is incomplete. */
  #at = -1
  #right = true

  constructor(port: number, expected: Expected, owner: ClientOwner) {
    this.#owner = owner
    this.#expected = expected
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.on('data', chunk => this.#onData(chunk as Buffer))
    this.#socket.on('error', () => this.#socket.destroy())
    this.#socket.on('close', () => owner.onLost(this, this.#waiting))
  }

  async connected(): Promise<void> {
    if (this.#socket.connecting) await once(this.#socket, 'connect')
  }

  send(request: Buffer): void {
    this.#waiting = true
    this.#socket.write(request)
  }

  #onData(chunk: Buffer): void {
    this.bytesRead += chunk.length
    if (!this.#waiting) return void this.#socket.destroy()
    let from = 0
    if (this.#at < 0) {
      from = this.#readHead(chunk)
      if (this.#at < 0) return
    }
    const { body } = this.#expected
    const length = chunk.length - from
    if (length > body.length - this.#at) this.#right = false
    else if (length > 0 && chunk.compare(body, this.#at, this.#at + length, from) !== 0) this.#right = false
    this.#at += length
    if (this.#at >= body.length) this.#finish()
  }

  /** @returns where the body begins in the chunk */
  #readHead(chunk: Buffer): number {
    const before = this.#head.length
    const found = before === 0 ? chunk.indexOf(end) : -1
    this.#head += chunk.toString('latin1', 0, found < 0 ? chunk.length : found + 4)
    const headEnd = found < 0 ? this.#head.indexOf('\r\n\r\n') : found
    if (headEnd < 0) return 0
    const declared = /\r\ncontent-length: *(\d+)\r\n/i.exec(this.#head)?.[1]
    this.#right = Number(this.#head.slice(9, 12)) === this.#expected.status
    // Of a length that is not the right one the end is unknown: the connection ends with it.
    if (Number(declared) !== this.#expected.body.length) this.#socket.destroy()
    else this.#at = 0
    this.#head = ''
    return headEnd + 4 - before
  }

  #finish(): void {
    const right = this.#right
    this.#waiting = false
    this.#at = -1
    this.#right = true
    this.#owner.onAnswer(this, right)
  }
}
