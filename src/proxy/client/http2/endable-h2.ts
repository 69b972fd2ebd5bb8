// How an HTTP/2 connection from a client ends: with GOAWAY, which says up to which stream its requests were taken, so that none is lost
// and none has to be guessed at (RFC 9113 6.8). What it is read for in between is h2-connection.ts.

import { performance } from 'node:perf_hooks'
import { FAULT_CODES } from '../../../http/faults.ts'
import { CONNECTION_FAULT_CODES, CONNECTION_FAULTS, type ConnectionFault, ERROR } from '../../../http2/errors.ts'
import type { ServerSession } from '../../../http2/session.ts'
import type { Timeouts } from '../../../plan/bounds.ts'
import { deliveryMs } from '../../../policy/request/transfer-rate.ts'
import { WORKER } from '../../../shared/counter-cells.ts'
import type { ClientEvents } from '../../exchange/client-events.ts'
import { NowAndThen } from '../../runtime/now-and-then.ts'
import { Timer } from '../../runtime/timer-wheel.ts'
import { ClientConnection } from '../client-connection.ts'
import type { H2Stream } from './h2-stream.ts'
import type { Outlet } from './outlet.ts'

/** Longest wait for the answer to the PING behind the first GOAWAY: what the client sent before it knew is there by then. */
const ROUND_TRIP_MS = 1000

/** open: until told to go; told: by a first GOAWAY; leaving: no more streams are taken; linger: input is thrown away. */
type Phase = 'open' | 'told' | 'leaving' | 'linger' | 'gone'
/** What the connection's timer is armed for: a request, the rest of a frame that others wait behind, or that the client reads. */
type Awaited = 'nothing' | 'request' | 'head' | 'reader'

/** Of this worker: which faults have been told. */
const told = new NowAndThen()

export abstract class EndableH2 extends ClientConnection {
  abstract readonly session: ServerSession<H2Stream>
  protected abstract readonly outlet: Outlet
  protected phase: Phase = 'open'
  /** Of the last request. */
  protected timeouts: Timeouts = this.context.active.snapshot.timeouts
  #awaited: Awaited = 'request'
  /** Bytes that the client had taken when it was waited for. */
  #takenBytes = 0
  readonly #leaving = new Timer({ onDeadline: () => this.safely(() => this.leave()) })

