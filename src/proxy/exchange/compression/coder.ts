// Between an exchange and the client's side of it: compresses the body of its answer, where that is to be, and passes on the rest as it is.
// A short body is compressed as soon as it is there as a whole, and its head waits for that; any other as it comes. Of a stream
// nothing is held back for what is still to come; what says its length is no stream, and goes in larger pieces.

import { CHUNKED, NO_LENGTH } from '../../../http/body.ts'
import type { Fields } from '../../../http/fields.ts'
import type { ResponseHead } from '../../../http/heads.ts'
import { codedFields, codedTrailers, variedFields } from '../../../policy/request/compression/coded-fields.ts'
import { compressionVerdict } from '../../../policy/request/compression/verdict.ts'
import { WORKER } from '../../../shared/counter-cells.ts'
import type { ExchangeContext } from '../context.ts'
import type { Downstream } from '../downstream.ts'
import type { ExchangeRecord } from '../record.ts'
import { type HeldHead, isEventStream, isShort, SHORT_BYTES, varied, withFields } from './coded-head.ts'
import type { Negotiation } from './compression.ts'
import { type Encoder, type EncoderOwner, encodeAtOnce, isReusable } from './encoders.ts'
import type { ShortBody, ShortBodyOwner } from './short-bodies.ts'

/** What an exchange does with its answer. */
export type AnswerSink = Pick<Downstream, 'holdsBuffers' | 'head' | 'body' | 'end' | 'flush'>

/** Whose answer it is. */
export interface CodedExchange {
  /** There is room again after a `flush` that said no. */
  onDownstreamDrain(): void
  /** The body, which had ended, has been encoded to its end. */
  onEncodedEnd(): void
  onEncoderFailed(error: unknown): void
}

/** What may wait for the encoder before the upstream is asked to wait, bytes; so much of what says its length goes there at a time. */
const MOST_WAITING = 65_536
const NO_BYTES = Buffer.alloc(0)

export class Coder implements AnswerSink, EncoderOwner, ShortBodyOwner {
  readonly #down: Downstream
  readonly #exchange: CodedExchange
  readonly #context: ExchangeContext
  readonly #record: ExchangeRecord
  readonly #negotiation: Negotiation
  /** Kept until it is known whether the whole body is at hand; undefined = it has been passed on, or none has come. */
  #held: HeldHead | undefined = undefined
  /** A short body, until it is encoded. */
  #short: ShortBody | undefined = undefined
  /** Undefined = what comes is passed on as it is. */
  #encoder: Encoder | undefined = undefined
  /** What waits for the encoder: the first `#waiting` bytes of it. */
  #bytes = NO_BYTES
  #waiting = 0
  #encoding = false
  /** Fewer bytes are not worth the way to the encoder, unless they are the last ones. */
  #least = 1
  /** The client takes nothing more for now. */
  #stuck = false
  /** The upstream was asked to wait. */
  #paused = false
  #trailers: Fields | undefined = undefined
  #finishing = false

  constructor(
    context: ExchangeContext,
    negotiation: Negotiation,
    down: Downstream,
    record: ExchangeRecord,
    exchange: CodedExchange,
  ) {
    this.#context = context
    this.#negotiation = negotiation
    this.#down = down
    this.#record = record
    this.#exchange = exchange
  }

  // ---- from the exchange ----

  /** What is encoded is copied before. */
  get holdsBuffers(): boolean {
    return !this.#encoder && !this.#held && this.#down.holdsBuffers
  }

  /** The body has ended, but its last bytes are still being encoded: `onEncodedEnd` follows. */
  get isEnding(): boolean {
    return this.#trailers !== undefined
  }

  head(head: ResponseHead, bodiless: boolean, requestId: string, cookie: string): void {
    const { compression, wish, ifNoneMatch } = this.#negotiation
    const coding = compressionVerdict(compression.plan, wish, head)
    if (coding === 'untouched') return this.#down.head(head, bodiless, requestId, cookie)
    compression.learn(head.fields)
    if (coding !== 'varies' && !bodiless) this.#held = { head, requestId, cookie, coding }
    else {
      const fields = coding === 'varies' ? varied(head, ifNoneMatch) : codedFields(head.fields, coding)
      const length = coding === 'varies' ? head.length : NO_LENGTH
      this.#down.head(withFields(head, fields, length), bodiless, requestId, cookie)
    }
  }

