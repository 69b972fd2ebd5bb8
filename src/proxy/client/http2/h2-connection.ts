// One HTTP/2 connection from a client: reads its requests, of which each is a stream (h2-stream.ts) that becomes an exchange, and sends
// what comes of them. The protocol itself is http2/. Decides nothing about upstreams.

import { performance } from 'node:perf_hooks'
import { FAULT_CODES, type FaultCode } from '../../../http/faults.ts'
import { type Fields, NO_FIELDS } from '../../../http/fields.ts'
import type { RequestHead } from '../../../http/heads.ts'
import { type ConnectionFault, ERROR, type ErrorCode } from '../../../http2/errors.ts'
import { FrameWriter } from '../../../http2/frame-writer.ts'
import { ServerSession } from '../../../http2/session.ts'
import type { SessionEvents } from '../../../http2/session-events.ts'
import { WriteBuffers } from '../../../http2/write-buffers.ts'
import type { ListenerPlan } from '../../../plan/listener.ts'
import { WORKER } from '../../../shared/counter-cells.ts'
import { SLOT_OF_VIGIA } from '../../../shared/upstream-table.ts'
import { answer } from '../../answers/answers.ts'
import { type AnswerCode, statusOf } from '../../answers/codes.ts'
import { arrive } from '../../exchange/arrival.ts'
import type { ExchangeContext } from '../../exchange/context.ts'
import type { ClientSide } from '../../exchange/downstream.ts'
import type { Wire } from '../accept/wire.ts'
import type { ConnectionHost } from '../client-connection.ts'
import { ForwardMemo } from '../forward-memo.ts'
import { EndableH2 } from './endable-h2.ts'
import { H2Stream } from './h2-stream.ts'
import { Outlet } from './outlet.ts'
import type { StreamHost } from './stream-host.ts'
import { handshakeOf } from './web-socket.ts'

/** So much is read before others have their turn, if it brought many requests. */
const SLICE_BYTES = 16_384
/** Requests that vigia answers itself end at once: a slice holds hundreds of them. */
const MOST_IN_A_TURN = 128
/** With so much to send the client isn't read: what it asks for would only add to it. */
const UNREAD_BYTES = 1_048_576
const STREAMS = 128
const STREAM_WINDOW = 262_144
const CONNECTION_WINDOW = 4_194_304

/** Of this worker: streams that are open, over all connections. */
let openStreams = 0
/** Of this worker. */
const buffers = new WriteBuffers()

export class H2Connection extends EndableH2 implements SessionEvents<H2Stream>, StreamHost {
  client: ClientSide
  readonly session: ServerSession<H2Stream>
  protected readonly outlet: Outlet
  readonly #forwards = new ForwardMemo()
  /** Of which something came in this read, until all at hand has been told. */
  #touched: H2Stream[] = []
  #begun = 0
  /** What came and is to be read later. */
  #ahead: Buffer | undefined = undefined
  /** Of the streams that are open in this worker. */
  #counted = 0