  /** First without saying how far it goes: requests that are on their way are served. Who is there answers the PING. */
  drain(): void {
    if (this.phase !== 'open') return
    this.phase = 'told'
    this.session.goAway(false)
    this.session.ping()
    this.context.wheel.arm(this.#leaving, ROUND_TRIP_MS)
    this.outlet.flush()
  }

  protected endServed(): void {
    for (const stream of [...this.session.streams.values()]) if (!stream.exchange && stream.tunnel) stream.abort()
    this.drain()
  }

  *exchanges(): Iterable<ClientEvents> {
    for (const { exchange } of this.session.streams.values()) if (exchange) yield exchange
  }

  /** The client has read the first GOAWAY. */
  onPong(): void {
    if (this.phase === 'told') this.leave()
  }

  /** From here on no stream is taken; the connection ends with the last of those that it has. */
  protected leave(): void {
    if (this.phase !== 'open' && this.phase !== 'told') return
    this.phase = 'leaving'
    this.context.wheel.drop(this.#leaving)
    this.session.goAway(true)
    this.outlet.wake()
  }

  stop(): number {
    let busy = 0
    for (const stream of [...this.session.streams.values()]) {
      busy += 1
      const { exchange } = stream
      if (exchange) this.guard(stream, () => exchange.interrupt('stopping', 'cut by the stop of vigia'))
      else if (stream.tunnel) stream.abort()
    }
    if (this.phase === 'open' || this.phase === 'told') this.safely(() => this.leave())
    return busy
  }

  onDeadline(): void {
    switch (this.#awaited) {
      case 'request':
        return this.safely(() => this.leave())
      case 'head':
        this.context.row.rejected(FAULT_CODES.indexOf('head-timeout'))
        return this.close()
      case 'reader':
        if (this.socket.bytesWritten - this.socket.writableLength === this.#takenBytes) return this.close()
        this.#awaited = 'nothing'
        return this.rearm()
      case 'nothing':
        return this.close()
    }
  }

  /** What the client is waited for from now on: to be called when something has come or gone. */
  protected rearm(): void {
    if (this.phase === 'linger' || this.phase === 'gone') return
    if (this.socket.writableNeedDrain) this.#awaitReader()
    else if (this.session.awaitsRest) this.#await('head', this.context.active.snapshot.timeouts.headMs)
    else if (this.session.streams.size > 0) this.#await('nothing', 0)
    else if (this.phase !== 'leaving' && !this.ended) this.#await('request', this.timeouts.keepAliveMs)
    else if (this.socket.writableLength === 0) this.endSocket()
    else if (this.#awaited !== 'reader') {
      this.#awaitReader()
      this.socket.write('', () => this.safely(() => this.rearm()))
    }
  }

  #awaitReader(): void {
    const { limits } = this.context.active.snapshot
    this.#await('reader', deliveryMs(this.timeouts.idleMs, limits.minRate, this.socket.writableLength))
  }

  #await(awaited: Awaited, ms: number): void {
    if (awaited === this.#awaited) return
    this.#awaited = awaited
    if (awaited === 'reader') this.#takenBytes = this.socket.bytesWritten - this.socket.writableLength
    this.context.wheel.arm(this.timer, ms)
  }

  /** What the client did is counted, and told now and then: it may be many clients. Its streams have ended with it. */
  protected endForFault(fault: ConnectionFault): void {
    const { message } = CONNECTION_FAULTS[fault]
    this.context.row.addOwn(WORKER.firstHttp2Fault + CONNECTION_FAULT_CODES.indexOf(fault), 1)
    if (told.isDue(fault, performance.now())) {
      const text = `listener ${this.client.listener.name}: the HTTP/2 connection of ${this.client.peer} was ended: ${fault}: ${message} (said once a minute; vigia_http2_faults_total{reason="${fault}"} counts all)`
      this.context.report({ type: 'log', level: 'info', message: text, detail: {} })
    }
    this.dropStreams()
    this.outlet.flush()
    this.linger()
  }

  /** An exception of which no stream is known to be the cause: each of them is answered, and the connection takes no more. */
  protected endBroken(error: unknown): void {
    this.context.unexpected(error, undefined)
    try {
      for (const stream of [...this.session.streams.values()]) this.endStream(stream)
      this.session.end(ERROR.internalError, '')
      this.outlet.flush()
      this.linger()
    } catch {
      this.close()
    }
  }

  /** What goes wrong with one stream is no other's business. */
  protected guard(stream: H2Stream, step: () => void): void {
    try {
      step()
    } catch (error) {
      this.context.unexpected(error, stream.exchange?.requestId)
      this.endStream(stream)
    }
  }

  /** Answers it where nothing has yet. */
  protected endStream(stream: H2Stream): void {
    try {
      stream.exchange?.interrupt('internal-error', 'internal error')
      if (stream.exchange) stream.abandon()
      else if (!stream.gone) this.session.reset(stream, ERROR.internalError)
    } catch {
      stream.abandon()
    }
  }

  protected dropStreams(): void {
    for (const stream of [...this.session.streams.values()]) {
      stream.gone = true
      this.guard(stream, () => stream.onGone())
    }
  }

  protected override goodbye(waitMs: number): void {
    this.phase = 'linger'
    this.context.wheel.drop(this.#leaving)
    super.goodbye(waitMs)
  }

  protected close(): void {
    if (this.phase === 'gone') return
    this.phase = 'gone'
    this.context.wheel.drop(this.timer)
    this.context.wheel.drop(this.#leaving)
    this.socket.destroy()
    this.host.onGone(this)
    this.dropStreams()
  }
}
