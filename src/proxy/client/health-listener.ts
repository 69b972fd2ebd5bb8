// Answers /healthz and /readyz in this worker, for whoever has to know that the data plane lives: control may be busy, or gone. No
// exchange, no routes, and one answer for each connection: whoever may ask must not be able to keep a worker from its traffic, as
// thousands of pipelined requests would.

import { createServer, type Server, type Socket } from 'node:net'
import { HeadReader, NEEDS_MORE } from '../../http1/head-reader.ts'
import { parseRequestHead } from '../../http1/request-head.ts'
import type { HealthListenerPlan } from '../../plan/listener.ts'
import { type ListenerPlace, type PlaceLimits, placeFor } from '../../policy/process/listener-places.ts'
import { clientKey } from '../../policy/request/client-key.ts'
import { isLoopback } from '../../util/address-ranges.ts'
import { hostPort } from '../../util/words.ts'

/** Of each worker. */
const PLACES: PlaceLimits = { most: 64, reserved: 16, perClient: 16 }
const LIMITS = { headBytes: 8_192, headerCount: 100, targetBytes: 8_192 }
/** Of a connection, from its beginning to its end. */
const MOST_MS = 2_000

interface Place extends ListenerPlace {
  readonly socket: Socket
}

/** Whether this worker takes requests, and why, in one line. */
export interface WorkerReadiness {
  readonly ready: boolean
  readonly reason: string
}

export class HealthListener {
  readonly #readiness: () => WorkerReadiness
  readonly #places = new Map<Socket, Place>()
  #at: HealthListenerPlan | undefined
  #server: Server | undefined

  constructor(readiness: () => WorkerReadiness) {
    this.#readiness = readiness
  }

  /** Listens there and nowhere else; undefined = nowhere. @throws the system's error with the address in its words; then nothing has changed */
  async listen(at: HealthListenerPlan | undefined, reusePort: boolean): Promise<void> {
    if (at?.host === this.#at?.host && at?.port === this.#at?.port) return
    const former = this.#server
    this.#server = at && (await this.#open(at, reusePort))
    this.#at = at
    former?.close()
  }

  #open({ host, port }: HealthListenerPlan, reusePort: boolean): Promise<Server> {
    const server = createServer({ noDelay: true }, socket => this.#admit(socket))
    return new Promise((resolve, reject) => {
      server.once('error', ({ code, message }: NodeJS.ErrnoException) =>
        reject(Object.assign(new Error(`health listener (${hostPort(host, port)}): ${message}`), { code })),
      )
      server.listen({ host, port, reusePort }, () => {
        server.removeAllListeners('error').on('error', () => {})
        resolve(server)
      })
    })
  }

  #admit(socket: Socket): void {
    socket.on('error', () => {})
    const { remoteAddress } = socket
    if (remoteAddress === undefined) return void socket.destroy()
    const local = isLoopback(remoteAddress)
    const newcomer = { socket, key: clientKey(remoteAddress), local, known: false, busy: false }
    const verdict = placeFor(newcomer, [...this.#places.values()], PLACES)
    const leaving = verdict.letIn ? verdict.inPlaceOf : newcomer
    leaving?.socket.destroy()
    if (leaving !== undefined) this.#places.delete(leaving.socket)
    if (!verdict.letIn) return
    this.#places.set(socket, newcomer)
    const deadline = setTimeout(() => socket.destroy(), MOST_MS)
    socket.once('close', () => {
      clearTimeout(deadline)
      this.#places.delete(socket)
    })
    this.#serve(socket)
  }

  #serve(socket: Socket): void {
    const reader = new HeadReader(LIMITS.headBytes)
    const onData = (chunk: Buffer) => {
      const end = reader.push(chunk, 0)
      if (end === NEEDS_MORE) return
      // Nothing that follows is read.
      socket.off('data', onData).pause()
      socket.write(end < 0 ? answer(400, MALFORMED) : this.#answer(reader.text))
      socket.destroySoon()
    }
    socket.on('data', onData)
  }

  #answer(text: string): string {
    const head = parseRequestHead(text, LIMITS, { section: '', meaning: undefined })
    if (typeof head === 'string') return answer(400, MALFORMED)
    const { method, target } = head
    const say = (status: keyof typeof REASONS, words: string) => answer(status, words, method !== 'HEAD')
    if (method !== 'GET' && method !== 'HEAD') return say(405, 'only GET and HEAD')
    if (target === '/healthz') return say(200, 'ok')
    if (target !== '/readyz') return say(404, 'only /healthz and /readyz')
    const { ready, reason } = this.#readiness()
    return say(ready ? 200 : 503, reason)
  }
}

/** RFC 9110, 15. */
const REASONS = {
  200: 'OK',
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  503: 'Service Unavailable',
} as const

const MALFORMED = 'this is no request'

function answer(status: keyof typeof REASONS, words: string, hasBody = true): string {
  const body = `${words}\n`
  const fields = [
    `HTTP/1.1 ${status} ${REASONS[status]}`,
    `Date: ${new Date().toUTCString()}`,
    'Content-Type: text/plain',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    ...(status === 405 ? ['Allow: GET, HEAD'] : []),
    'Connection: close',
  ]
  return `${fields.join('\r\n')}\r\n\r\n${hasBody ? body : ''}`
}
