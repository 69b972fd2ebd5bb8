// An upstream made of bare TCP sockets: keeps the exact bytes of every connection and answers each request as the test scripts it.
// It reads requests with the strict reader of wire.ts; what that refuses is kept as a violation and never answered.

import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { GrowingBytes } from './growing-bytes.ts'
import { answerOk } from './raw-answers.ts'
import { sleep, until } from './until.ts'
import { type Head, type RequestMessage, readHead, readRequest } from './wire.ts'

/** One request as it arrives. */
export interface Arrival {
  readonly head: Head
  readonly method: string
  readonly target: string
  readonly connection: UpstreamConnection
  /** Position on its connection, from 0. */
  readonly index: number
  /** Resolves with the whole message; rejects if the connection ends before. */
  whole(): Promise<RequestMessage>
}

export type Answer = (arrival: Arrival) => void | Promise<void>

export class UpstreamConnection {
  readonly socket: Socket
  readonly requests: RequestMessage[] = []
  /** What the strict reader refused. */
  violation: Error | undefined
  ending: 'open' | 'fin' | 'reset' = 'open'
  readonly #bytes = new GrowingBytes()
  #parsed = 0
  #taken = false
  #wake: (() => void)[] = []

  constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('data', chunk => {
      this.#bytes.append(chunk as Buffer)
      this.#notify()
    })
    socket.on('end', () => this.#ended('fin'))
    socket.on('error', () => this.#ended('reset'))
    socket.on('close', () => this.#ended('reset'))
  }

  /** Every byte that came on this connection. */
  get received(): Buffer {
    return this.#bytes.all
  }

  /** Bytes that are not part of a request that was read whole. */
  get unread(): Buffer {
    return this.received.subarray(this.#parsed)
  }

  /** Latin-1 text or bytes, in one write; resolves when the kernel has them. */
  write(bytes: string | Buffer): Promise<void> {
    return new Promise(resolve => {
      if (this.socket.destroyed || !this.socket.writable) return resolve()
      this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, () => resolve())
    })
  }

  /** Each piece in a segment of its own. */
  async writePieces(pieces: readonly (string | Buffer)[], pauseMs = 1): Promise<void> {
    for (const piece of pieces) {
      await this.write(piece)
      await sleep(pauseMs)
    }
  }

  /** Ends by FIN. */
  end(): void {
    this.socket.end()
  }

  /** Ends by RST. */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  /** Stops reading requests: from here on the bytes belong to the script (a tunnel). */
  takeOver(): void {
    this.#taken = true
  }

  /** Resolves once `condition` holds for this connection. */
  async when(condition: (connection: this) => boolean): Promise<void> {
    while (!condition(this)) {
      if (this.ending === 'reset' || (this.ending === 'fin' && !condition(this)))
        throw new Error(`connection ended (${this.ending})`)
      await this.#change()
    }
  }

  /** Resolves when the other side has ended. */
  async ended(): Promise<void> {
    while (this.ending === 'open') await this.#change()
  }

  async serve(answer: () => Answer): Promise<void> {
    for (let index = 0; !this.#taken; index += 1) {
      const head = await this.#next(() => readHead(this.unread))
      if (head === undefined) return
      const [method = '', target = ''] = head.startLine.split(' ')
      let message: RequestMessage | undefined
      const whole = async () => {
        message ??= await this.#next(() => readRequest(this.unread))
        if (message === undefined)
          throw this.violation ?? new Error(`connection ended (${this.ending}) within a request`)
        return message
      }
      await answer()({ head, method, target, connection: this, index, whole })
      if (this.#taken) return
      try {
        const request = await whole()
        this.#parsed += request.bytes.length
        this.requests.push(request)
        this.#notify()
      } catch {
        return
      }
    }
  }

  async #next<T>(read: () => T | undefined): Promise<T | undefined> {
    for (;;) {
      try {
        const value = read()
        if (value !== undefined) return value
      } catch (error) {
        this.violation = error as Error
        return undefined
      }
      if (this.ending !== 'open') return undefined
      await this.#change()
    }
  }

  #change(): Promise<void> {
    return new Promise(resolve => this.#wake.push(resolve))
  }

  #notify(): void {
    const wake = this.#wake
    this.#wake = []
    for (const each of wake) each()
  }

  #ended(how: 'fin' | 'reset'): void {
    if (this.ending === 'open') this.ending = how
    this.#notify()
  }
}

export class RawUpstream {
  readonly port: number
  /** How requests are answered from now on, on old connections too. */
  answer: Answer
  /** Accepted since the last `forget`. */
  connections: UpstreamConnection[] = []
  readonly #server: Server
  readonly #open = new Set<UpstreamConnection>()

  private constructor(server: Server, answer: Answer) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
    this.answer = answer
    server.on('connection', socket => {
      const connection = new UpstreamConnection(socket)
      this.connections.push(connection)
      this.#open.add(connection)
      socket.on('close', () => this.#open.delete(connection))
      connection
        .serve(() => this.answer)
        .catch((error: Error) => {
          connection.violation ??= error
          socket.destroy()
        })
    })
  }

  static start(answer: Answer = answerOk): Promise<RawUpstream> {
    return new Promise((resolve, reject) => {
      const server = createServer({ allowHalfOpen: true, noDelay: true })
      server.once('error', reject)
      server.listen(0, '127.0.0.1', () => resolve(new RawUpstream(server, answer)))
    })
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#open.size
  }

  /** Whole requests since the last `forget`, by connection. */
  get requests(): RequestMessage[] {
    return this.connections.flatMap(connection => connection.requests)
  }

  /** Every byte since the last `forget`. */
  get received(): Buffer {
    return Buffer.concat(this.connections.map(connection => connection.received))
  }

  /** Faults the strict reader found in what was sent here. */
  get violations(): Error[] {
    return this.connections.flatMap(connection => connection.violation ?? [])
  }

  /** Drops all connections and the journal, so that a test starts from nothing; answers 200 again. */
  async forget(answer: Answer = answerOk): Promise<void> {
    const open = [...this.#open]
    for (const connection of open) {
      connection.socket.resume()
      connection.end()
    }
    await until('the proxy closes the connections that its upstream ended', () =>
      open.every(each => each.ending !== 'open'),
    )
    for (const connection of open) connection.socket.destroy()
    this.connections = []
    this.answer = answer
  }

  close(): Promise<void> {
    for (const connection of this.#open) connection.socket.destroy()
    return new Promise(resolve => this.#server.close(() => resolve()))
  }
}
