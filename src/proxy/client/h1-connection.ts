// One HTTP/1.1 connection from a client: reads requests strictly and one after the other, has each become an exchange, writes its
// response. Pipelined requests wait their turn in the socket. Decides nothing about upstreams.

import { type BodySink, NO_LENGTH } from '../../http/body.ts'
import type { Fields } from '../../http/fields.ts'
import type { RequestHead, ResponseHead } from '../../http/heads.ts'
import { BodyReader } from '../../http1/body-reader.ts'
import { HeadReader, NEEDS_MORE, REFUSED } from '../../http1/head-reader.ts'
import { diagnoseRequestHead, parseRequestHead, type RequestMemo } from '../../http1/request-head.ts'
import type { Timeouts } from '../../plan/bounds.ts'
import type { ListenerPlan } from '../../plan/listener.ts'
import { deliveryMs } from '../../policy/request/transfer-rate.ts'
import { HANDSHAKE_RECORD } from '../../tls/client-hello.ts'
import { arrive } from '../exchange/arrival.ts'
import type { ExchangeContext } from '../exchange/context.ts'
import type { ClientSide, Downstream } from '../exchange/downstream.ts'
import type { TunnelEnd } from '../runtime/tunnel-end.ts'
import type { Wire } from './accept/wire.ts'
import type { ConnectionHost } from './client-connection.ts'
import { EndableH1 } from './endable-h1.ts'
import { ForwardMemo } from './forward-memo.ts'

/** Pipelined requests that vigia answers itself end at once: a chunk of 64 KiB holds over a thousand of them. */
const MOST_IN_A_TURN = 32

export class H1Connection extends EndableH1 implements Downstream, BodySink {
  client: ClientSide
  /** The client has made the key. */
  readonly webSocketAccept = undefined
  readonly #heads: HeadReader
  readonly #body: BodyReader
  readonly #memo: RequestMemo = { section: '', meaning: undefined }
  readonly #forwards = new ForwardMemo()
  #readingBody = false
  #processing = false
  /** Of the last exchange. */
  #timeouts: Timeouts

  constructor(wire: Wire, client: ClientSide, context: ExchangeContext, host: ConnectionHost) {
    super(wire, context, host)
    const { socket } = wire
    this.client = client
    this.#setHsts()
    const { limits, timeouts } = context.active.snapshot
    this.#heads = new HeadReader(limits.headBytes)
    this.#body = new BodyReader(limits.headBytes, 'request')
    this.#timeouts = timeouts
    socket.on('data', (chunk: Buffer) => this.#guard(chunk))
    socket.on('end', () => this.safely(() => this.#onEnd()))
    socket.on('drain', () => this.safely(() => this.exchange?.onDownstreamDrain()))
  }

  reassess(listener: ListenerPlan): void {
    this.client = { ...this.client, trusted: this.context.active.isTrusted(this.client.peer), listener }
    this.#setHsts()
  }

  // ---- from the socket ----

  #guard(chunk: Buffer): void {
    try {
      this.#onData(chunk)
    } catch (error) {
      this.endBroken(error)
    }
  }

  #onData(chunk: Buffer): void {
    if (this.phase === 'tunnel' || this.phase === 'gone') return
    if (this.phase === 'linger') this.throwAway()
    else if (this.ahead || this.phase === 'delivering') this.#putAside(chunk)
    else this.#process(chunk)
  }

  /** Works off the bytes, request after request, as far as exchanges end at once; after a few of them others have their turn. */
  #process(chunk: Buffer): void {
    this.#processing = true
    let at = 0
    let begun = 0
    for (let more = true; more; ) {
      at = this.phase === 'exchange' ? this.#readBody(chunk, at) : this.#readHead(chunk, at)
      begun += 1
      more =
        at < chunk.length &&
        (this.phase === 'exchange' ? this.#readingBody : begun < MOST_IN_A_TURN && this.#mayBegin())
    }
    this.#processing = false
    this.exchange?.onRequestReadEnd()
    if (at < chunk.length && (this.phase === 'exchange' || this.phase === 'delivering')) {
      this.#putAside(at === 0 ? chunk : chunk.subarray(at))
    } else if (at < chunk.length && this.phase === 'idle') {
      this.#putAside(chunk.subarray(at))
      setImmediate(() => {
        if (this.phase === 'idle') this.#next()
      })
    } else if (this.phase === 'idle' && this.ended) this.close()
  }

  #putAside(bytes: Buffer): void {
    // The rest of a request that was answered early: who reads only once all is sent must be able to send it.
    if (this.phase === 'delivering' && this.#readingBody) return
    this.ahead = this.ahead ? Buffer.concat([this.ahead, bytes]) : bytes
    this.socket.pause()
  }

  #mayBegin(): boolean {
    return this.phase === 'idle' || this.phase === 'head'
  }

