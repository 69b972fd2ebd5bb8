// One listening socket of this worker. Several workers share the address (reusePort); the kernel spreads the connections.

import { createServer, type Server, type Socket } from 'node:net'
import type { ListenerPlan } from '../../plan/listener.ts'
import { GAUGE } from '../../shared/counters.ts'
import { SLOT_OF_VIGIA } from '../../shared/upstream-table.ts'
import type { ClientEvents } from '../exchange/client-events.ts'
import type { ExchangeContext } from '../exchange/context.ts'
import type { ClientConnection, ConnectionHost } from './client-connection.ts'
import { admitConnection } from './client-limits.ts'
import { feelReset } from './feel-reset.ts'
import { H1Connection } from './h1-connection.ts'

/** Connections that the kernel keeps ready for this worker. */
const BACKLOG = 4096

export class Listener implements ConnectionHost {
  #plan: ListenerPlan
  readonly #context: ExchangeContext
  readonly #server: Server
  readonly #connections = new Set<ClientConnection>()
  #stopping = false
  /** Accepted beyond the limit: each begins when another has gone, in order. */
  readonly #held = new Set<Socket>()

  constructor(plan: ListenerPlan, context: ExchangeContext) {
    this.#plan = plan
    this.#context = context
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, socket => this.#accept(socket))
    // A failed accept (EMFILE) concerns one connection; the listener goes on.
    this.#server.on('error', error =>
      context.report({
        type: 'log',
        level: 'error',
        message: `listener ${this.#plan.name}: ${error.message}`,
        detail: {},
      }),
    )
  }

  get plan(): ListenerPlan {
    return this.#plan
  }

  /** Goes on under another plan for the same address, its connections too. @param trustsOthers the trusted proxies are others now */
  adopt(plan: ListenerPlan, trustsOthers: boolean): void {
    const isRenamed = plan.name !== this.#plan.name
    this.#plan = plan
    if (isRenamed || trustsOthers) for (const connection of this.#connections) connection.reassess(plan.name)
    this.#beginHeld()
  }

  get stopping(): boolean {
    return this.#stopping
  }

  get size(): number {
    return this.#connections.size
  }

  /** What is under way on its connections. */
  *exchanges(): Iterable<ClientEvents> {
    for (const connection of this.#connections) yield* connection.exchanges()
  }

  /** Resolves when the address is bound. @throws the system's error, e.g. EADDRINUSE */
  bind(reusePort: boolean): Promise<void> {
    const { host, port } = this.#plan
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port, reusePort, backlog: BACKLOG }, () => {
        this.#server.removeListener('error', reject)
        resolve()
      })
    })
  }

  /** Takes no more connections, ends the idle ones; the others end with their current exchange. */
  stop(): void {
    this.#stopping = true
    this.#server.close()
    this.#dropHeld()
    for (const connection of [...this.#connections]) connection.drain()
  }

  /** The time of the stop is up: requests without an answer get one, all else ends. @returns how many requests and tunnels were under way */
  endAll(): number {
    let cut = 0
    for (const connection of [...this.#connections]) cut += connection.stop()
    return cut
  }

  /** Ends everything at once. */
  destroy(): void {
    for (const connection of [...this.#connections]) connection.destroy()
  }

  onGone(connection: ClientConnection): void {
    if (!this.#connections.delete(connection)) return
    this.#context.row.move(SLOT_OF_VIGIA, GAUGE.connections, -1)
    this.#beginHeld()
  }

  /** Those that wait begin, as far as the limit lets them: it may be another one since a reload. */
  #beginHeld(): void {
    for (const next of this.#held) {
      if (this.#connections.size >= this.#most) return
      this.#held.delete(next)
      this.#begin(next)
    }
  }

  /** Notices which of the clients that aren't read have reset their connections; to be called now and then. Connections that are soon over cost nothing. */
  feel(): void {
    const { tcpKeepAliveMs } = this.#plan
    for (const connection of this.#connections) connection.feel(tcpKeepAliveMs)
    for (const socket of this.#held) feelReset(socket)
  }

  get #most(): number {
    return this.#context.active.connections
  }

  #accept(socket: Socket): void {
    if (!admitConnection(socket, this.#context)) return
    const most = this.#most
    if (this.#connections.size < most) return this.#begin(socket)
    // Node can't stop accepting without losing what the kernel holds ready: what is too many waits here, unread.
    if (this.#held.size >= most) return void socket.destroy()
    this.#held.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#held.delete(socket))
  }

  #begin(socket: Socket): void {
    this.#context.row.move(SLOT_OF_VIGIA, GAUGE.connections, 1)
    this.#connections.add(new H1Connection(socket, this.#plan.name, 'http', this.#context, this))
  }

  #dropHeld(): void {
    for (const socket of this.#held) socket.destroy()
    this.#held.clear()
  }
}
