// One listening socket of this worker. Several workers share the address (reusePort); the kernel spreads the connections.

import { createServer, type Server, type Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { isDeepStrictEqual } from 'node:util'
import type { ListenerPlan } from '../../plan/listener.ts'
import { GAUGE } from '../../shared/counter-cells.ts'
import type { TlsMaterial } from '../../shared/tls-material.ts'
import { SLOT_OF_VIGIA } from '../../shared/upstream-table.ts'
import type { ClientEvents } from '../exchange/client-events.ts'
import type { ExchangeContext } from '../exchange/context.ts'
import { type ArrivalHost, Arriving } from './accept/arriving.ts'
import type { Member } from './accept/member.ts'
import { ProxySenders } from './accept/proxy-senders.ts'
import type { ClientConnection } from './client-connection.ts'
import { admitConnection } from './client-limits.ts'
import type { SocketHandle } from './own-descriptors.ts'
import { Handshakes } from './tls/handshakes.ts'

/** Connections that the kernel keeps ready for this worker. */
const BACKLOG = 4096
/** With so many bytes that the kernel does not take, a client is slow: they stay in memory until it does. */
const SOCKET_BYTES = 16_384
/** How often it is looked whose certificates have expired. */
const JUDGE_MS = 60_000

export class Listener implements ArrivalHost {
  #plan: ListenerPlan
  readonly #context: ExchangeContext
  readonly #server: Server
  /** Connections, and what is on its way to become one. */
  readonly #members = new Set<Member>()
  #stopping = false
  /** When the certificates of clients were looked at, by performance.now(). */
  #judgedMs = 0
  /** Its snapshot is in use: until then nothing knows its requests. */
  #adopted = false
  #material: TlsMaterial | undefined = undefined
  /** Accepted beyond the limit: each begins when another has gone, in order. Or accepted too early. */
  readonly #held = new Set<Arriving>()
  readonly handshakes: Handshakes
  /** Undefined = nobody's connections begin with a PROXY header. */
  #senders: ProxySenders | undefined

  constructor(plan: ListenerPlan, context: ExchangeContext) {
    this.#plan = plan
    this.#context = context
    this.handshakes = new Handshakes(context)
    this.#senders = ProxySenders.of(plan, context)
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, highWaterMark: SOCKET_BYTES }, socket =>
      this.#accept(socket),
    )
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
    const isOther = !isDeepStrictEqual(plan, this.#plan)
    this.#plan = plan
    this.#adopted = true
    if (isOther) this.serve(this.#material)
    if (isOther) this.#senders = ProxySenders.of(plan, this.#context)
    if (isOther || trustsOthers) for (const each of [...this.#members, ...this.#held]) each.reassess(plan)
    this.#beginHeld()
  }

  /** With these certificates and ticket keys from now on. */
  serve(material: TlsMaterial | undefined): void {
    const { judge } = this.handshakes
    this.#material = material
    this.handshakes.adopt(this.#plan, material)
    if (this.handshakes.judge !== judge) this.#judgeAgain()
  }

  /** Ends the connections of clients whose certificates are not accepted any more. */
  #judgeAgain(): void {
    this.#judgedMs = performance.now()
    const { judge } = this.handshakes
    const nowMs = Date.now()
    for (const member of [...this.#members]) {
      const { tls, refused } = member.client
      if (tls === undefined) continue
      const now =
        refused ?? (judge ? judge.refusalNow(tls.certificate, nowMs) : tls.certificate && 'certificate-unverified')
      if (now !== undefined) member.expel(now)
    }
  }

  get stopping(): boolean {
    return this.#stopping
  }

  get size(): number {
    return this.#members.size
  }

  /** What is under way on its connections. */
  *exchanges(): Iterable<ClientEvents> {
    for (const member of this.#members) yield* member.exchanges()
  }

  /** Resolves when it listens. @param on binds the address, or takes a socket that has it @throws the system's error, e.g. EADDRINUSE */
  bind(on: { readonly reusePort: boolean } | SocketHandle): Promise<void> {
    const { host, port } = this.#plan
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      const listens = () => {
        this.#server.removeListener('error', reject)
        resolve()
      }
      if ('close' in on) this.#server.listen(on, BACKLOG, listens)
      else this.#server.listen({ host, port, reusePort: on.reusePort, backlog: BACKLOG }, listens)
    })
  }

  /** Takes no more connections, ends the idle ones; the others end with their current exchange, and newcomers with their first. */
  stop(): void {
    this.#stopping = true
    this.#server.close()
    this.#dropHeld()
    for (const member of [...this.#members]) member.drain()
  }

  /** The time of the stop is up: requests without an answer get one, all else ends. @returns how many connections had something under way */
  endAll(): number {
    let cut = 0
    for (const member of [...this.#members]) cut += member.stop()
    return cut
  }

  /** Ends everything at once. */
  destroy(): void {
    for (const member of [...this.#members]) member.destroy()
  }

  onGone(member: Member): void {
    if (!this.#members.delete(member)) return
    this.#context.row.move(SLOT_OF_VIGIA, GAUGE.connections, -1)
    this.#beginHeld()
  }

  /** Those that wait begin, as far as the limit lets them: it may be another one since a reload. */
  #beginHeld(): void {
    for (const next of this.#held) {
      if (this.#members.size >= this.#most) return
      this.#held.delete(next)
      this.#begin(next)
    }
  }

  /** Notices which of the clients that aren't read have reset their connections; to be called now and then. Connections that are soon over cost nothing. */
  feel(): void {
    const { tcpKeepAliveMs } = this.#plan
    for (const member of this.#members) member.feel(tcpKeepAliveMs)
    for (const arriving of this.#held) arriving.feel()
    // Some have come to their end.
    if (this.handshakes.judge && performance.now() - this.#judgedMs > JUDGE_MS) this.#judgeAgain()
  }

  get #most(): number {
    return this.#context.active.connections
  }

  #accept(socket: Socket): void {
    const arriving = new Arriving(socket, this.#plan, this.#context, this)
    const first = this.#senders?.expects(arriving.client.peer) ?? 'nothing'
    if (first === 'refused') return void socket.destroy()
    if (first === 'header') arriving.senders = this.#senders
    else if (!admitConnection(socket, arriving.client, this.#context)) return
    const most = this.#most
    if (this.#adopted && this.#members.size < most) return this.#begin(arriving)
    // Node can't stop accepting without losing what the kernel holds ready: what is too many waits here, unread.
    if (this.#held.size >= most) return void socket.destroy()
    this.#held.add(arriving)
    socket.on('error', () => {})
    socket.on('close', () => this.#held.delete(arriving))
  }

  #begin(arriving: Arriving): void {
    this.#context.row.move(SLOT_OF_VIGIA, GAUGE.connections, 1)
    this.#members.add(arriving)
    arriving.begin()
  }

  onArrived(arriving: Arriving, connection: ClientConnection): void {
    this.#members.delete(arriving)
    this.#members.add(connection)
    if (this.#stopping) connection.drain()
  }

  #dropHeld(): void {
    for (const { transport } of this.#held) transport.destroy()
    this.#held.clear()
  }
}