  constructor(wire: Wire, client: ClientSide, context: ExchangeContext, host: ConnectionHost) {
    super(wire, context, host)
    this.client = client
    const { socket } = wire
    const { active } = context
    const { limits } = active.snapshot
    const streams = Math.min(STREAMS, active.streams)
    const windows = { streamWindow: STREAM_WINDOW, connectionWindow: CONNECTION_WINDOW }
    this.session = new ServerSession<H2Stream>(this, { ...limits, ...windows, streams }, new FrameWriter(buffers))
    this.outlet = new Outlet(wire, this.session.writer, () => this.#count())
    context.row.addOwn(WORKER.http2Connections, 1)
    socket.on('data', (chunk: Buffer) => this.safely(() => this.#onData(chunk)))
    socket.on('end', () => this.safely(() => this.#onEnd()))
    socket.on('drain', () => this.safely(() => this.#onDrain()))
    this.session.begin()
    this.outlet.wake()
  }

  reassess(listener: ListenerPlan): void {
    this.client = { ...this.client, trusted: this.context.active.isTrusted(this.client.peer), listener }
  }

  // ---- from the socket ----

  #onData(chunk: Buffer): void {
    if (this.phase === 'gone') return
    if (this.phase === 'linger') this.throwAway()
    else if (this.#ahead) this.#ahead = Buffer.concat([this.#ahead, chunk])
    else this.#read(chunk)
  }

  #read(chunk: Buffer): void {
    this.#begun = 0
    let at = 0
    while (at < chunk.length && this.#isRead) {
      const end = Math.min(chunk.length, at + SLICE_BYTES)
      this.session.receive(end - at === chunk.length ? chunk : chunk.subarray(at, end), performance.now())
      at = end
      if (this.#touched.length > 0) this.#tellReadEnd()
      if (this.#begun >= MOST_IN_A_TURN || this.outlet.bytes >= UNREAD_BYTES) break
    }
    if (at < chunk.length && this.#isRead) this.#putAside(chunk.subarray(at))
    this.outlet.wake()
  }

  get #isRead(): boolean {
    return this.phase !== 'linger' && this.phase !== 'gone'
  }

  #tellReadEnd(): void {
    const touched = this.#touched
    this.#touched = []
    for (const stream of touched) {
      stream.isTouched = false
      this.guard(stream, () => stream.onReadEnd())
    }
  }

  #putAside(rest: Buffer): void {
    this.#ahead = rest
    this.socket.pause()
  }

  /** With what was put aside, once the client has taken enough of what it was sent. */
  #goOn(): void {
    const ahead = this.#ahead
    if (!ahead || !this.#isRead || this.outlet.bytes >= UNREAD_BYTES) return
    this.#ahead = undefined
    this.socket.resume()
    this.#read(ahead)
  }

  #onDrain(): void {
    if (!this.#isRead) return
    this.outlet.flush()
    this.#goOn()
    this.rearm()
  }

  #onEnd(): void {
    this.ended = true
    if (this.phase === 'linger') return this.socket.destroySoon()
    for (const stream of [...this.session.streams.values()]) {
      // What the client has not ended will never end.
      if (stream.receivedAll) stream.exchange?.onClientHalfClosed()
      else this.guard(stream, () => this.reset(stream, ERROR.cancel))
    }
    // Without streams it ends, but not before what has been written has left.
    this.outlet.wake()
  }

  // ---- from the session ----

  openStream(id: number, sendWindow: number, receiveWindow: number): H2Stream {
    return new H2Stream(id, sendWindow, receiveWindow, this)
  }

  onRequest(stream: H2Stream, head: RequestHead): void {
    this.#begun += 1
    this.context.row.addOwn(WORKER.http2Requests, 1)
    openStreams += 1
    this.#counted += 1
    if (openStreams > this.context.active.streams) return this.#refuse(stream, 'out-of-resources')
    this.guard(stream, () => this.#begin(stream, head))
  }

  #begin(stream: H2Stream, head: RequestHead): void {
    let forwarded = this.#forwards.forwarded(head, this.client, this.context.active)
    if (stream.protocol !== undefined) {
      const handshake = handshakeOf(forwarded)
      forwarded = handshake.forwarded
      stream.webSocketAccept = handshake.accept
    }
    const exchange = arrive(this.context, stream, head, forwarded)
    if (!exchange) return
    if (!stream.receivedAll) this.#touch(stream)
    stream.begin(exchange)
    if (this.ended) exchange.onClientHalfClosed()
  }

  onRequestFault(stream: H2Stream, fault: FaultCode): void {
    this.#begun += 1
    this.guard(stream, () => this.#refuse(stream, fault))
  }

  onBody(stream: H2Stream, chunk: Buffer, start: number, end: number): void {
    if (!stream.isTouched) this.#touch(stream)
    this.guard(stream, () => stream.onBytes(chunk, start, end))
  }

  onRequestEnd(stream: H2Stream, trailers: Fields): void {
    this.guard(stream, () => stream.onEnd(trailers))
  }

  onBodyFault(stream: H2Stream, fault: FaultCode): void {
    stream.endCode = ERROR.protocolError
    this.guard(stream, () => stream.onFault(fault))
  }

  onReset(stream: H2Stream, _code: ErrorCode): void {
    this.guard(stream, () => stream.onGone())
    this.outlet.wake()
  }

  onWindow(_stream: H2Stream | undefined): void {
    this.outlet.sendWaiting()
  }

  onGoAway(): void {
    this.leave()
  }

  onFault(fault: ConnectionFault): void {
    this.endForFault(fault)
  }

  // ---- for streams ----

  get isFull(): boolean {
    return this.outlet.isFull
  }

  wake(): void {
    this.outlet.wake()
  }

  wait(stream: H2Stream): void {
    this.outlet.add(stream)
  }

  reset(stream: H2Stream, code: ErrorCode): void {
    this.session.reset(stream, code)
    stream.onGone()
    this.outlet.wake()
  }

  // ---- helpers ----

  #touch(stream: H2Stream): void {
    stream.isTouched = true
    this.#touched.push(stream)
  }

  /** What can't become an exchange: malformed requests end their stream (RFC 9113 8.1.1), the others are answered. */
  #refuse(stream: H2Stream, code: AnswerCode): void {
    const { row } = this.context
    const status = statusOf(code)
    const fault = FAULT_CODES.indexOf(code as FaultCode)
    if (fault >= 0) row.rejected(fault)
    row.finished(SLOT_OF_VIGIA, status, 0)
    if (status === 400) return this.reset(stream, ERROR.protocolError)
    const requestId = this.context.nextRequestId()
    this.context.stories.refused(requestId, this.client, code, status, Date.now())
    const { language = 'en', pages, timeouts } = this.context.active.snapshot
    const { head, body } = answer(code, requestId, { kind: 'page', language, pages })
    stream.head(head, false, requestId, '')
    stream.body(body, 0, body.length)
    stream.end(NO_FIELDS)
    stream.finished(timeouts)
  }

  /** At the end of each turn in which something was sent. */
  #count(): void {
    if (this.ended) this.#dropStuck()
    const open = this.session.streams.size
    openStreams += open - this.#counted
    this.#counted = open
    this.rearm()
    this.safely(() => this.#goOn())
  }

  /** A client that has closed its side opens no window any more. */
  #dropStuck(): void {
    for (const stream of [...this.session.streams.values()]) {
      const isStuck = stream.hasWaiting && Math.min(stream.sendWindow, this.session.sendWindow) <= 0
      if (isStuck) this.guard(stream, () => this.reset(stream, ERROR.cancel))
    }
  }

  protected override close(): void {
    super.close()
    openStreams -= this.#counted
    this.#counted = 0
  }
}