  #readHead(chunk: Buffer, from: number): number {
    const { limits, timeouts } = this.context.active.snapshot
    const at = this.#heads.push(chunk, from)
    // No head begins with it: the length that follows would be waited for.
    if (at < 0 && chunk[from] === HANDSHAKE_RECORD && this.phase === 'idle') {
      this.refuse('tls-on-plain-port')
      return chunk.length
    }
    if (at === NEEDS_MORE) {
      if (this.phase === 'idle' && this.#heads.started) {
        this.context.wheel.arm(this.timer, timeouts.headMs)
        this.phase = 'head'
      }
      return chunk.length
    }
    const head =
      at === REFUSED
        ? diagnoseRequestHead(this.#heads.text, limits)
        : parseRequestHead(this.#heads.text, limits, this.#memo)
    if (typeof head === 'string') {
      this.refuse(head)
      return chunk.length
    }
    this.context.wheel.disarm(this.timer)
    return this.#begin(head, chunk, at)
  }

  #begin(head: RequestHead, chunk: Buffer, at: number): number {
    this.phase = 'exchange'
    this.writer.begin(head.minor, this.#persists(head))
    this.#body.begin(head.meaning.length === NO_LENGTH ? 0 : head.meaning.length)
    this.#readingBody = !this.#body.done
    const forwarded = this.#forwards.forwarded(head, this.client, this.context.active)
    const exchange = arrive(this.context, this, head, forwarded)
    if (!exchange) return at
    this.exchange = exchange
    // Body bytes at hand go first: a small one leaves together with the head.
    const after = this.#readingBody && at < chunk.length ? this.#readBody(chunk, at) : at
    if (!exchange.over) exchange.dispatch()
    if (this.ended) exchange.onClientHalfClosed()
    return after
  }

  #readBody(chunk: Buffer, from: number): number {
    if (!this.#readingBody) return from
    const exchange = this.exchange
    const at = this.#body.read(chunk, from, this)
    if (this.exchange !== exchange || !exchange) return chunk.length
    if (this.#body.fault) {
      exchange.onRequestFault(this.#body.fault)
      return chunk.length
    }
    if (this.#body.done) {
      this.#readingBody = false
      exchange.onRequestEnd(this.#body.trailers)
    }
    return at
  }

  onBody(chunk: Buffer, start: number, end: number): void {
    this.exchange?.onRequestBody(chunk, start, end)
  }

  #onEnd(): void {
    this.ended = true
    if (this.phase === 'exchange' && !this.#readingBody) this.exchange?.onClientHalfClosed()
    else if (this.phase === 'linger') this.socket.destroySoon()
    else if (this.phase !== 'tunnel' && this.phase !== 'delivering') this.close()
  }

  // ---- for the exchange ----

  get holdsBuffers(): boolean {
    return this.writer.holdsBuffers
  }

  get bytesWaiting(): number {
    return this.socket.writableLength
  }

  interim(head: ResponseHead): void {
    this.writer.interim(head)
  }

  head(head: ResponseHead, bodiless: boolean, requestId: string, cookie: string): void {
    if (this.#readingBody || this.host.stopping) this.writer.endConnection()
    this.writer.head(head, bodiless, requestId, cookie)
  }

  body(chunk: Buffer, start: number, end: number): void {
    this.writer.body(chunk, start, end)
  }

  end(trailers: Fields): void {
    this.writer.end(trailers)
  }

  flush(): boolean {
    return this.writer.flush()
  }

  finished(timeouts: Timeouts): void {
    this.#timeouts = timeouts
    this.exchange = undefined
    if (this.phase !== 'exchange') return
    if (this.socket.writableLength === 0) return this.#settle()
    // Complete here, but not delivered: a connection that ends or goes on now would lose the rest, or pile up answers.
    this.phase = 'delivering'
    if (this.#readingBody) this.socket.resume()
    const { minRate } = this.context.active.snapshot.limits
    this.context.wheel.arm(this.timer, deliveryMs(this.#timeouts.idleMs, minRate, this.socket.writableLength))
    if (!this.isSecure) this.socket.write('', () => this.onWritten())
  }

  protected onWritten(): void {
    if (this.phase === 'delivering' && this.socket.writableLength === 0) this.#settle()
  }

  /** The answer has left: on to the next request, or to the end. */
  #settle(): void {
    if (!this.writer.persistent || this.host.stopping) {
      // Input that was not read yet would turn the close into a reset, and the reset could overtake the answer.
      if (this.#readingBody || this.ahead) this.linger()
      else this.endSocket()
      return
    }
    this.phase = 'idle'
    this.context.wheel.arm(this.timer, this.#timeouts.keepAliveMs)
    if (!this.#processing) this.#next()
    if (!this.ahead && this.socket.isPaused()) this.socket.resume()
  }

  /** Goes on with what arrived behind the last request. */
  #next(): void {
    const ahead = this.ahead
    if (ahead) {
      this.ahead = undefined
      this.socket.resume()
      this.#guard(ahead)
    } else if (this.ended) this.close()
  }

  cut(): void {
    this.exchange = undefined
    if (!this.writer.lastWord()) this.writer.flush()
    // With input unread a close is a reset, and that could destroy earlier answers that the client has not read yet.
    if (this.writer.endsWithConnection) this.close()
    else this.linger()
  }

  requireHttp1(): void {
    throw new Error('it is HTTP/1.1 that it speaks')
  }

  pauseBody(): void {
    this.socket.pause()
  }

  resumeBody(): void {
    if (!this.ahead) this.socket.resume()
  }

  upgrade(head: ResponseHead, requestId: string): TunnelEnd {
    const early = this.ahead
    this.writer.upgrade(head, requestId)
    this.phase = 'tunnel'
    this.exchange = undefined
    this.ahead = undefined
    this.context.wheel.drop(this.timer)
    const socket = this.socket
    return { stream: socket, early, onData: listener => socket.on('data', listener) }
  }

  // ---- helpers ----

  #setHsts(): void {
    const { tls, listener } = this.client
    this.writer.hsts = tls && listener.hsts ? `Strict-Transport-Security: ${listener.hsts}\r\n` : ''
  }

  #persists({ minor, meaning }: RequestHead): boolean {
    const { close, keepAlive } = meaning.options
    return minor === 1 ? !close : keepAlive && !close
  }
}
