// One request and its answer on an HTTP/2 connection: the client's side of an exchange, with what waits of its answer. Knows its own stream
// only; what the connection has for all of them is stream-host.ts.

import type { FaultCode } from '../../../http/faults.ts'
import { type Fields, NO_FIELDS } from '../../../http/fields.ts'
import type { ResponseHead } from '../../../http/heads.ts'
import { ERROR, type ErrorCode } from '../../../http2/errors.ts'
import { FRAME_BYTES } from '../../../http2/frames.ts'
import { interimBlock, responseBlock, trailerBlock } from '../../../http2/response-block.ts'
import { Stream } from '../../../http2/stream.ts'
import type { Timeouts } from '../../../plan/bounds.ts'
import { deliveryMs } from '../../../policy/request/transfer-rate.ts'
import type { ClientEvents } from '../../exchange/client-events.ts'
import type { ClientSide, Downstream } from '../../exchange/downstream.ts'
import { GrowingBuffer } from '../../runtime/growing-buffer.ts'
import { type Expiring, Timer } from '../../runtime/timer-wheel.ts'
import type { TunnelEnd } from '../../runtime/tunnel-end.ts'
import { dateNow } from '../date-line.ts'
import { LAST_WORD, LAST_WORD_BLOCK } from './last-word.ts'
import type { StreamHost } from './stream-host.ts'
import { StreamTunnel, type TunnelCarrier } from './stream-tunnel.ts'
import { WaitingBytes } from './waiting-bytes.ts'
import { openedHead } from './web-socket.ts'

/** How long a client that still sends has to read its answer before its stream ends. */
const READ_MS = 1000
const NOTHING = Buffer.alloc(0)

export class H2Stream extends Stream implements Downstream, TunnelCarrier, Expiring {
  readonly client: ClientSide
  /** No connection of an upstream is one client's: who asks for that is sent to HTTP/1.1. */
  logins: undefined = undefined
  webSocketAccept: string | undefined = undefined
  exchange: ClientEvents | undefined = undefined
  tunnel: StreamTunnel | undefined = undefined
  /** What ends the stream where its answer is complete and its request is not. */
  endCode: ErrorCode = ERROR.noError
  /** Something has come for it in this turn. */
  isTouched = false
  readonly #host: StreamHost
  /** What of the answer is to be sent later; undefined = nothing. */
  #waiting: WaitingBytes | undefined = undefined
  /** Behind what waits, the answer ends with these; undefined = it goes on. */
  #trailers: Fields | undefined = undefined
  /** Bytes of the answer's body that are to come; below 0 = only its end will tell. */
  #left = 0
  #answered = false
  #paused = false
  #dispatched = false
  /** What the client of a tunnel sent before it was open, and whether that was all. */
  #early: GrowingBuffer | undefined = undefined
  /** Of an answer that is complete, but not delivered. */
  #delivery: Timer | undefined = undefined

  constructor(id: number, sendWindow: number, receiveWindow: number, host: StreamHost) {
    super(id, sendWindow, receiveWindow)
    this.client = host.client
    this.#host = host
  }

  get bytesWaiting(): number {
    return this.#waiting?.size ?? 0
  }

  get holdsBuffers(): boolean {
    return this.bytesWaiting > 0
  }

  interim(head: ResponseHead): void {
    this.#host.session.headers(this, interimBlock(head), false)
  }

  /** Streams are in step whatever comes on one of them. */
  endAfterResponse(why: 'out-of-step' | 'refused'): void {
    if (why === 'refused') this.#host.drain()
  }

  head(head: ResponseHead, bodiless: boolean, requestId: string, cookie: string): void {
    this.#answered = true
    this.#left = bodiless ? 0 : head.length
    const block = responseBlock(head, bodiless, dateNow(), requestId, cookie, this.client.listener.hsts)
    this.#host.session.headers(this, block, bodiless)
  }

