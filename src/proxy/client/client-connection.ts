// The socket of a client, what it is used for now, and how it ends: at once, after an answer that the client can still read, or because
// something broke. What is read from it and written to it in between is h1-connection.ts.

import type { Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { FAULT_CODES, type FaultCode } from '../../http/faults.ts'
import { NO_FIELDS } from '../../http/fields.ts'
import { SLOT_OF_VIGIA } from '../../shared/upstream-table.ts'
import { answer } from '../answers/answers.ts'
import { type AnswerCode, statusOf } from '../answers/codes.ts'
import type { ClientEvents } from '../exchange/client-events.ts'
import type { ExchangeContext } from '../exchange/context.ts'
import { type Expiring, Timer } from '../runtime/timer-wheel.ts'
import type { ClientLogins } from '../upstream/connection.ts'
import { keepAlive } from '../upstream/keep-alive.ts'
import type { Member } from './accept/member.ts'
import type { Wire } from './accept/wire.ts'
import { feelReset } from './feel-reset.ts'
import { ResponseWriter } from './response-writer.ts'

/**
 * idle: between requests; head: in one; exchange: one is under way; delivering: it is over, but the client has not taken all of its
 * answer yet; linger: told to go, input is thrown away; tunnel, gone.
 */
type Phase = 'idle' | 'head' | 'exchange' | 'delivering' | 'linger' | 'tunnel' | 'gone'

/** How long a client that sends nothing more has to close its side after the connection's last answer. */
const CLOSE_MS = 2000
/**
 * How long input is thrown away after an answer that came before its request had ended, so that the client can read it (RFC 9112
 * 9.6): a close with input unread is a reset, which may destroy the answer in the client's kernel. While bytes come, and in all.
 */
const LINGER_IDLE_MS = 5000
const LINGER_MS = 30_000

export interface ConnectionHost {
  /** Takes no more connections; those it has end with their current exchange. */
  readonly stopping: boolean
  onGone(member: Member): void
}

export abstract class ClientConnection implements Expiring, Member {
  protected readonly socket: Socket
  readonly #transport: Socket
  protected readonly context: ExchangeContext
  protected readonly host: ConnectionHost
  protected readonly writer: ResponseWriter
  protected readonly timer = new Timer(this)
  protected phase: Phase = 'idle'
  protected exchange: ClientEvents | undefined = undefined
  logins: ClientLogins | undefined = undefined
  /** Bytes behind the current request, kept until its exchange is over. */
  protected ahead: Buffer | undefined = undefined
  /** The client has closed its sending side. */
  protected ended = false
  /** Monotonic time at which it is closed although the client still sends, ms; 0 = it doesn't linger. */
  #lingersUntilMs = 0
  #keepAliveMs: number | undefined = undefined

  constructor({ socket, transport }: Wire, context: ExchangeContext, host: ConnectionHost) {
    this.socket = socket
    this.#transport = transport
    this.context = context
    this.host = host
    this.writer = new ResponseWriter(socket)
    socket.on('error', () => this.close())
    socket.on('close', () => this.close())
    // A connection that never sends a byte is as idle as one between two requests.
    context.wheel.arm(this.timer, context.active.snapshot.timeouts.keepAliveMs)
  }

  /** What is under way on it; undefined = nothing. */
  get current(): ClientEvents | undefined {
    return this.exchange
  }

  /** The configuration is another one: its next exchange belongs to this listener, and believes whom that trusts. */
  abstract reassess(listener: string): void

  /** Ends at once if nothing is under way, else after the current exchange. */
  drain(): void {
    if (this.phase === 'idle') this.close()
  }

  /**
   * The time of the stop is up. A request that has no answer gets one, which the client may take a moment to read; all else ends at once.
   * @returns true where something was under way
   */
  stop(): boolean {
    const { phase, exchange } = this
    const busy = phase === 'exchange' || phase === 'delivering' || phase === 'tunnel'
    if (exchange) this.safely(() => exchange.interrupt('stopping', 'cut by the stop of vigia'))
    else if (phase === 'head') this.safely(() => this.refuse('stopping'))
    else if (phase !== 'linger') this.close()
    return busy
  }

  /** Notices whether the client has reset a connection that isn't read. @param keepAliveMs when the kernel is to ask a quiet one, see keep-alive.ts */
  feel(keepAliveMs: number | undefined): void {
    if (this.socket.isPaused()) feelReset(this.#transport)
    if (this.#keepAliveMs === keepAliveMs) return
    this.#keepAliveMs = keepAliveMs
    keepAlive(this.#transport, keepAliveMs)
  }

  /** Ends at once. */
  destroy(): void {
    this.close()
  }

  onDeadline(): void {
    if (this.phase === 'head') this.safely(() => this.refuse('head-timeout'))
    else this.close()
  }

  protected safely(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.endBroken(error)
    }
  }

  /** After an unexpected exception: one answer where that is still possible, and the end of this connection only. */
  protected endBroken(error: unknown): void {
    this.context.unexpected(error, this.exchange?.requestId)
    try {
      this.writer.endConnection()
      if (this.exchange) this.exchange.interrupt('internal-error', 'internal error')
      else if (this.phase === 'idle' || this.phase === 'head') this.refuse('internal-error')
      if (this.phase === 'exchange') this.abandon()
    } catch {
      this.abandon()
    }
  }

  /**
   * The client counts as gone, or nothing is left that could answer it. Never in silence where its request has no answer: many a client
   * takes that for a connection that was closed while idle, and sends the request again (RFC 9110 9.2.2, RFC 9112 9.3.1).
   */
  abandon(): void {
    if (this.phase !== 'exchange' || !this.writer.lastWord()) return this.close()
    const { exchange } = this
    this.exchange = undefined
    if (this.ended) this.endSocket()
    else this.linger()
    exchange?.onClientGone()
  }

  /** Answers what can't become an exchange, and ends the connection. */
  protected refuse(code: AnswerCode): void {
    const { row } = this.context
    const requestId = this.context.nextRequestId()
    const { language = 'en' } = this.context.active.snapshot
    const { head, body } = answer(code, requestId, { kind: 'page', language })
    const fault = FAULT_CODES.indexOf(code as FaultCode)
    if (fault >= 0) row.rejected(fault)
    row.finished(SLOT_OF_VIGIA, statusOf(code), 0)
    this.phase = 'exchange'
    this.writer.begin(1, false)
    this.writer.head(head, false, requestId, '')
    this.writer.body(body, 0, body.length)
    this.writer.end(NO_FIELDS)
    this.writer.flush()
    this.linger()
  }

  /** Sends FIN and throws away what still comes, for a bounded time. */
  protected linger(): void {
    this.ahead = undefined
    this.#goodbye(LINGER_IDLE_MS)
    this.socket.resume()
  }

  /** What came while it lingers: the client gets the time to read its answer. */
  protected throwAway(): void {
    const leftMs = this.#lingersUntilMs - performance.now()
    if (leftMs <= 0) this.close()
    else this.context.wheel.arm(this.timer, Math.min(LINGER_IDLE_MS, leftMs))
  }

  protected endSocket(): void {
    this.#goodbye(CLOSE_MS)
  }

  #goodbye(waitMs: number): void {
    this.phase = 'linger'
    this.#lingersUntilMs = performance.now() + LINGER_MS
    this.context.wheel.arm(this.timer, waitMs)
    if (this.ended) this.socket.destroySoon()
    else this.socket.end()
  }

  protected close(): void {
    if (this.phase === 'gone') return
    const unfinished = this.phase === 'exchange' || this.phase === 'delivering'
    this.phase = 'gone'
    this.context.wheel.drop(this.timer)
    // Where only the end of the connection ends the body, a clean end would be a lie.
    if (unfinished && this.writer.endsWithConnection) this.#transport.resetAndDestroy()
    else this.socket.destroy()
    const exchange = this.exchange
    this.exchange = undefined
    this.host.onGone(this)
    exchange?.onClientGone()
    this.logins?.end()
  }
}
