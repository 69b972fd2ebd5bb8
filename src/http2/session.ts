// The server's end of one connection (RFC 9113), between bytes and requests: which frames may come when, windows, settings, and the end.
// What it sends is sending-side.ts.

import type { FaultCode } from '../http/faults.ts'
import { type Fields, NO_FIELDS } from '../http/fields.ts'
import { CONNECTION_FAULTS, type ConnectionFault, ERROR, type ErrorCode } from './errors.ts'
import { FLOOD, type Flood } from './floods.ts'
import { FrameReader, type FrameSink } from './frame-reader.ts'
import type { FrameWriter } from './frame-writer.ts'
import { FIRST_WINDOW, MOST_WINDOW, SETTING, SETTING_BYTES } from './frames.ts'
import { HeaderDecoder } from './hpack/decoder.ts'
import { RequestHeads } from './request-head.ts'
import { requestTrailers } from './request-trailers.ts'
import { SendingSide } from './sending-side.ts'
import type { SessionEvents, SessionLimits } from './session-events.ts'
import { settingFault } from './settings.ts'
import type { Stream } from './stream.ts'

/** A block beyond this ends the connection; one that is smaller, but larger than a head may be, only its stream. */
const LEAST_BLOCK_BYTES = 131_072
/** The methods that begin with `on` are for the reader of frames alone. */
export class ServerSession<S extends Stream> extends SendingSide<S> implements FrameSink {
  readonly #events: SessionEvents<S>
  readonly #reader: FrameReader
  readonly #decoder = new HeaderDecoder()
  readonly #heads = new RequestHeads()
  #nowMs = 0
  /** `sendWindow` of a stream that opens. */
  #firstSendWindow = FIRST_WINDOW
  /** Of the frame of DATA that is being read; undefined = nobody wants it. */
  #dataStream: S | undefined = undefined
  /** Its content. */
  #dataBytes = 0

  constructor(events: SessionEvents<S>, limits: SessionLimits, writer: FrameWriter) {
    super(limits, writer)
    this.#events = events
    this.#reader = new FrameReader(this, Math.max(LEAST_BLOCK_BYTES, 2 * limits.headBytes), true)
  }

  /** As `FrameReader.awaitsRest`. */
  get awaitsRest(): boolean {
    return this.#reader.awaitsRest
  }

  /** @param nowMs monotonic */
  receive(chunk: Buffer, nowMs: number): void {
    this.#nowMs = nowMs
    this.#reader.push(chunk)
  }

  /** Ends the connection for a fault of the client's. */
  fail(fault: ConnectionFault): void {
    if (this.over) return
    this.end(CONNECTION_FAULTS[fault].code, fault)
    this.#events.onFault(fault)
  }

  override end(code: ErrorCode, debug: string): void {
    super.end(code, debug)
    this.#reader.stop()
  }

  // ---- from the reader: requests ----

  onHeaders(id: number, endsStream: boolean, block: Buffer, start: number, end: number): void {
    if (!this.#decoder.decode(block, start, end, this.limits)) return this.fail('bad-header-block')
    const stream = this.streams.get(id)
    if (stream !== undefined) return this.#onTrailers(stream, endsStream)
    if ((id & 1) === 0) return this.fail('bad-stream-id')
    if (id <= this.lastStream) return this.#onLate(id)
    this.lastStream = id
    if (id > this.lastAllowed || this.streams.size >= this.limits.streams) return this.#refuse(id)
    const opened = this.#events.openStream(id, this.#firstSendWindow, this.limits.streamWindow)
    this.streams.set(id, opened)
    opened.receivedAll = endsStream
    this.#begin(opened)
  }

  #begin(stream: S): void {
    const { entries, count, excess } = this.#decoder
    const head = excess ?? this.#heads.read(entries, count, stream.receivedAll, this.limits.targetBytes)
    if (typeof head === 'string') {
      stream.deaf = true
      this.#events.onRequestFault(stream, head)
      return this.#count(FLOOD.reset)
    }
    if (!stream.receivedAll) stream.bodyLeft = head.meaning.length
    stream.protocol = this.#heads.protocol
    this.#events.onRequest(stream, head)
  }

