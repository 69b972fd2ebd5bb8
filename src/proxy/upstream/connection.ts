// One connection to an upstream: writes a request, reads its response strictly, then is idle or closed.
// Knows nothing of routes or retries: it tells the attempt it carries, and its endpoint when it is free or gone.

import type { Socket } from 'node:net'
import { CHUNKED, isBodiless, NO_LENGTH } from '../../http/body.ts'
import type { Fields } from '../../http/fields.ts'
import type { ForwardedRequest } from '../../http/forwarded-request.ts'
import { type RequestHead, type ResponseHead, SWITCHING_PROTOCOLS } from '../../http/heads.ts'
import type { HeadLimits } from '../../http/limits.ts'
import { BodyReader, UNTIL_CLOSE } from '../../http1/body-reader.ts'
import { HeadReader, NEEDS_MORE, REFUSED } from '../../http1/head-reader.ts'
import { requestText } from '../../http1/request-text.ts'
import { explainResponseFault } from '../../http1/response-fault.ts'
import { diagnoseResponseHead, parseResponseHead, type ResponseMemo } from '../../http1/response-head.ts'
import { isOwnTrouble } from '../../policy/process/own-trouble.ts'
import { staysInStep } from '../../policy/request/reuse.ts'
import type { TunnelEnd } from '../runtime/tunnel-end.ts'
import type { AttemptEvents, FailureKind } from './attempt-events.ts'
import type { ConnectionOwner } from './connection-owner.ts'
import type { Logins } from './logins.ts'
import type { Opening } from './open-socket.ts'
import type { ProxiedClient } from './proxied-client.ts'
import { ReadBuffer } from './read-buffer.ts'
import { RequestWriter } from './request-writer.ts'
import { upgradeFault } from './upgrade-fault.ts'
import { codeOf, FailableWrites } from './write-failure.ts'

/** Where one client has logged in. */
export type ClientLogins = Logins<Owner, UpstreamConnection>

type Owner = ConnectionOwner<UpstreamConnection>

/** Most interim responses before a final one. */
const MAX_INTERIM = 64
type Phase = 'connecting' | 'idle' | 'head' | 'body' | 'tunnel' | 'gone'

export class UpstreamConnection {
  readonly #socket: Socket
  readonly #writer: RequestWriter
  readonly #writes: FailableWrites
  readonly #owner: Owner
  /** Of the heads that it reads. */
  readonly limits: HeadLimits
  readonly #heads: HeadReader
  readonly #body: BodyReader
  readonly #memo: ResponseMemo = { text: '', head: undefined }
  #phase: Phase = 'connecting'
  #attempt: AttemptEvents | undefined
  #persistent = false
  #sent = NO_LENGTH
  #announced: string | undefined
  #interims = 0
  readonly #buffer = new ReadBuffer()
  #onTunnelData: ((chunk: Buffer) => boolean) | undefined = undefined
  /** Monotonic time of becoming idle, ms; 0 = it never was. */
  idleSinceMs = 0
  /** A byte of the current response has been seen. */
  responseBegun = false
  /** Whose login it is, and nobody else's to use; undefined = nobody's. */
  login: ClientLogins | undefined = undefined
  /** For whom its PROXY header speaks; undefined = it has none. */
  readonly proxied: ProxiedClient | undefined
  /** It was not this side that closed it. */
  closedByUpstream = false