  body(chunk: Buffer, start: number, end: number): void {
    if (this.gone || start === end) return
    const isLast = this.#left === end - start
    if (this.#left > 0) this.#left -= end - start
    const at = this.#waiting === undefined && !this.#host.isFull ? this.#send(chunk, start, end, isLast) : start
    if (at < end) this.#putAside(chunk, at, end)
  }

  end(trailers: Fields): void {
    if (this.gone || this.sentAll) return
    if (this.#waiting === undefined) this.#sendEnd(trailers)
    else this.#trailers = trailers
  }

  flush(): boolean {
    this.#host.wake()
    return this.#waiting === undefined
  }

  finished({ idleMs }: Timeouts): void {
    this.exchange = undefined
    if (this.gone) return
    if (this.#waiting === undefined) return this.#settle()
    const { wheel, active } = this.#host.context
    this.#delivery = new Timer(this)
    wheel.arm(this.#delivery, deliveryMs(idleMs, active.snapshot.limits.minRate, this.#waiting.size))
  }

  abandon(): void {
    const { exchange } = this
    this.cut()
    exchange?.onClientGone()
  }

  cut(): void {
    this.exchange = undefined
    if (this.gone) return
    if (this.#answered) this.#host.reset(this, ERROR.internalError)
    else {
      this.#answered = true
      this.#host.session.headers(this, LAST_WORD_BLOCK, false)
      this.body(LAST_WORD, 0, LAST_WORD.length)
      this.end(NO_FIELDS)
      if (this.#waiting === undefined) this.#settle()
    }
    this.#host.wake()
  }

  requireHttp1(): void {
    this.exchange = undefined
    this.#host.reset(this, ERROR.http11Required)
  }

  pauseBody(): void {
    this.#paused = true
  }

  resumeBody(): void {
    this.#paused = false
    this.replenish()
  }

  upgrade(head: ResponseHead, requestId: string): TunnelEnd {
    this.head(openedHead(head), false, requestId, '')
    this.#left = -1
    this.exchange = undefined
    this.#host.wake()
    const stream = new StreamTunnel(this)
    this.tunnel = stream
    const early = this.#early?.bytes()
    this.#early = undefined
    if (this.receivedAll) stream.onEnd()
    return { stream, early, onData: listener => void stream.on('data', listener) }
  }

  write(chunk: Buffer): boolean {
    this.body(chunk, 0, chunk.length)
    return this.flush()
  }

  endTunnel(): void {
    this.end(NO_FIELDS)
    this.#host.wake()
  }

  abort(): void {
    if (!this.gone) this.#host.reset(this, this.sentAll ? ERROR.noError : ERROR.cancel)
  }

  /** The client may send as much again as it has, unless it is to wait. */
  replenish(): void {
    if (this.gone || this.#paused || this.held === 0) return
    this.#host.session.replenish(this)
    this.#host.wake()
  }

  /** Its request has become an exchange. */
  begin(exchange: ClientEvents): void {
    this.exchange = exchange
    // What a body has brought with its head goes up with it: `onReadEnd` follows.
    if (this.receivedAll) this.#dispatch(exchange)
  }

  onBytes(chunk: Buffer, start: number, end: number): void {
    if (this.tunnel) this.tunnel.onBytes(chunk, start, end)
    else if (this.protocol !== undefined) this.#keepEarly(Buffer.from(chunk.subarray(start, end)))
    else this.exchange?.onRequestBody(chunk, start, end)
  }

  onEnd(trailers: Fields): void {
    if (this.tunnel) this.tunnel.onEnd()
    else if (this.protocol !== undefined) this.exchange?.onClientHalfClosed()
    else this.exchange?.onRequestEnd(trailers)
  }

  /** The request's body is malformed. */
  onFault(fault: FaultCode): void {
    if (this.exchange) this.exchange.onRequestFault(fault)
    else this.#host.reset(this, this.endCode)
  }

  /** All bytes at hand have been told. */
  onReadEnd(): void {
    const { exchange } = this
    if (exchange && !this.#dispatched) this.#dispatch(exchange)
    this.exchange?.onRequestReadEnd()
    // A tunnel says itself when it has taken them.
    if (this.protocol === undefined) this.replenish()
  }

  /** Sends of what waits, at most one frame. @returns true where it got on */
  sendWaiting(): boolean {
    const waiting = this.#waiting
    if (waiting === undefined || this.gone) return false
    const gotOn = waiting.sendSome(FRAME_BYTES, (chunk, start, end, isLast) =>
      this.#send(chunk, start, end, isLast && this.#trailers === NO_FIELDS),
    )
    if (waiting.size === 0) this.#sentWaiting()
    return gotOn
  }

  get hasWaiting(): boolean {
    return this.#waiting !== undefined
  }

  /** It is no part of its connection any more: reset, or the connection is gone. */
  onGone(): void {
    const { exchange, tunnel } = this
    this.exchange = undefined
    this.#waiting = undefined
    this.#dropTimer()
    exchange?.onClientGone()
    tunnel?.onReset()
  }

  /** The client has not taken its answer in time, or has had the time to read it. */
  onDeadline(): void {
    if (!this.gone) this.#host.reset(this, this.sentAll ? this.endCode : ERROR.cancel)
  }

  #keepEarly(piece: Buffer): void {
    this.#early ??= new GrowingBuffer()
    this.#early.append(piece)
  }

  #dispatch(exchange: ClientEvents): void {
    this.#dispatched = true
    if (!exchange.over) exchange.dispatch()
  }

  /** @returns how far the windows let it go */
  #send(chunk: Buffer, start: number, end: number, isLast: boolean): number {
    return this.#host.session.data(this, chunk, start, end, isLast)
  }

  #putAside(chunk: Buffer, start: number, end: number): void {
    if (this.#waiting === undefined) {
      this.#waiting = new WaitingBytes()
      this.#host.wait(this)
    }
    this.#waiting.add(chunk, start, end)
  }

  #sentWaiting(): void {
    this.#waiting = undefined
    const trailers = this.#trailers
    if (trailers !== undefined && !this.sentAll) this.#sendEnd(trailers)
    if (this.tunnel) this.tunnel.onDrain()
    else if (this.exchange) this.exchange.onDownstreamDrain()
    else if (trailers !== undefined) this.#settle()
  }

  #sendEnd(trailers: Fields): void {
    if (trailers.names.length > 0) this.#host.session.headers(this, trailerBlock(trailers), true)
    else this.#send(NOTHING, 0, 0, true)
  }

  /**
   * Its answer has left. A request that goes on is not wanted any more (RFC 9113 8.1); its end is put off a little: curl 7.88 loses an answer
   * that it reads together with the reset.
   */
  #settle(): void {
    const { wheel } = this.#host.context
    if (this.gone || this.receivedAll) return this.#dropTimer()
    if (this.endCode !== ERROR.noError) return this.#host.reset(this, this.endCode)
    this.deaf = true
    this.#paused = false
    this.replenish()
    this.#delivery ??= new Timer(this)
    wheel.arm(this.#delivery, READ_MS)
  }

  #dropTimer(): void {
    if (this.#delivery) this.#host.context.wheel.drop(this.#delivery)
  }
}
