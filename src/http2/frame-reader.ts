// Reads frames from bytes (RFC 9113 4 and 6): sizes, stream identifiers, padding, and header blocks put together from their frames.
// However the bytes are cut, its sink is told the same; only the pieces of DATA differ. What the frames mean is not its business.

import type { ConnectionFault } from './errors.ts'
import { headFault, uint31 } from './frame-head.ts'
import { FLAG, FRAME, FRAME_BYTES, FRAME_HEAD, PREFACE } from './frames.ts'

/** Takes frames as they come. Buffers are the sink's only during the call. */
export interface FrameSink {
  /** DATA begins. @param bytes all that counts against the windows @param content the same without padding */
  onData(stream: number, bytes: number, content: number): void
  /** A part of its content. */
  onDataPiece(chunk: Buffer, start: number, end: number): void
  onDataEnd(endsStream: boolean): void
  /** A whole header block, of HEADERS and what continues them. */
  onHeaders(stream: number, endsStream: boolean, block: Buffer, start: number, end: number): void
  /** PRIORITY or PRIORITY_UPDATE. */
  onPriority(): void
  onReset(stream: number, code: number): void
  /** Without ACK: settings of 6 bytes each. */
  onSettings(chunk: Buffer, start: number, end: number): void
  onSettingsAck(): void
  /** 8 bytes at `start`. */
  onPing(chunk: Buffer, start: number, isAck: boolean): void
  onGoAway(lastStream: number, code: number): void
  /** @param stream 0 = the connection */
  onWindowUpdate(stream: number, increment: number): void
  /** A type that nobody here knows (RFC 9113 5.5). */
  onUnknown(): void
  /** One of several frames of a header block has nothing of it. */
  onEmptyFragment(): void
  /** The bytes can't be read on. The reader has stopped. */
  onFault(fault: ConnectionFault): void
}

const NONE: Buffer = Buffer.alloc(0)
/** Frames of one header block. Browsers need one or two. */
const MOST_FRAGMENTS = 64

export class FrameReader {
  readonly #sink: FrameSink
  readonly #mostBlockBytes: number
  /** Bytes of the preface that are still to come. */
  #preface: number
  /** SETTINGS is to be the next frame, for it is the first (RFC 9113 3.4). */
  #awaitsSettings: boolean
  #stopped = false

  /** Bytes of a frame's head that came with an earlier chunk. */
  readonly #head = Buffer.alloc(FRAME_HEAD)
  #headBytes = 0

  /** Of the frame that is being read. */
  #type = 0
  #flags = 0
  #stream = 0
  /** Bytes of the payload that are still to come; meaningful while `#inPayload`. */
  #left = 0
  #inPayload = false
  /** DATA: bytes of padding at the end of the payload; -1 = the byte that tells it is still to come. */
  #padding = 0
  /** Any other frame: what came of its payload with earlier chunks. */
  #payload = NONE
  #payloadBytes = 0

  /** A header block that is being put together. */
  #block = NONE
  #blockBytes = 0
  /** 0 = none. */
  #blockStream = 0
  #blockEndsStream = false
  #fragments = 0

  /**
   * @param mostBlockBytes of a header block before it is decoded
   * @param hasPreface the bytes begin with a client's preface
   */
  constructor(sink: FrameSink, mostBlockBytes: number, hasPreface: boolean) {
    this.#sink = sink
    this.#mostBlockBytes = mostBlockBytes
    this.#preface = hasPreface ? PREFACE.length : 0
    this.#awaitsSettings = hasPreface
  }

  /** Nothing is read any more, not even the rest of the chunk at hand. */
  stop(): void {
    this.#stopped = true
    this.#block = NONE
    this.#payload = NONE
  }

