// The encoders of a worker: node:zlib's streams, which compress in libuv's threads. Each takes some hundred KB, so they are counted, and
// those that can be used again are: V8 counts their memory, and would collect garbage for each hundred of new ones.

import {
  type BrotliCompress,
  brotliCompressSync,
  constants,
  createBrotliCompress,
  createGzip,
  createZstdCompress,
  type Gzip,
  gzipSync,
  type ZlibReset,
  type ZstdCompress,
  zstdCompressSync,
} from 'node:zlib'
import type { Coding, CompressionLevel } from '../../../plan/compression.ts'
import { WORKER } from '../../../shared/counter-cells.ts'
import type { CounterRow } from '../../../shared/counters.ts'

const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN, ZSTD_c_compressionLevel, ZSTD_c_windowLog } = constants

/** By level. The windows are what bounds an encoder's memory: 0.4 MB each with `fast`, up to 1.2 MB with `balanced`, 3 MB with `small`. */
const GZIP = { fast: { level: 1 }, balanced: { level: 5 }, small: { level: 6 } } as const
const BROTLI = { fast: brotli(1), balanced: brotli(4), small: brotli(5) } as const
const ZSTD = { fast: zstd(1, 17), balanced: zstd(3, 17), small: zstd(6, 18) } as const

/** What one write may give back without being asked for it, bytes: more than is ever written at once. */
const OUTPUT = { readableHighWaterMark: 4 * 1024 * 1024 }
/** An encoder that nobody has needed for so long is given up, ms. */
const UNUSED_MS = 30_000

export interface EncoderOwner {
  onOutput(output: Buffer): void
  /** What it was given is encoded. */
  onEncoded(): void
  onEncoderFailed(error: Error): void
}

type ZlibStream = Gzip | BrotliCompress | ZstdCompress

/** Compresses a whole body on this thread, with an encoder that is used once. */
export function encodeAtOnce(coding: Coding, level: CompressionLevel, body: Buffer): Buffer {
  switch (coding) {
    case 'gzip':
      return gzipSync(body, GZIP[level])
    case 'br':
      return brotliCompressSync(body, BROTLI[level])
    case 'zstd':
      return zstdCompressSync(body, ZSTD[level])
  }
}

export class Encoders {
  readonly #row: CounterRow
  /** In use. */
  #taken = 0
  /** Of these, for answers that may last for hours. */
  #lasting = 0
  /** By coding, level and use. */
  readonly #idle = new Map<string, Idle>()
  #lookedMs = 0

  constructor(row: CounterRow) {
    this.#row = row
  }

  /**
   * @param use `whole`: all of the body in one write; `lasting`: its answer may be under way for hours, and those get at most half of the room
   * @param most that may be in use at once
   * @returns undefined where there is no room
   */
  take(
    coding: Coding,
    level: CompressionLevel,
    use: EncoderUse,
    most: number,
    owner: EncoderOwner,
  ): Encoder | undefined {
    const lasting = use === 'lasting'
    if (this.#taken >= most || (lasting && this.#lasting >= most / 2)) return undefined
    this.#taken += 1
    this.#row.addOwn(WORKER.encoders, 1)
    if (lasting) this.#lasting += 1
    const whole = use === 'whole'
    const encoder = this.#takeIdle(coding, level, whole) ?? new Encoder(coding, level, whole)
    encoder.owner = owner
    encoder.lasting = lasting
    return encoder
  }

  /** @param clean it has finished, and may be used again */
  giveBack(encoder: Encoder, clean: boolean): void {
    this.#taken -= 1
    this.#row.addOwn(WORKER.encoders, -1)
    if (encoder.lasting) this.#lasting -= 1
    encoder.owner = undefined
    if (clean && encoder.reset()) this.#idleOf(encoder.coding, encoder.level, encoder.whole).encoders.push(encoder)
    else encoder.destroy()
  }

  /** To be called now and then. @param nowMs monotonic */
  look(nowMs: number): void {
    if (nowMs - this.#lookedMs < UNUSED_MS) return
    this.#lookedMs = nowMs
    for (const idle of this.#idle.values()) {
      for (const encoder of idle.encoders.splice(0, idle.unused)) encoder.destroy()
      idle.unused = idle.encoders.length
    }
  }

  #takeIdle(coding: Coding, level: CompressionLevel, whole: boolean): Encoder | undefined {
    const idle = this.#idleOf(coding, level, whole)
    const encoder = idle.encoders.pop()
    idle.unused = Math.min(idle.unused, idle.encoders.length)
    return encoder
  }

  #idleOf(coding: Coding, level: CompressionLevel, whole: boolean): Idle {
    return this.#idle.getOrInsertComputed(`${coding} ${level} ${whole}`, () => ({ encoders: [], unused: 0 }))
  }
}

