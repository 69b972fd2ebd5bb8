// A client made of one TCP socket: sends exactly the given bytes, in the given pieces, and shows exactly what comes back.
// It never retries, never adds a byte, and reads responses with the strict reader of wire.ts.

import { type AddressInfo, connect, type Socket } from 'node:net'
import { type ConnectionOptions, connect as secure, type TLSSocket } from 'node:tls'
import { GrowingBytes } from './growing-bytes.ts'
import { STUCK_MS, sleep, within } from './until.ts'
import { checkAnnouncement, type ResponseMessage, readResponse } from './wire.ts'

export type Bytes = string | Buffer

/** How the other side ended: not yet, cleanly (FIN), or by a reset or another error. */
export type Ending = 'open' | 'fin' | 'reset'

export interface Conversation {
  /** Final and interim responses, in order. */
  readonly responses: readonly ResponseMessage[]
  /** What followed the last complete response. */
  readonly rest: Buffer
  readonly ending: Ending
}

const open = new Set<RawClient>()

/** Closes all that are still open, so that nothing waits for them. */
export function closeClients(): void {
  for (const client of open) client.close()
}

export class RawClient {
  readonly socket: Socket
  readonly #transport: Socket
  readonly #received = new GrowingBytes()
  #ending: Ending = 'open'
  #wake: (() => void)[] = []

  private constructor(socket: Socket, transport = socket) {
    this.socket = socket
    this.#transport = transport
    open.add(this)
    socket.setNoDelay(true)
    socket.on('data', chunk => {
      this.#received.append(chunk as Buffer)
      this.#notify()
    })
    socket.on('end', () => this.#ended('fin'))
    socket.on('error', () => this.#ended('reset'))
    socket.on('close', () => {
      open.delete(this)
      this.#ended('reset')
    })
  }

  /** Over TLS: resolves after the handshake. What it reads and sends is what TLS protects. */
  static secure(port: number, options: ConnectionOptions = {}): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const transport = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
      const socket = secure({ rejectUnauthorized: false, ALPNProtocols: ['http/1.1'], ...options, socket: transport })
      socket.once('error', reject)
      socket.once('secureConnect', () => {
        socket.off('error', reject)
        resolve(new RawClient(socket, transport))
      })
    })
  }

  /** @param from local address, any of 127.0.0.0/8 */
  static connect(port: number, { from }: { from?: string } = {}): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const address = { port, host: '127.0.0.1', allowHalfOpen: true }
      const socket = connect(from === undefined ? address : { ...address, localAddress: from })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new RawClient(socket))
      })
    })
  }

  /** Of a client with TLS. */
  get tls(): TLSSocket {
    return this.socket as TLSSocket
  }

  get localPort(): number {
    return (this.socket.address() as AddressInfo).port
  }

  get ending(): Ending {
    return this.#ending
  }

  /** Everything that came and has not been taken yet. */
  get pending(): Buffer {
    return this.#received.all
  }

  /** Latin-1 text or bytes, in one write. */
  send(bytes: Bytes): void {
    this.socket.write(toBuffer(bytes))
  }

  /** Each piece in a segment of its own. */
  async sendPieces(pieces: readonly Bytes[], pauseMs = 1): Promise<void> {
    for (const piece of pieces) {
      if (this.#ending === 'reset' || this.socket.destroyed) return
      await new Promise<void>(resolve => this.socket.write(toBuffer(piece), () => resolve()))
      await sleep(pauseMs)
    }
  }

  /** The next response, interim (1xx) ones too. Rejects if it is malformed, cut or late. */
  async response(method = 'GET', timeoutMs = STUCK_MS): Promise<ResponseMessage> {
    return within(timeoutMs, () => `no response; so far ${show(this.pending)}`, this.#response(method))
  }

  /** The next final response and the interim ones before it. */
  async final(method = 'GET', timeoutMs = STUCK_MS): Promise<ResponseMessage & { interim: ResponseMessage[] }> {
    const interim: ResponseMessage[] = []
    for (;;) {
      const response = await this.response(method, timeoutMs)
      if (response.status >= 200) return Object.assign(response, { interim })
      interim.push(response)
    }
  }

  /** Reads until the other side ends; then parses all responses that are complete. */
  async untilClosed(methods: readonly string[] = ['GET'], timeoutMs = STUCK_MS): Promise<Conversation> {
    await within(timeoutMs, () => `still open; so far ${show(this.pending)}`, this.#closed())
    const responses: ResponseMessage[] = []
    let finals = 0
    for (;;) {
      const method = methods[Math.min(finals, methods.length - 1)] ?? 'GET'
      const response = this.#take(method)
      if (response === undefined) return { responses, rest: this.pending, ending: this.#ending }
      if (response.status >= 200) finals += 1
      responses.push(response)
    }
  }

  /** Resolves once at least `count` bytes wait, and takes them. */
  async bytes(count: number, timeoutMs = STUCK_MS): Promise<Buffer> {
    const wait = async () => {
      while (this.#received.length < count) {
        if (this.#ending !== 'open')
          throw new Error(`ended (${this.#ending}) after ${this.pending.length} of ${count} bytes`)
        await this.#change()
      }
    }
    await within(timeoutMs, () => `only ${this.pending.length} of ${count} bytes`, wait())
    return this.#received.take(count)
  }

  /** Sends FIN, goes on reading. */
  end(): void {
    this.socket.end()
  }

  /** Ends by RST. */
  reset(): void {
    this.#transport.resetAndDestroy()
  }

  close(): void {
    this.socket.destroy()
  }

  async #response(method: string): Promise<ResponseMessage> {
    for (;;) {
      const response = this.#take(method)
      if (response !== undefined) return response
      if (this.#ending !== 'open')
        throw new Error(`ended (${this.#ending}) before a complete response: ${show(this.pending)}`)
      await this.#change()
    }
  }

  #take(method: string): ResponseMessage | undefined {
    const response = readResponse(this.pending, method, this.#ending === 'fin')
    if (response === undefined) return undefined
    checkAnnouncement(response)
    this.#received.take(response.bytes.length)
    return response
  }

  async #closed(): Promise<void> {
    while (this.#ending === 'open') await this.#change()
  }

  #change(): Promise<void> {
    return new Promise(resolve => this.#wake.push(resolve))
  }

  #notify(): void {
    const wake = this.#wake
    this.#wake = []
    for (const each of wake) each()
  }

  #ended(how: Ending): void {
    // An error after a FIN is still a broken end only if the FIN had not been seen.
    if (this.#ending === 'open') this.#ending = how
    this.#notify()
  }
}

/** One connection, one write, everything that comes back until the other side closes. */
export async function exchange(
  port: number,
  bytes: Bytes,
  methods: readonly string[] = ['GET'],
): Promise<Conversation> {
  const client = await RawClient.connect(port)
  try {
    client.send(bytes)
    return await client.untilClosed(methods)
  } finally {
    client.close()
  }
}

/** One connection, one write, the first final response. */
export async function ask(
  port: number,
  bytes: Bytes,
  method = 'GET',
): Promise<ResponseMessage & { interim: ResponseMessage[] }> {
  const client = await RawClient.connect(port)
  try {
    client.send(bytes)
    return await client.final(method)
  } finally {
    client.close()
  }
}

export function toBuffer(bytes: Bytes): Buffer {
  return typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
}

function show(bytes: Buffer): string {
  const text = bytes.toString('latin1', 0, 300)
  return `${bytes.length} bytes ${JSON.stringify(text)}`
}
