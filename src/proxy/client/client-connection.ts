// The socket of a client, whatever is spoken on it, and how it ends: at once, or after its last answer, which the client can still read.
// What is under way on it is endable-h1.ts for HTTP/1.1.

import type { Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import type { ListenerPlan } from '../../plan/listener.ts'
import type { CertificateRefusal } from '../../tls/client-certificate.ts'
import type { ClientEvents } from '../exchange/client-events.ts'
import type { ExchangeContext } from '../exchange/context.ts'
import type { ClientSide } from '../exchange/downstream.ts'
import { type Expiring, Timer } from '../runtime/timer-wheel.ts'
import { keepAlive } from '../upstream/keep-alive.ts'
import type { Member } from './accept/member.ts'
import type { Wire } from './accept/wire.ts'
import { feelReset } from './feel-reset.ts'

/** How long a client that sends nothing more has to close its side after the connection's last answer. */
const CLOSE_MS = 2000
/**
 * How long input is thrown away after an answer that came before its request had ended, so that the client can read it (RFC 9112
 * 9.6): a close with input unread is a reset, which may destroy the answer in the client's kernel. While bytes come, and in all.
 */
const LINGER_IDLE_MS = 5000
/** In a drain: how long a client that has only just come has for its request. It can't know that it is late. */
export const FIRST_REQUEST_MS = 1000
const LINGER_MS = 30_000

export interface ConnectionHost {
  /** Takes no more connections; those it has end with what is under way on them. */
  readonly stopping: boolean
  onGone(member: Member): void
}

export abstract class ClientConnection implements Expiring, Member {
  protected readonly socket: Socket
  /** What is asked whether the client is still there, and what can be reset. */
  protected readonly transport: Socket
  /** There is TLS in between. */
  protected readonly isSecure: boolean
  readonly context: ExchangeContext
  protected readonly host: ConnectionHost
  protected readonly timer = new Timer(this)
  /** The client has closed its sending side. */
  protected ended = false
  /** Monotonic time at which it is closed although the client still sends, ms; 0 = it doesn't linger. */
  #lingersUntilMs = 0
  #keepAliveMs: number | undefined = undefined

  constructor({ socket, transport }: Wire, context: ExchangeContext, host: ConnectionHost) {
    this.socket = socket
    this.transport = transport
    this.isSecure = socket !== transport
    this.context = context
    this.host = host
    socket.on('error', () => this.close())
    socket.on('close', () => this.close())
    // A connection that never sends a byte is as idle as one between two requests.
    context.wheel.arm(this.timer, context.active.snapshot.timeouts.keepAliveMs)
  }

  abstract client: ClientSide

  /** What is under way on it. */
  abstract exchanges(): Iterable<ClientEvents>

  /** The configuration is another one: its next exchange belongs to this listener, and believes whom that trusts. */
  abstract reassess(listener: ListenerPlan): void

  /** Ends at once if nothing is under way, else after that; without a request so far after its first, which has FIRST_REQUEST_MS to come. */
  abstract drain(): void

  expel(refused: CertificateRefusal): void {
    this.client = { ...this.client, refused }
    this.safely(() => this.endServed())
  }

  /** Ends what is idle and tunnels, and takes care that the rest ends with its answers. */
  protected abstract endServed(): void

  /**
   * The time of the stop is up. Requests that have no answer get one, which the client may take a moment to read; all else ends at once.
   * @returns how many requests and tunnels were under way
   */
  abstract stop(): number

  abstract onDeadline(): void

  /** Notices whether the client has reset a connection that isn't read. @param keepAliveMs when the kernel is to ask a quiet one, see keep-alive.ts */
  feel(keepAliveMs: number | undefined): void {
    if (this.socket.isPaused()) feelReset(this.transport)
    if (this.#keepAliveMs === keepAliveMs) return
    this.#keepAliveMs = keepAliveMs
    keepAlive(this.transport, keepAliveMs)
  }

  /** Ends at once. */
  destroy(): void {
    this.close()
  }

  protected safely(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.endBroken(error)
    }
  }

  /** After an unexpected exception: answers where that is still possible, and the end of this connection only. */
  protected abstract endBroken(error: unknown): void

  /** Everything on it is over, now. To be called any number of times. */
  protected abstract close(): void

  /** Sends FIN and throws away what still comes, for a bounded time. */
  protected linger(): void {
    this.goodbye(LINGER_IDLE_MS)
    this.socket.resume()
  }

  /** What came while it lingers: the client gets the time to read its answer. */
  protected throwAway(): void {
    const leftMs = this.#lingersUntilMs - performance.now()
    if (leftMs <= 0) this.close()
    else this.context.wheel.arm(this.timer, Math.min(LINGER_IDLE_MS, leftMs))
  }

  protected endSocket(): void {
    this.goodbye(CLOSE_MS)
  }

  protected goodbye(waitMs: number): void {
    this.#lingersUntilMs = performance.now() + LINGER_MS
    this.context.wheel.arm(this.timer, waitMs)
    if (this.ended) this.socket.destroySoon()
    else this.socket.end()
  }
}