export type EncoderUse = 'whole' | 'stream' | 'lasting'

interface Idle {
  readonly encoders: Encoder[]
  /** So many were idle all the time since the last look. */
  unused: number
}

/** One write at a time. What it is given comes out whole, so that no client waits for what its upstream has sent. */
export class Encoder {
  readonly coding: Coding
  readonly level: CompressionLevel
  /** What it is given is a whole body, and ends with it: one way to a thread and back instead of two. */
  readonly whole: boolean
  lasting = false
  owner: EncoderOwner | undefined = undefined
  readonly #stream: ZlibStream

  constructor(coding: Coding, level: CompressionLevel, whole: boolean) {
    this.coding = coding
    this.level = level
    this.whole = whole
    this.#stream = open(coding, level, whole ? finishOf(coding) : flushOf(coding))
    this.#stream.on('error', error => this.owner?.onEncoderFailed(error))
  }

  encode(input: Buffer): void {
    this.#stream.write(input, this.#done)
  }

  /** Ends the body. */
  finish(): void {
    this.#stream.flush(finishOf(this.coding), this.#done)
  }

  /** @returns whether it may be used again; one for Brotli would forget its level (Node.js, issue 66156) */
  reset(): boolean {
    if (!isReusable(this.coding)) return false
    const stream = this.#stream as Gzip & ZlibReset
    stream.reset()
    return true
  }

  destroy(): void {
    this.#stream.destroy()
  }

  readonly #done = (error?: Error | null): void => {
    // Errors come as an event as well.
    if (error) return
    // One piece each time.
    for (let output = this.#stream.read(); output !== null; output = this.#stream.read()) this.owner?.onOutput(output)
    this.owner?.onEncoded()
  }
}

export function isReusable(coding: Coding): boolean {
  return coding !== 'br'
}

function open(coding: Coding, level: CompressionLevel, flush: number): ZlibStream {
  switch (coding) {
    case 'gzip':
      return createGzip({ ...GZIP[level], flush, ...OUTPUT })
    case 'br':
      return createBrotliCompress({ ...BROTLI[level], flush, ...OUTPUT })
    case 'zstd':
      return createZstdCompress({ ...ZSTD[level], flush, ...OUTPUT })
  }
}

function flushOf(coding: Coding): number {
  switch (coding) {
    case 'gzip':
      return constants.Z_SYNC_FLUSH
    case 'br':
      return constants.BROTLI_OPERATION_FLUSH
    case 'zstd':
      return constants.ZSTD_e_flush
  }
}

function finishOf(coding: Coding): number {
  switch (coding) {
    case 'gzip':
      return constants.Z_FINISH
    case 'br':
      return constants.BROTLI_OPERATION_FINISH
    case 'zstd':
      return constants.ZSTD_e_end
  }
}

function brotli(quality: number) {
  return { params: { [BROTLI_PARAM_QUALITY]: quality, [BROTLI_PARAM_LGWIN]: 18 } }
}

function zstd(level: number, windowLog: number) {
  return { params: { [ZSTD_c_compressionLevel]: level, [ZSTD_c_windowLog]: windowLog } }
}