  /** What came ends within the preface, or within a header block, behind which all else has to wait. */
  get awaitsRest(): boolean {
    if (this.#preface > 0) return this.#preface < PREFACE.length
    return this.#blockStream !== 0 || (this.#inPayload && this.#type === FRAME.headers)
  }

  push(chunk: Buffer): void {
    if (this.#stopped) return
    let at = this.#preface > 0 ? this.#readPreface(chunk) : 0
    while (at < chunk.length && !this.#stopped) {
      if (!this.#inPayload) at = this.#readHead(chunk, at)
      else if (this.#type === FRAME.data) at = this.#readData(chunk, at)
      else at = this.#readPayload(chunk, at)
    }
  }

  #fault(fault: ConnectionFault): void {
    this.stop()
    this.#sink.onFault(fault)
  }

  #readPreface(chunk: Buffer): number {
    const from = PREFACE.length - this.#preface
    const end = Math.min(chunk.length, this.#preface)
    for (let at = 0; at < end; at += 1) {
      if (chunk[at] === PREFACE.charCodeAt(from + at)) continue
      this.#fault('bad-preface')
      return at
    }
    this.#preface -= end
    return end
  }

  #readHead(chunk: Buffer, at: number): number {
    if (this.#headBytes === 0 && chunk.length - at >= FRAME_HEAD) {
      this.#begin(chunk, at)
      return at + FRAME_HEAD
    }
    const end = Math.min(chunk.length, at + FRAME_HEAD - this.#headBytes)
    chunk.copy(this.#head, this.#headBytes, at, end)
    this.#headBytes += end - at
    if (this.#headBytes === FRAME_HEAD) {
      this.#headBytes = 0
      this.#begin(this.#head, 0)
    }
    return end
  }

  /** All that a frame's head alone can be wrong in. */
  #begin(head: Buffer, at: number): void {
    const length = (head[at]! << 16) | (head[at + 1]! << 8) | head[at + 2]!
    const type = head[at + 3]!
    const flags = head[at + 4]!
    const stream = uint31(head, at + 5)
    if (this.#awaitsSettings && (type !== FRAME.settings || (flags & FLAG.ack) !== 0)) return this.#fault('bad-preface')
    this.#awaitsSettings = false
    if (length > FRAME_BYTES) return this.#fault('frame-too-large')
    if (this.#blockStream !== 0 && (type !== FRAME.continuation || stream !== this.#blockStream))
      return this.#fault('bad-continuation')
    const fault = headFault(type, flags, length, stream)
    if (fault !== undefined) return this.#fault(fault)
    if (type === FRAME.continuation && this.#blockStream === 0) return this.#fault('bad-continuation')
    this.#type = type
    this.#flags = flags
    this.#stream = stream
    this.#left = length
    this.#inPayload = true
    if (type === FRAME.data) {
      this.#padding = -1
      if ((flags & FLAG.padded) === 0) this.#beginData(length, 0)
    } else if (length === 0) this.#frame(NONE, 0, 0)
  }

  #readData(chunk: Buffer, from: number): number {
    let at = from
    if (this.#padding < 0) {
      this.#left -= 1
      this.#beginData(this.#left + 1, chunk[at]!)
      at += 1
      if (this.#stopped || !this.#inPayload) return at
    }
    const content = this.#left - this.#padding
    const end = Math.min(chunk.length, at + this.#left)
    if (content > 0 && end > at) this.#sink.onDataPiece(chunk, at, Math.min(end, at + content))
    this.#left -= end - at
    if (this.#padding > this.#left) this.#padding = this.#left
    if (this.#left === 0 && !this.#stopped) this.#endData()
    return end
  }

  /** Once it is known how much of it is padding. */
  #beginData(bytes: number, padding: number): void {
    if (padding > this.#left) return this.#fault('bad-padding')
    this.#padding = padding
    this.#sink.onData(this.#stream, bytes, this.#left - padding)
    if (this.#left === 0 && !this.#stopped) this.#endData()
  }

  #endData(): void {
    this.#inPayload = false
    this.#sink.onDataEnd((this.#flags & FLAG.endStream) !== 0)
  }

  #readPayload(chunk: Buffer, at: number): number {
    const end = at + this.#left
    if (this.#payloadBytes === 0 && end <= chunk.length) {
      this.#frame(chunk, at, end)
      return end
    }
    if (this.#payloadBytes === 0) this.#payload = Buffer.allocUnsafe(this.#left)
    const stop = Math.min(end, chunk.length)
    chunk.copy(this.#payload, this.#payloadBytes, at, stop)
    this.#payloadBytes += stop - at
    this.#left -= stop - at
    if (this.#left === 0) {
      const payload = this.#payload
      this.#payload = NONE
      this.#payloadBytes = 0
      this.#frame(payload, 0, payload.length)
    }
    return stop
  }

  /** A frame other than DATA, whole. */
  #frame(payload: Buffer, start: number, end: number): void {
    this.#inPayload = false
    const sink = this.#sink
    switch (this.#type) {
      case FRAME.headers:
        return this.#headers(payload, start, end)
      case FRAME.continuation:
        return this.#fragment(payload, start, end)
      case FRAME.priority:
        return sink.onPriority()
      case FRAME.priorityUpdate:
        if (uint31(payload, start) === 0) return this.#fault('bad-stream-id')
        return sink.onPriority()
      case FRAME.rstStream:
        return sink.onReset(this.#stream, payload.readUInt32BE(start))
      case FRAME.settings:
        if ((this.#flags & FLAG.ack) === 0) return sink.onSettings(payload, start, end)
        return sink.onSettingsAck()
      case FRAME.ping:
        return sink.onPing(payload, start, (this.#flags & FLAG.ack) !== 0)
      case FRAME.goAway:
        return sink.onGoAway(uint31(payload, start), payload.readUInt32BE(start + 4))
      case FRAME.windowUpdate:
        return sink.onWindowUpdate(this.#stream, uint31(payload, start))
      default:
        return sink.onUnknown()
    }
  }

  #headers(payload: Buffer, from: number, to: number): void {
    let start = from
    let end = to
    const flags = this.#flags
    if ((flags & FLAG.padded) !== 0) {
      end -= payload[start]!
      start += 1
    }
    if ((flags & FLAG.priority) !== 0) start += 5
    if (start > end) return this.#fault('bad-padding')
    const endsStream = (flags & FLAG.endStream) !== 0
    if ((flags & FLAG.endHeaders) !== 0) return this.#sink.onHeaders(this.#stream, endsStream, payload, start, end)
    this.#blockStream = this.#stream
    this.#blockEndsStream = endsStream
    this.#blockBytes = 0
    this.#fragments = 0
    this.#fragment(payload, start, end)
  }

  /** A part of a header block that comes in several frames. */
  #fragment(payload: Buffer, start: number, end: number): void {
    const bytes = this.#blockBytes + end - start
    this.#fragments += 1
    if (bytes > this.#mostBlockBytes) return this.#fault('header-block-too-large')
    if (this.#fragments > MOST_FRAGMENTS) return this.#fault('continuation-flood')
    if (start === end) this.#sink.onEmptyFragment()
    if (this.#stopped) return
    if (bytes > this.#block.length) {
      const larger = Buffer.allocUnsafe(Math.max(bytes, Math.min(2 * bytes, this.#mostBlockBytes)))
      this.#block.copy(larger, 0, 0, this.#blockBytes)
      this.#block = larger
    }
    payload.copy(this.#block, this.#blockBytes, start, end)
    this.#blockBytes = bytes
    if (this.#type === FRAME.headers || (this.#flags & FLAG.endHeaders) === 0) return
    const block = this.#block
    const stream = this.#blockStream
    this.#block = NONE
    this.#blockStream = 0
    this.#sink.onHeaders(stream, this.#blockEndsStream, block, 0, bytes)
  }
}
