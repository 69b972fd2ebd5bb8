// Finds a message's body in the bytes that follow its head: by length, by chunks (RFC 9112 7.1), or to the end of the connection.
// Chunk extensions are checked and dropped, trailers kept. Hands out ranges of the caller's buffer, copies nothing but trailers.

import { type BodyLength, type BodySink, CHUNKED } from '../http/body.ts'
import type { FaultCode } from '../http/faults.ts'
import { FIELD } from '../http/field-names.ts'
import { type Fields, NO_FIELDS } from '../http/fields.ts'
import { afterByte, EXTENSION, type Extension } from './chunk-extensions.ts'
import { type Kind, parseFields } from './field-section.ts'

/** A body that ends when the connection does. */
export const UNTIL_CLOSE = -3

/** Bytes of chunk extensions beyond those of the data: signed uploads have one on each chunk, but nobody needs more of them than of data. */
const MAX_EXTENSION_BYTES = 16_384
/** Hex digits of a chunk size: enough for 2^52. */
const MAX_SIZE_DIGITS = 13
const MAX_TRAILERS = 100

type State =
  | 'done'
  | 'length'
  | 'until-close'
  | 'size'
  | 'extension'
  | 'size-lf'
  | 'data'
  | 'data-cr'
  | 'data-lf'
  | 'trailers'

/** In words, what is read in each state. */
const PLACES: Readonly<Record<State, string>> = {
  done: 'the end',
  length: 'the data',
  'until-close': 'the data',
  size: 'the size of a chunk',
  extension: 'the extension of a chunk',
  'size-lf': "the line break after a chunk's size",
  data: 'the data of a chunk',
  'data-cr': "the line break after a chunk's data",
  'data-lf': "the line break after a chunk's data",
  trailers: 'the trailer section',
}

export class BodyReader {
  #state: State = 'done'
  /** Bytes left of the body, or of the current chunk. */
  #left = 0
  #digits = 0
  #extensionBytes = 0
  #extension: Extension = EXTENSION.begin
  readonly #trailerBytes: number
  readonly #kind: Kind
  /** Bytes of the body's chunks that were read, those of their framing included. */
  #read = 0
  #trailerText = ''
  trailers: Fields = NO_FIELDS
  fault: FaultCode | undefined

  /** @param trailerBytes largest trailer section; @param kind whose body it is */
  constructor(trailerBytes: number, kind: Kind) {
    this.#trailerBytes = trailerBytes
    this.#kind = kind
  }

