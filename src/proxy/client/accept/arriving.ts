// A connection that was accepted, on its way to its protocol. The steps, in this order:
// 1. The listener has a place for it (listener.ts). Its PROXY header says who the client is, where its sender is to send one
//    (awaited-header.ts). The client may have one more (client-limits.ts).
// 2. TLS, where the listener has it (tls/handshake.ts).
// 3. The protocol that speaks from here on (protocol.ts; prior-knowledge.ts where a plain port takes two).

import type { Socket } from 'node:net'
import type { ListenerPlan } from '../../../plan/listener.ts'
import { parseAddress } from '../../../policy/request/client-address.ts'
import { isSecure, type ProxyHeader } from '../../../proxy-protocol/header.ts'
import type { CertificateRefusal } from '../../../tls/client-certificate.ts'
import { certificateMembers, proxiedMembers } from '../../access-log/connection-words.ts'
import type { ClientEvents } from '../../exchange/client-events.ts'
import type { ExchangeContext } from '../../exchange/context.ts'
import { type ClientSide, type TlsFacts, UNKNOWN_PEER } from '../../exchange/downstream.ts'
import { type Expiring, Timer } from '../../runtime/timer-wheel.ts'
import { Proxied } from '../../upstream/proxied.ts'
import { type ClientConnection, type ConnectionHost, FIRST_REQUEST_MS } from '../client-connection.ts'
import { admitConnection } from '../client-limits.ts'
import { feelReset } from '../feel-reset.ts'
import { H1Connection } from '../h1-connection.ts'
import { Handshake, type HandshakeEvents } from '../tls/handshake.ts'
import type { Handshakes } from '../tls/handshakes.ts'
import { AwaitedHeader } from './awaited-header.ts'
import type { Member } from './member.ts'
import { PriorKnowledge } from './prior-knowledge.ts'
import { connectionOf, protocolsOf } from './protocol.ts'
import type { ProxySenders } from './proxy-senders.ts'
import type { Wire } from './wire.ts'

export interface ArrivalHost extends ConnectionHost {
  readonly handshakes: Handshakes
  /** The connection takes the place of what was on its way to it. */
  onArrived(arriving: Arriving, connection: ClientConnection): void
}

export class Arriving implements Member, Expiring, HandshakeEvents {
  readonly transport: Socket
  client: ClientSide
  /** To whom it is told where its PROXY header is none; undefined = it has none to begin with. */
  senders: ProxySenders | undefined = undefined
  readonly #plan: ListenerPlan
  readonly #context: ExchangeContext
  readonly #host: ArrivalHost
  #timer: Timer | undefined = undefined
  #handshake: Handshake | undefined = undefined
  #prior: PriorKnowledge | undefined = undefined
  #header: AwaitedHeader | undefined = undefined

  constructor(transport: Socket, plan: ListenerPlan, context: ExchangeContext, host: ArrivalHost) {
    this.transport = transport
    this.#plan = plan
    this.#context = context
    this.#host = host
    const peer = parseAddress(transport.remoteAddress ?? '') ?? UNKNOWN_PEER
    const trusted = context.active.isTrusted(peer)
    this.client = {
      peer,
      trusted,
      scheme: 'http',
      http2: false,
      listener: plan,
      tls: undefined,
      refused: undefined,
      proxied: new Proxied(transport),
    }
  }

  begin(): void {
    if (this.senders) this.#awaitHeader(this.senders)
    else this.#secure()
  }

  #awaitHeader(senders: ProxySenders): void {
    const { peer } = this.client
    this.#transportMayFail()
    this.#arm(this.#context.active.snapshot.timeouts.headMs)
    this.#header = new AwaitedHeader(this.transport, {
      onHeader: header => this.#believe(header, peer),
      onNoHeader: why => {
        if (why) senders.refuse(why, peer)
        this.destroy()
      },
    })
    this.#header.begin()
  }

  #believe(header: ProxyHeader, by: string): void {
    this.#header = undefined
    const peer = header.addresses?.source ?? by
    const trusted = this.#context.active.isTrusted(peer)
    const scheme = isSecure(header) ? 'https' : 'http'
    const http2 = this.#plan.tls === undefined && header.details.alpn === 'h2'
    const about = proxiedMembers(by, header.details)
    this.client = { ...this.client, peer, trusted, scheme, http2, said: { ...header, by }, about }
    if (admitConnection(this.transport, this.client, this.#context)) return this.#secure()
    this.#leave()
    this.#host.onGone(this)
  }

  /** From step 2 on. */
  #secure(): void {
    const { tls } = this.#plan
    if (!tls && (this.#plan.http2 !== true || this.client.http2)) return this.#speak(this.#plain)
    this.#transportMayFail()
    this.#arm(tls ? tls.handshakeTimeoutMs : this.#context.active.snapshot.timeouts.keepAliveMs)
    if (!tls) return this.#askProtocol()
    const { handshakes } = this.#host
    this.#handshake = new Handshake(this.transport, handshakes, protocolsOf(tls), this.client.peer, this)
    this.#handshake.begin()
  }

  #askProtocol(): void {
    const onKnown = (http2: boolean) => {
      this.client = { ...this.client, http2 }
      this.#speak(this.#plain)
    }
    this.#prior = new PriorKnowledge(this.transport, onKnown, () => this.destroy())
    this.#prior.begin()
  }

  // ---- of the handshake ----

  onSecure(socket: Socket, tls: TlsFacts, refused: CertificateRefusal | undefined): void {
    const http2 = tls.alpn === 'h2'
    const { certificate } = tls
    const about = certificate ? (this.client.about ?? '') + certificateMembers(certificate) : this.client.about
    this.client = { ...this.client, scheme: 'https', http2, tls, about, refused }
    this.#speak({ socket, transport: this.transport })
  }

  onPlainHttp(): void {
    const connection = new H1Connection(this.#plain, this.client, this.#context, this.#host)
    this.#become(connection)
    connection.turnAway('http-on-tls-port')
  }

  onFailed(): void {
    this.destroy()
  }

  // ---- of the timer, and of the listener ----

  exchanges(): Iterable<ClientEvents> {
    return []
  }

  onDeadline(): void {
    if (this.#header) return this.#header.expire()
    this.#handshake?.expire()
    this.destroy()
  }

  reassess(listener: ListenerPlan): void {
    this.client = { ...this.client, trusted: this.#context.active.isTrusted(this.client.peer), listener }
  }

  /** What has begun goes on: as a connection it is drained in its turn. */
  drain(): void {
    if (this.transport.bytesRead === 0) this.#arm(FIRST_REQUEST_MS)
  }

  stop(): number {
    this.destroy()
    return 0
  }

  feel(): void {
    feelReset(this.transport)
  }

  expel(): void {
    this.destroy()
  }

  destroy(): void {
    this.#leave()
    this.transport.destroy()
    this.#host.onGone(this)
  }

  #arm(ms: number): void {
    this.#timer ??= new Timer(this)
    this.#context.wheel.arm(this.#timer, ms)
  }

  /** Its end is noticed otherwise. */
  #transportMayFail(): void {
    this.transport.on('error', () => {})
  }

  get #plain(): Wire {
    return { socket: this.transport, transport: this.transport }
  }

  #speak(wire: Wire): void {
    this.#become(connectionOf(wire, this.client, this.#context, this.#host))
  }

  #become(connection: ClientConnection): void {
    this.#leave()
    this.#host.onArrived(this, connection)
  }

  #leave(): void {
    this.#handshake?.cancel()
    this.#prior?.cancel()
    this.#header?.cancel()
    if (this.#timer) this.#context.wheel.drop(this.#timer)
  }
}
