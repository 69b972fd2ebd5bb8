// What a session sends (RFC 9113): heads, bodies, windows, resets and the end. It goes to a writer; who has the socket takes it from there.

import { ERROR, type ErrorCode } from './errors.ts'
import { FLOOD, FloodMeter } from './floods.ts'
import type { FrameWriter } from './frame-writer.ts'
import { FIRST_WINDOW, FRAME_BYTES, MOST_STREAM_ID, PING_BYTES } from './frames.ts'
import { NO_TABLE } from './hpack/encoder.ts'
import { ResetStreams } from './reset-streams.ts'
import type { SessionLimits } from './session-events.ts'
import { serverSettings } from './settings.ts'
import type { Stream } from './stream.ts'

/** A frame of DATA that has so much was worth its WINDOW_UPDATEs. */
const WORTHY_BYTES = 256
const PING = Buffer.alloc(PING_BYTES)

export class SendingSide<S extends Stream> {
  readonly writer: FrameWriter
  /** All that are open, by their identifiers, the oldest first. */
  readonly streams = new Map<number, S>()
  /** Nothing is read or sent any more. */
  over = false
  /** Bytes that the client takes on all streams together. */
  sendWindow = FIRST_WINDOW
  protected readonly limits: SessionLimits
  protected readonly floods = new FloodMeter()
  protected readonly resetStreams = new ResetStreams()
  /** The highest that the client has opened. */
  protected lastStream = 0
  /** Later ones are refused. */
  protected lastAllowed = MOST_STREAM_ID
  /** Bytes of DATA that the client may still send on all streams together. */
  protected receiveWindow: number
  /** As `Stream.taken`, of all streams. */
  #taken = 0
  #toldTable = false

  constructor(limits: SessionLimits, writer: FrameWriter) {
    this.writer = writer
    this.limits = limits
    this.receiveWindow = limits.connectionWindow
  }

  /** Says what a server says first. */
  begin(): void {
    this.writer.settings(serverSettings(this.limits))
    if (this.receiveWindow > FIRST_WINDOW) this.writer.windowUpdate(0, this.receiveWindow - FIRST_WINDOW)
  }

  /** @param block of an interim or final head, or of trailers */
  headers(stream: S, block: string, endsStream: boolean): void {
    if (stream.gone || this.over) return
    this.writer.headers(stream.id, endsStream, this.#toldTable ? block : NO_TABLE + block)
    this.#toldTable = true
    if (endsStream) this.#endAnswer(stream)
  }

  /**
   * Sends as much as the windows have room for.
   * @param endsStream these are the last bytes; none at all = only that
   * @returns where it stopped: at `end` where all has been sent, and the stream's end with it
   */
  data(stream: S, chunk: Buffer, start: number, end: number, endsStream: boolean): number {
    if (stream.gone || this.over || (start === end && !endsStream)) return end
    let at = start
    do {
      const bytes = at === end ? 0 : Math.min(end - at, stream.sendWindow, this.sendWindow, FRAME_BYTES)
      if (bytes <= 0 && at < end) return at
      const isLast = at + bytes === end
      this.writer.data(stream.id, chunk, at, at + bytes, isLast && endsStream)
      stream.sendWindow -= bytes
      this.sendWindow -= bytes
      at += bytes
      if (bytes >= WORTHY_BYTES || isLast) {
        this.floods.giveBack(FLOOD.windowUpdate)
        this.floods.giveBack(FLOOD.windowUpdate)
      }
    } while (at < end)
    if (endsStream) this.#endAnswer(stream)
    return at
  }

  /** What came on the stream has been taken: the client may send as much again. */
  replenish(stream: S): void {
    const { held } = stream
    if (held === 0) return
    stream.held = 0
    this.replenishAll(held)
    if (stream.receivedAll || stream.gone || this.over) return
    stream.taken += held
    if (2 * stream.taken < this.limits.streamWindow) return
    stream.receiveWindow += stream.taken
    this.writer.windowUpdate(stream.id, stream.taken)
    stream.taken = 0
  }

  /** Nothing comes or goes on the stream any more. Nothing is told of it. */
  reset(stream: S, code: ErrorCode): void {
    if (stream.gone || this.over) return
    this.writer.reset(stream.id, code)
    this.resetStreams.add(stream.id)
    this.remove(stream)
  }

  ping(): void {
    this.writer.ping(PING, 0, false)
  }

  /** @param isFinal streams that open from now on are refused; else only the client is asked to open none (RFC 9113 6.8) */
  goAway(isFinal: boolean): void {
    if (isFinal) this.lastAllowed = this.lastStream
    this.writer.goAway(isFinal ? this.lastStream : MOST_STREAM_ID, ERROR.noError, '')
  }

  /** Says why, and is over. @param debug ASCII, for people */
  end(code: ErrorCode, debug: string): void {
    if (this.over) return
    this.over = true
    this.writer.goAway(this.lastStream, code, debug)
  }

  protected replenishAll(bytes: number): void {
    this.#taken += bytes
    if (2 * this.#taken < this.limits.connectionWindow || this.over) return
    this.receiveWindow += this.#taken
    this.writer.windowUpdate(0, this.#taken)
    this.#taken = 0
  }

  #endAnswer(stream: S): void {
    stream.sentAll = true
    this.floods.giveBack(FLOOD.reset)
    if (stream.receivedAll) this.remove(stream)
  }

  protected remove(stream: S): void {
    this.streams.delete(stream.id)
    stream.gone = true
    this.replenishAll(stream.held)
    stream.held = 0
  }
}
