// Answers /healthz and /readyz in this worker, for whoever has to know that the data plane lives: control may be busy, or gone. No
// exchange, no routes: Node's own server is enough.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { HealthListenerPlan } from '../../plan/listener.ts'
import { type ListenerPlace, type PlaceLimits, placeFor } from '../../policy/process/listener-places.ts'
import { clientKey } from '../../policy/request/client-key.ts'
import { isLoopback } from '../../util/address-ranges.ts'
import { hostPort } from '../../util/words.ts'

/** Of each worker. */
const PLACES: PlaceLimits = { most: 64, reserved: 16, perClient: 16 }
const OPTIONS = {
  /** Of head and request: there is no body that would be read. */
  headersTimeout: 2_000,
  requestTimeout: 2_000,
  connectionsCheckingInterval: 500,
  keepAliveTimeout: 5_000,
  maxHeaderSize: 8_192,
}

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
    former?.closeIdleConnections()
  }

  #open({ host, port }: HealthListenerPlan, reusePort: boolean): Promise<Server> {
    const server = createServer(OPTIONS, (request, response) => this.#answer(request, response))
    server.on('connection', socket => this.#admit(socket))
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
    socket.once('close', () => this.#places.delete(socket))
  }

  #answer({ method, url }: IncomingMessage, response: ServerResponse): void {
    const say = (status: number, text: string) =>
      response
        .writeHead(status, { 'content-type': 'text/plain', 'cache-control': 'no-store' })
        .end(method === 'HEAD' ? undefined : `${text}\n`)
    if (method !== 'GET' && method !== 'HEAD') return void say(405, 'only GET and HEAD')
    if (url === '/healthz') return void say(200, 'ok')
    if (url !== '/readyz') return void say(404, 'only /healthz and /readyz')
    const { ready, reason } = this.#readiness()
    say(ready ? 200 : 503, reason)
  }
}