  /** Where `fault` was found, for people: nothing of what was sent is in it. */
  get faultPlace(): string {
    const place = PLACES[this.#state]
    return this.#state === 'trailers' ? place : `${place}, at byte ${this.#read} of the chunked body`
  }

  get done(): boolean {
    return this.#state === 'done'
  }

  get untilClose(): boolean {
    return this.#state === 'until-close'
  }

  /** Begins a body. 0 = there is none. */
  begin(length: BodyLength | typeof UNTIL_CLOSE): void {
    this.fault = undefined
    this.trailers = NO_FIELDS
    if (length === CHUNKED) {
      this.#state = 'size'
      this.#left = 0
      this.#digits = 0
      this.#extensionBytes = 0
      this.#trailerText = ''
      this.#read = 0
    } else if (length === UNTIL_CLOSE) this.#state = 'until-close'
    else {
      this.#left = length
      this.#state = length > 0 ? 'length' : 'done'
    }
  }

  /**
   * Reads on at `from`, up to the end of the chunk or of the body.
   * @returns index of the first byte after what was read; less than the chunk's length only when `done` or `fault`
   */
  read(chunk: Buffer, from: number, sink: BodySink): number {
    if (this.#state === 'length') {
      const end = Math.min(chunk.length, from + this.#left)
      this.#left -= end - from
      if (this.#left === 0) this.#state = 'done'
      if (end > from) sink.onBody(chunk, from, end)
      return end
    }
    if (this.#state === 'until-close') {
      if (chunk.length > from) sink.onBody(chunk, from, chunk.length)
      return chunk.length
    }
    return this.#readChunked(chunk, from, sink)
  }

  #readChunked(chunk: Buffer, from: number, sink: BodySink): number {
    let at = from
    while (at < chunk.length && this.#state !== 'done' && this.fault === undefined) {
      if (this.#state === 'data') {
        const end = Math.min(chunk.length, at + this.#left)
        this.#left -= end - at
        if (this.#left === 0) this.#state = 'data-cr'
        sink.onBody(chunk, at, end)
        at = end
      } else if (this.#state === 'trailers') at = this.#readTrailers(chunk, at)
      else {
        this.#step(chunk[at]!)
        at += 1
      }
    }
    this.#read += at - from
    return at
  }

  /** One byte of chunk syntax. */
  #step(byte: number): void {
    switch (this.#state) {
      case 'size': {
        const digit = hexDigit(byte)
        if (digit >= 0) {
          this.#digits += 1
          this.#left = this.#left * 16 + digit
          if (this.#digits > MAX_SIZE_DIGITS) this.fault = 'bad-chunk'
        } else if (this.#digits === 0) this.fault = 'bad-chunk'
        else if (byte === CR) this.#state = 'size-lf'
        else if (byte === SEMICOLON) this.#beginExtension(EXTENSION.begin)
        else if (byte === SPACE || byte === TAB) this.#beginExtension(EXTENSION.blank)
        else this.fault = 'bad-chunk'
        return
      }
      case 'extension':
        this.#extensionBytes += 1
        this.#extension = afterByte(this.#extension, byte)
        if (this.#extension === EXTENSION.end) this.#state = 'size-lf'
        else if (this.#extension === EXTENSION.malformed || this.#extensionBytes > MAX_EXTENSION_BYTES)
          this.fault = 'bad-chunk'
        return
      case 'size-lf':
        if (byte !== LF) {
          this.fault = 'bad-chunk'
          return
        }
        this.#state = this.#left === 0 ? 'trailers' : 'data'
        this.#digits = 0
        this.#extensionBytes = Math.max(0, this.#extensionBytes - this.#left)
        return
      case 'data-cr':
        if (byte === CR) this.#state = 'data-lf'
        else this.fault = 'bad-chunk'
        return
      default:
        if (byte === LF) this.#state = 'size'
        else this.fault = 'bad-chunk'
    }
  }

  #beginExtension(at: Extension): void {
    this.#state = 'extension'
    this.#extension = at
  }

  #readTrailers(chunk: Buffer, from: number): number {
    const before = this.#trailerText.length
    const text =
      this.#trailerText + chunk.toString('latin1', from, Math.min(chunk.length, from + this.#trailerBytes + 4 - before))
    const none = text.startsWith('\r\n')
    const end = none ? 0 : text.indexOf('\r\n\r\n', Math.max(0, before - 3))
    if (end < 0) {
      this.#trailerText = text
      if (text.length >= this.#trailerBytes + 4 || /[^\r]\n|^\n/.test(text)) this.fault = 'bad-trailer'
      return chunk.length
    }
    const after = none ? 2 : end + 4
    const trailers = none ? NO_FIELDS : parseFields(text.slice(0, after), MAX_TRAILERS, this.#kind)
    // Framing that comes after the body is an attempt to be read in two ways (RFC 9110 6.5.1).
    if (typeof trailers === 'string' || hasFraming(trailers)) this.fault = 'bad-trailer'
    else {
      this.#state = 'done'
      this.trailers = trailers
    }
    return from + after - before
  }
}

const CR = 13
const LF = 10
const TAB = 9
const SPACE = 32
const SEMICOLON = 59

function hasFraming({ kinds }: Fields): boolean {
  return kinds.includes(FIELD.contentLength) || kinds.includes(FIELD.transferEncoding)
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48
  const lower = byte | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}
