// Writes frames one behind the other into memory, until whoever has the socket takes them all for one write (RFC 9113 4 and 6).

import type { ErrorCode } from './errors.ts'
import { FLAG, FRAME, FRAME_BYTES, FRAME_HEAD, PING_BYTES, SETTING_BYTES } from './frames.ts'
import type { WriteBuffers } from './write-buffers.ts'

const NONE: Buffer = Buffer.alloc(0)

/** No frame is larger than what everybody takes: others have their turn between two. */
export class FrameWriter {
  readonly #buffers: WriteBuffers
  #bytes: Buffer = NONE
  #length = 0

  constructor(buffers: WriteBuffers) {
    this.#buffers = buffers
  }

  /** Bytes that wait to be taken. */
  get length(): number {
    return this.#length
  }

  /** All that was written since the last time. `release` is to be told before anything else is written. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length)
    this.#length = 0
    return taken
  }

  /** @param copied nobody needs the bytes that were taken any more: their memory may be used again */
  release(copied: boolean): void {
    if (copied) this.#buffers.give(this.#bytes)
    this.#bytes = NONE
  }

  /** @param whole pairs of identifier and value */
  settings(pairs: readonly (readonly [setting: number, value: number])[]): void {
    let at = this.#frame(FRAME.settings, 0, 0, SETTING_BYTES * pairs.length)
    for (const [setting, value] of pairs) {
      this.#bytes.writeUInt16BE(setting, at)
      at = this.#bytes.writeUInt32BE(value, at + 2)
    }
  }

  settingsAck(): void {
    this.#frame(FRAME.settings, FLAG.ack, 0, 0)
  }

  /** @param chunk has the 8 bytes at `start` */
  ping(chunk: Buffer, start: number, isAck: boolean): void {
    const at = this.#frame(FRAME.ping, isAck ? FLAG.ack : 0, 0, PING_BYTES)
    chunk.copy(this.#bytes, at, start, start + PING_BYTES)
  }

  /** @param debug ASCII */
  goAway(lastStream: number, code: ErrorCode, debug: string): void {
    const at = this.#frame(FRAME.goAway, 0, 0, 8 + debug.length)
    this.#uint32(lastStream, at)
    this.#uint32(code, at + 4)
    this.#bytes.write(debug, at + 8, 'latin1')
  }

  reset(stream: number, code: ErrorCode): void {
    this.#uint32(code, this.#frame(FRAME.rstStream, 0, stream, 4))
  }

  /** @param stream 0 = the connection */
  windowUpdate(stream: number, increment: number): void {
    this.#uint32(increment, this.#frame(FRAME.windowUpdate, 0, stream, 4))
  }

  /** One frame. @param end at most FRAME_BYTES after `start` */
  data(stream: number, chunk: Buffer, start: number, end: number, endsStream: boolean): void {
    const at = this.#frame(FRAME.data, endsStream ? FLAG.endStream : 0, stream, end - start)
    if (end > start) chunk.copy(this.#bytes, at, start, end)
  }

  /**
   * HEADERS, and CONTINUATION where one frame can't hold it.
   * @param block a header block, one character a byte
   */
  headers(stream: number, endsStream: boolean, block: string): void {
    const flags = endsStream ? FLAG.endStream : 0
    if (block.length <= FRAME_BYTES) return this.#text(FRAME.headers, flags | FLAG.endHeaders, stream, block)
    this.#text(FRAME.headers, flags, stream, block.slice(0, FRAME_BYTES))
    for (let at = FRAME_BYTES; at < block.length; at += FRAME_BYTES) {
      const isLast = at + FRAME_BYTES >= block.length
      this.#text(FRAME.continuation, isLast ? FLAG.endHeaders : 0, stream, block.slice(at, at + FRAME_BYTES))
    }
  }

  #text(type: number, flags: number, stream: number, text: string): void {
    const at = this.#frame(type, flags, stream, text.length)
    this.#bytes.write(text, at, 'latin1')
  }

  /** @returns where the payload goes, for which there is room */
  #frame(type: number, flags: number, stream: number, length: number): number {
    const at = this.#length
    if (at + FRAME_HEAD + length > this.#bytes.length) this.#grow(at + FRAME_HEAD + length)
    const bytes = this.#bytes
    bytes[at] = length >>> 16
    bytes[at + 1] = length >>> 8
    bytes[at + 2] = length
    bytes[at + 3] = type
    bytes[at + 4] = flags
    this.#uint32(stream, at + 5)
    this.#length = at + FRAME_HEAD + length
    return at + FRAME_HEAD
  }

  #grow(bytes: number): void {
    const larger = this.#buffers.take(bytes)
    this.#bytes.copy(larger, 0, 0, this.#length)
    if (this.#bytes !== NONE) this.#buffers.give(this.#bytes)
    this.#bytes = larger
  }

  #uint32(value: number, at: number): void {
    const bytes = this.#bytes
    bytes[at] = value >>> 24
    bytes[at + 1] = value >>> 16
    bytes[at + 2] = value >>> 8
    bytes[at + 3] = value
  }
}
