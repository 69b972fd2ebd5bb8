// What an HTTP/1.1 connection from a client is used for now, and how it ends: at once, after its answer, or because something broke.
// What is read from it and written to it in between is h1-connection.ts.

import { FAULT_CODES, type FaultCode } from '../../http/faults.ts'
import { NO_FIELDS } from '../../http/fields.ts'
import { SLOT_OF_VIGIA } from '../../shared/upstream-table.ts'
import { answer } from '../answers/answers.ts'
import { type AnswerCode, statusOf } from '../answers/codes.ts'
import type { ClientEvents } from '../exchange/client-events.ts'
import type { ExchangeContext } from '../exchange/context.ts'
import type { ClientLogins } from '../upstream/connection.ts'
import type { Wire } from './accept/wire.ts'
import { ClientConnection, type ConnectionHost, FIRST_REQUEST_MS } from './client-connection.ts'
import { ResponseWriter } from './response-writer.ts'

/**
 * idle: between requests; head: in one; exchange: one is under way; delivering: it is over, but the client has not taken all of its
 * answer yet; linger: told to go, input is thrown away; tunnel, gone.
 */
type Phase = 'idle' | 'head' | 'exchange' | 'delivering' | 'linger' | 'tunnel' | 'gone'

export abstract class EndableH1 extends ClientConnection {
  protected readonly writer: ResponseWriter
  protected phase: Phase = 'idle'
  protected exchange: ClientEvents | undefined = undefined
  logins: ClientLogins | undefined = undefined
  /** Bytes behind the current request, kept until its exchange is over. */
  protected ahead: Buffer | undefined = undefined

  constructor(wire: Wire, context: ExchangeContext, host: ConnectionHost) {
    super(wire, context, host)
    this.writer = new ResponseWriter(wire.socket, this.isSecure ? () => this.onWritten() : undefined)
  }

  protected abstract onWritten(): void

  endAfterResponse(): void {
    this.writer.endConnection()
  }

  *exchanges(): Iterable<ClientEvents> {
    if (this.exchange) yield this.exchange
  }

  drain(): void {
    if (this.phase !== 'idle') return
    if (this.socket.bytesWritten > 0) this.close()
    else this.context.wheel.arm(this.timer, FIRST_REQUEST_MS)
  }

  protected endServed(): void {
    if (this.phase === 'idle' || this.phase === 'tunnel') this.close()
    else this.writer.endConnection()
  }

  stop(): number {
    const { phase, exchange } = this
    const busy = phase === 'exchange' || phase === 'delivering' || phase === 'tunnel'
    if (exchange) this.safely(() => exchange.interrupt('stopping', 'cut by the stop of vigia'))
    else if (phase === 'head') this.safely(() => this.refuse('stopping'))
    else if (phase !== 'linger') this.close()
    return busy ? 1 : 0
  }

  onDeadline(): void {
    if (this.phase === 'head') this.safely(() => this.refuse('head-timeout'))
    else this.close()
  }

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

  /** Answers what came to the wrong port, and ends the connection. */
  turnAway(code: FaultCode): void {
    this.safely(() => this.refuse(code))
  }

  /** Answers what can't become an exchange, and ends the connection. */
  protected refuse(code: AnswerCode): void {
    const { row } = this.context
    const requestId = this.context.nextRequestId()
    const { language = 'en', pages } = this.context.active.snapshot
    const { head, body } = answer(code, requestId, { kind: 'page', language, pages })
    const fault = FAULT_CODES.indexOf(code as FaultCode)
    if (fault >= 0) row.rejected(fault)
    row.finished(SLOT_OF_VIGIA, statusOf(code), 0)
    this.context.stories.refused(requestId, this.client, code, statusOf(code), Date.now())
    this.phase = 'exchange'
    this.writer.begin(1, false)
    this.writer.head(head, false, requestId, '')
    this.writer.body(body, 0, body.length)
    this.writer.end(NO_FIELDS)
    this.writer.flush()
    this.linger()
  }

  protected override linger(): void {
    this.ahead = undefined
    super.linger()
  }

  protected override goodbye(waitMs: number): void {
    this.phase = 'linger'
    super.goodbye(waitMs)
  }

  protected close(): void {
    if (this.phase === 'gone') return
    const unfinished = this.phase === 'exchange' || this.phase === 'delivering'
    this.phase = 'gone'
    this.context.wheel.drop(this.timer)
    // Where only the end of the connection ends the body, a clean end would be a lie.
    if (unfinished && this.writer.endsWithConnection) this.transport.resetAndDestroy()
    else this.socket.destroy()
    const exchange = this.exchange
    this.exchange = undefined
    this.host.onGone(this)
    exchange?.onClientGone()
    this.logins?.end()
  }
}