  constructor(opening: Opening, owner: Owner, limits: HeadLimits, attempt: AttemptEvents) {
    const socket = opening.open(this.#buffer.reads(chunk => this.#onData(chunk)))
    this.#socket = socket
    this.#writer = new RequestWriter(socket, opening.preface)
    this.#owner = owner
    this.limits = limits
    this.#heads = new HeadReader(limits.headBytes)
    this.#body = new BodyReader(limits.headBytes, 'response')
    this.#attempt = attempt
    this.proxied = attempt.proxied
    this.#writes = new FailableWrites(socket, anyLeft => this.#onWriteFailed(anyLeft))
    socket.on(opening.readyEvent, () => this.#onConnect())
    socket.on('end', () => this.#onEnd())
    socket.on('drain', () => this.#guard(() => this.#attempt?.onUpstreamDrain()))
    socket.on('error', error => this.#lost(codeOf(error), isOwnTrouble(error)))
    socket.on('close', () => {
      this.#buffer.end()
      this.#lost('connection closed')
    })
  }

  /** The upstream can't have got the whole request. */
  get writeFailed(): boolean {
    return this.#writes.failure !== undefined
  }

  /** Gives an idle connection its next exchange. */
  assign(attempt: AttemptEvents): void {
    this.#attempt = attempt
    this.#phase = 'head'
    this.#writes.anyLeft = false
    this.responseBegun = false
  }

  /** @param authority of the upstream @returns bytes of the head */
  begin(head: RequestHead, forwarded: ForwardedRequest, authority: string, id: string, loopMark: string): number {
    const text = requestText(head, forwarded, authority, id, loopMark)
    this.#writer.begin(text, forwarded.length === CHUNKED)
    this.#sent = forwarded.length
    return text.length
  }

  body(piece: Buffer): void {
    if (this.#writes.failure === undefined) this.#writer.body(piece)
  }

  end(trailers: Fields): void {
    if (this.#writes.failure === undefined) this.#writer.end(trailers)
  }

  /** Sends what was gathered. @returns false where the upstream takes bytes slowly: wait for `onUpstreamDrain` */
  flush(): boolean {
    if (this.#writes.failure === undefined) this.#writer.flush()
    // What is left of the request is thrown away: its client must come to read the answer.
    if (this.#writes.failure !== undefined) return true
    // What the kernel has taken at once needs no waiting, whatever `write` said of the queue before.
    return !this.#socket.writableNeedDrain || this.#socket.writableLength === 0
  }

  /** Bytes that were flushed have not left this process yet. */
  get hasUnsent(): boolean {
    return this.#socket.writableLength > 0
  }

  /** Ends the attempt from this side: nothing is told to it any more. */
  abandon(): void {
    this.#attempt = undefined
    this.#close()
  }

  /** What is to come next is the upstream's: its handshake, its answer, or that it takes more of the request. */
  get awaitsUpstream(): boolean {
    return this.#phase === 'connecting' || this.#attempt?.requestSent === true || this.#socket.writableNeedDrain
  }

  /** Whether the answer that has begun leaves it open. */
  get outlivesAnswer(): boolean {
    return this.#persistent && !this.#body.untilClose
  }

  resume(): void {
    this.#socket.resume()
  }

  #onConnect(): void {
    if (this.#phase !== 'connecting') return
    this.#phase = 'head'
    this.#guard(() => this.#attempt?.onConnected())
  }

  /** Its side of a tunnel. @param early bytes that came with the 101 */
  tunnelEnd(early: Buffer | undefined): TunnelEnd {
    const onData = (listener: (chunk: Buffer) => boolean) => {
      this.#onTunnelData = listener
    }
    return { stream: this.#socket, early, onData }
  }

  #onData(chunk: Buffer): void {
    const attempt = this.#attempt
    try {
      if (this.#onTunnelData) this.#buffer.kept = this.#onTunnelData(chunk)
      else {
        this.#read(chunk)
        this.#buffer.kept = attempt?.holdsBuffers === true
      }
    } catch (error) {
      this.#buffer.kept = true
      this.#owner.onUnexpected(error)
      this.#fail('garbage', 'internal error')
    }
  }

  #read(chunk: Buffer): void {
    if (this.#phase === 'tunnel' || this.#phase === 'gone') return
    // Nobody asked: a late answer to nothing, or an attempt to answer the next request in advance.
    if (this.#phase === 'idle' || this.#phase === 'connecting') return this.#fail('garbage', 'bytes without a request')
    if (this.idleSinceMs === 0 && !this.responseBegun) this.#owner.onFirstByte(this)
    this.responseBegun = true
    let at = 0
    while (this.#phase === 'head') {
      at = this.#heads.push(chunk, at)
      if (at === NEEDS_MORE) return this.#readEnd()
      const { text } = this.#heads
      const head =
        at === REFUSED ? diagnoseResponseHead(text, this.limits) : parseResponseHead(text, this.limits, this.#memo)
      if (typeof head === 'string') return this.#fail('garbage', explainResponseFault(head, text, this.limits))
      if (head.status >= 200) this.#final(head)
      else if (head.status !== SWITCHING_PROTOCOLS) this.#interim(head)
      else return this.#upgraded(head, at < chunk.length ? Buffer.from(chunk.subarray(at)) : undefined)
      if (this.#phase === 'head' && at === chunk.length) return this.#readEnd()
    }
    const attempt = this.#attempt
    if (this.#phase !== 'body' || !attempt) return
    if (!this.#body.done) at = this.#body.read(chunk, at, attempt)
    if (this.#body.fault) return this.#fail('garbage', `${this.#body.fault}: ${this.#body.faultPlace}`)
    if (this.#phase !== 'body') return
    if (this.#body.done) this.#complete(at === chunk.length)
    else this.#readEnd()
  }

  #readEnd(): void {
    if (this.#attempt && !this.#attempt.onReadEnd()) this.#socket.pause()
  }

  #interim(head: ResponseHead): void {
    this.#interims += 1
    if (this.#interims > MAX_INTERIM) this.#fail('garbage', 'too many interim responses')
    else this.#attempt?.onInterim(head)
  }

  #upgraded(head: ResponseHead, early: Buffer | undefined): void {
    const attempt = this.#attempt
    const fault = upgradeFault(this.writeFailed ? undefined : attempt, head)
    if (attempt === undefined || fault !== undefined) return this.#fail('garbage', fault ?? '')
    this.#phase = 'tunnel'
    this.#attempt = undefined
    this.#owner.onGone(this, false)
    attempt.onUpgraded(head, early)
  }

  #final(head: ResponseHead): void {
    const attempt = this.#attempt
    if (!attempt) return
    const bodiless = isBodiless(attempt.method, head.status)
    this.#interims = 0
    this.#persistent = head.minor === 1 ? !head.options.close : head.options.keepAlive && !head.options.close
    if (!this.#persistent) this.#owner.onLastAnswer(this, head.status)
    this.#persistent &&= this.login !== undefined || staysInStep(attempt.method, this.#sent, head.status, head.length)
    this.#announced = head.keepAlive
    this.#body.begin(bodiless ? 0 : head.length === NO_LENGTH ? UNTIL_CLOSE : head.length)
    this.#phase = 'body'
    attempt.onResponseHead(head, bodiless)
  }

  /** @param nothingLeft no byte followed the response: else the connection is out of step and must not be used again */
  #complete(nothingLeft: boolean): void {
    const attempt = this.#attempt
    this.#attempt = undefined
    const inStep = nothingLeft && attempt?.requestSent && this.#socket.writableLength === 0
    if (inStep && this.outlivesAnswer) {
      this.#phase = 'idle'
      this.#owner.onFree(this, this.#announced)
    } else this.#close()
    attempt?.onResponseEnd(this.#body.trailers)
  }

  #onEnd(): void {
    this.#guard(() => {
      if (this.#phase === 'body' && this.#body.untilClose && !this.#writes.metReset) this.#complete(false)
      else this.#lost('closed by the upstream')
    })
  }

  /** @returns true to read on: the upstream may have answered before it closed */
  #onWriteFailed(anyLeft: boolean): boolean {
    // What it said before any byte of the request left can't be the answer to it.
    if (!anyLeft || (this.#phase !== 'head' && this.#phase !== 'body')) return false
    this.#guard(() => this.#attempt?.onUpstreamDrain())
    return true
  }

  #lost(detail: string, own = false): void {
    const kind = own ? 'own' : this.#phase === 'connecting' ? 'connect' : 'reset'
    this.#fail(kind, this.#writes.failure ?? detail)
  }

  #fail(kind: FailureKind, detail: string): void {
    if (this.#phase === 'gone' || this.#phase === 'tunnel') return
    const attempt = this.#attempt
    this.#attempt = undefined
    this.closedByUpstream = true
    this.#close()
    if (attempt) this.#guard(() => attempt.onFailure(kind, detail))
  }

  #close(): void {
    if (this.#phase === 'gone') return
    const idle = this.#phase === 'idle'
    this.#phase = 'gone'
    this.#socket.destroy()
    this.#owner.onGone(this, idle)
  }

  #guard(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.#owner.onUnexpected(error)
      this.#fail('garbage', 'internal error')
    }
  }
}