  body(chunk: Buffer, start: number, end: number): void {
    if (!this.#held && !this.#encoder) return this.#down.body(chunk, start, end)
    this.#gather(chunk, start, end)
    if (this.#encoder) this.#record.encodes(end - start)
  }

  flush(): boolean {
    if (this.#held && !this.isEnding && !isShort(this.#held)) this.#begin(this.#held)
    if (!this.#encoder) return this.#down.flush()
    this.#encode()
    this.#paused = this.#stuck || this.#waiting > MOST_WAITING
    return !this.#paused
  }

  end(trailers: Fields): void {
    const held = this.#held
    if (held && this.#waiting <= SHORT_BYTES) return this.#encodeWhole(held, trailers)
    if (held) this.#begin(held)
    if (!this.#encoder) return this.#down.end(trailers)
    this.#trailers = codedTrailers(trailers)
    this.#encode()
  }

  /** The client takes more again. @returns whether its upstream may go on */
  drained(): boolean {
    this.#stuck = false
    if (!this.#encoder) return true
    this.#encode()
    this.#paused &&= !this.#hasRoom()
    return !this.#paused
  }

  /** The answer ends here, whatever has come of it. */
  abort(): void {
    if (this.#held) this.#passOn(this.#held)
    this.#release(false)
    this.#short?.cancel()
    this.#short = undefined
    this.#trailers = undefined
  }

  // ---- from the encoder ----

  onOutput(output: Buffer): void {
    this.#safely(() => this.#send(output))
  }

  onEncoded(): void {
    this.#safely(() => this.#onEncoded())
  }

  onShortBody(encoded: Buffer): void {
    this.#safely(() => this.#endWhole(encoded))
  }

  onEncoderFailed(error: unknown): void {
    this.abort()
    this.#exchange.onEncoderFailed(error)
  }

  // ---- helpers ----

  /** Encoders call from outside of any connection: what that breaks must end here. */
  #safely(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.onEncoderFailed(error)
    }
  }

  #onEncoded(): void {
    this.#encoding = false
    if (this.#finishing) return this.#end()
    this.#stuck = !this.#down.flush()
    this.#encode()
    if (!this.#paused || this.isEnding || !this.#hasRoom()) return
    this.#paused = false
    this.#exchange.onDownstreamDrain()
  }

  #hasRoom(): boolean {
    return !this.#stuck && this.#waiting <= MOST_WAITING
  }

  /** The rest of a body that has ended is not much: it goes to the client's side, however fast that is, which then has the time it needs. */
  #encode(): void {
    const encoder = this.#encoder!
    if (this.#encoding || (this.#stuck && !this.isEnding)) return
    if (this.#waiting >= this.#least || (this.isEnding && this.#waiting > 0)) {
      this.#encoding = true
      const input = this.#bytes.subarray(0, this.#waiting)
      this.#bytes = NO_BYTES
      this.#waiting = 0
      encoder.encode(input)
    } else if (this.isEnding) {
      this.#encoding = true
      this.#finishing = true
      encoder.finish()
    }
  }

  #end(): void {
    const trailers = this.#trailers!
    this.#release(true)
    this.#trailers = undefined
    this.#down.end(trailers)
    this.#exchange.onEncodedEnd()
  }

  /** A short body, all of which is there. */
  #encodeWhole(held: HeldHead, trailers: Fields): void {
    const { coding } = held
    const { level } = this.#negotiation.compression.plan
    const bytes = this.#bytes.subarray(0, this.#waiting)
    const coded = codedTrailers(trailers)
    this.#bytes = NO_BYTES
    this.#waiting = 0
    this.#record.encodes(bytes.length)
    if (isReusable(coding)) this.#short = this.#context.shortBodies.encode(coding, level, bytes, this.#most, this)
    if (this.#short) this.#trailers = coded
    else this.#sendWhole(held, encodeAtOnce(coding, level, bytes), coded)
  }

  #endWhole(encoded: Buffer): void {
    const trailers = this.#trailers!
    this.#short = undefined
    this.#trailers = undefined
    this.#sendWhole(this.#held!, encoded, trailers)
    this.#exchange.onEncodedEnd()
  }

  #sendWhole(held: HeldHead, body: Buffer, trailers: Fields): void {
    this.#held = undefined
    this.#sendHead(held, trailers.names.length === 0 ? body.length : CHUNKED)
    this.#send(body)
    this.#down.end(trailers)
  }

  get #most(): number {
    return this.#context.active.snapshot.limits.compressions
  }

  /** More is to come than can be encoded at once: as it comes, where there is room for that. */
  #begin(held: HeldHead): void {
    const { level } = this.#negotiation.compression.plan
    const lasting = isEventStream(held.head) || this.#record.placement?.route.longPoll === true
    const use = lasting ? 'lasting' : 'stream'
    this.#encoder = this.#context.encoders.take(held.coding, level, use, this.#most, this)
    if (!this.#encoder) {
      this.#context.row.addOwn(WORKER.compressionsRefused, 1)
      return this.#passOn(held)
    }
    this.#held = undefined
    this.#least = held.head.length < 0 ? 1 : MOST_WAITING
    this.#sendHead(held, CHUNKED)
    this.#record.encodes(this.#waiting)
    // The head does not wait for the first byte of the body.
    this.#stuck = !this.#down.flush()
  }

  /** As it is. */
  #passOn({ head, requestId, cookie }: HeldHead): void {
    this.#held = undefined
    this.#down.head(withFields(head, variedFields(head.fields), head.length), false, requestId, cookie)
    if (this.#waiting > 0) this.#down.body(this.#bytes, 0, this.#waiting)
    this.#bytes = NO_BYTES
    this.#waiting = 0
  }

  #sendHead({ head, requestId, cookie, coding }: HeldHead, length: number): void {
    this.#record.coding = coding
    this.#down.head(withFields(head, codedFields(head.fields, coding), length), false, requestId, cookie)
  }

  #send(output: Buffer): void {
    this.#record.encoded(output.length)
    this.#down.body(output, 0, output.length)
  }

  #gather(chunk: Buffer, start: number, end: number): void {
    const bytes = this.#waiting + end - start
    if (bytes > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(this.#waiting === 0 ? bytes : 2 * bytes)
      this.#bytes.copy(larger, 0, 0, this.#waiting)
      this.#bytes = larger
    }
    chunk.copy(this.#bytes, this.#waiting, start, end)
    this.#waiting = bytes
  }

  #release(clean: boolean): void {
    const encoder = this.#encoder
    if (!encoder) return
    this.#encoder = undefined
    this.#context.encoders.giveBack(encoder, clean)
  }
}