  /** Nothing was done for it: the client may open it again elsewhere (RFC 9113 8.7). */
  #refuse(id: number): void {
    this.writer.reset(id, ERROR.refusedStream)
    this.resetStreams.add(id)
    this.#count(FLOOD.reset)
  }

  #onTrailers(stream: S, endsStream: boolean): void {
    if (stream.receivedAll) return this.#streamError(stream, ERROR.streamClosed)
    if (!endsStream) return this.#streamError(stream, ERROR.protocolError)
    const { entries, count, excess } = this.#decoder
    const trailers = excess === undefined ? requestTrailers(entries, count) : 'bad-trailer'
    if (typeof trailers === 'string') {
      stream.receivedAll = true
      this.#malformed(stream, trailers)
    } else this.#endRequest(stream, trailers)
  }

  onData(id: number, bytes: number, content: number): void {
    this.#dataStream = undefined
    this.#dataBytes = content
    if (bytes > this.receiveWindow) return this.fail('window-exceeded')
    this.receiveWindow -= bytes
    const stream = this.streams.get(id)
    if (stream !== undefined && !stream.receivedAll && bytes <= stream.receiveWindow) {
      stream.receiveWindow -= bytes
      if (stream.deaf) this.replenishAll(bytes)
      else stream.held += bytes
      this.#dataStream = stream
      // Nothing of what is too much goes up: an upstream must not take the request for whole.
      if (stream.bodyLeft >= 0 && content > stream.bodyLeft) this.#malformed(stream, 'bad-content-length')
      return
    }
    this.replenishAll(bytes)
    if (stream === undefined) this.#onLate(id)
    else this.#streamError(stream, stream.receivedAll ? ERROR.streamClosed : ERROR.flowControlError)
  }

  onDataPiece(chunk: Buffer, start: number, end: number): void {
    const stream = this.#dataStream
    if (stream === undefined || stream.deaf || stream.gone) return
    if (stream.bodyLeft >= 0) stream.bodyLeft -= end - start
    this.#events.onBody(stream, chunk, start, end)
  }

  onDataEnd(endsStream: boolean): void {
    if (endsStream) {
      if (this.#dataStream?.gone === false) this.#endRequest(this.#dataStream, NO_FIELDS)
    } else if (this.#dataBytes === 0) this.#count(FLOOD.emptyFrame)
  }

  #endRequest(stream: S, trailers: Fields): void {
    stream.receivedAll = true
    if (!stream.deaf) {
      if (stream.bodyLeft > 0) this.#malformed(stream, 'bad-content-length')
      else this.#events.onRequestEnd(stream, trailers)
    }
    if (stream.sentAll) this.remove(stream)
  }

  #malformed(stream: S, fault: FaultCode): void {
    const tells = !stream.deaf
    stream.deaf = true
    if (tells) this.#events.onBodyFault(stream, fault)
    this.#count(FLOOD.reset)
  }

  // ---- from the reader: anything else ----

  onReset(id: number, code: ErrorCode): void {
    const stream = this.streams.get(id)
    if (stream === undefined) {
      if (id > this.lastStream || (id & 1) === 0) return this.fail('bad-stream-id')
      return this.#count(FLOOD.closedStream)
    }
    this.remove(stream)
    this.#events.onReset(stream, code)
    // A malformed request has been counted.
    if (!stream.sentAll && !stream.deaf) this.#count(FLOOD.reset)
  }

  onSettings(chunk: Buffer, start: number, end: number): void {
    this.#count(FLOOD.settings)
    let window = this.#firstSendWindow
    for (let at = start; at < end && !this.over; at += SETTING_BYTES) {
      const setting = chunk.readUInt16BE(at)
      const value = chunk.readUInt32BE(at + 2)
      const fault = settingFault(setting, value)
      if (fault !== undefined) return this.fail(fault)
      if (setting === SETTING.initialWindowSize) window = value
    }
    // Once for a frame, which may say it thousands of times.
    if (window !== this.#firstSendWindow) this.#resizeWindows(window)
    if (!this.over) this.writer.settingsAck()
  }

  onSettingsAck(): void {
    this.#count(FLOOD.settings)
  }

  /** RFC 9113 6.9.2: what the client has changed its mind about holds for streams that are open too. */
  #resizeWindows(bytes: number): void {
    const more = bytes - this.#firstSendWindow
    this.#firstSendWindow = bytes
    for (const stream of this.streams.values()) {
      stream.sendWindow += more
      if (stream.sendWindow > MOST_WINDOW) return this.fail('window-overflow')
    }
    if (more > 0) this.#events.onWindow(undefined)
  }

  onWindowUpdate(id: number, increment: number): void {
    this.#count(FLOOD.windowUpdate)
    if (this.over) return
    if (id === 0) {
      if (increment === 0) return this.fail('bad-increment')
      this.sendWindow += increment
      if (this.sendWindow > MOST_WINDOW) return this.fail('window-overflow')
      return this.#events.onWindow(undefined)
    }
    const stream = this.streams.get(id)
    if (stream === undefined) return id > this.lastStream || (id & 1) === 0 ? this.fail('bad-stream-id') : undefined
    if (increment === 0) return this.#streamError(stream, ERROR.protocolError)
    stream.sendWindow += increment
    if (stream.sendWindow > MOST_WINDOW) return this.#streamError(stream, ERROR.flowControlError)
    this.#events.onWindow(stream)
  }

  onPing(chunk: Buffer, start: number, isAck: boolean): void {
    this.#count(FLOOD.ping)
    if (this.over) return
    if (isAck) this.#events.onPong()
    else this.writer.ping(chunk, start, true)
  }

  onGoAway(_lastStream: number, code: ErrorCode): void {
    this.#events.onGoAway(code)
  }

  onPriority(): void {
    this.#count(FLOOD.priority)
  }

  onUnknown(): void {
    this.#count(FLOOD.unknownFrame)
  }

  onEmptyFragment(): void {
    this.#count(FLOOD.emptyFrame)
  }

  onFault(fault: ConnectionFault): void {
    this.fail(fault)
  }

  // ---- helpers ----

  #count(kind: Flood): void {
    const fault = this.over ? undefined : this.floods.count(kind, this.#nowMs)
    if (fault !== undefined) this.fail(fault)
  }

  /** DATA or HEADERS on a stream that is not open. */
  #onLate(id: number): void {
    if (this.resetStreams.has(id)) return this.#count(FLOOD.closedStream)
    this.fail(id > this.lastStream || (id & 1) === 0 ? 'bad-stream-id' : 'stream-closed')
  }

  /** The client broke a rule that concerns this stream alone (RFC 9113 5.4.2). */
  #streamError(stream: S, code: ErrorCode): void {
    this.reset(stream, code)
    this.#events.onReset(stream, code)
    this.#count(FLOOD.reset)
  }
}
