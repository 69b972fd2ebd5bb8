// Short bodies, each compressed in one write. Few at a time: their encoders then stay in the processor's cache, where one for each of 64
// clients costs twice as much; and there are no more than four threads of libuv to work in.

import type { Coding, CompressionLevel } from '../../../plan/compression.ts'
import { type Encoder, type EncoderOwner, type Encoders, encodeAtOnce } from './encoders.ts'

/** So many at once in each worker. */
const SIDE_BY_SIDE = 4

export interface ShortBodyOwner {
  onShortBody(encoded: Buffer): void
  onEncoderFailed(error: unknown): void
}

export class ShortBodies {
  readonly #encoders: Encoders
  readonly #waiting: ShortBody[] = []
  #busy = 0

  constructor(encoders: Encoders) {
    this.#encoders = encoders
  }

  /**
   * @param most encoders that may be in use, and bodies that may wait for one
   * @returns undefined where there is no room
   */
  encode(
    coding: Coding,
    level: CompressionLevel,
    bytes: Buffer,
    most: number,
    owner: ShortBodyOwner,
  ): ShortBody | undefined {
    if (this.#waiting.length >= most) return undefined
    const body = new ShortBody(this, coding, level, bytes, most, owner)
    if (this.#busy === SIDE_BY_SIDE) this.#waiting.push(body)
    else if (!this.#begin(body)) return undefined
    return body
  }

  /** One has its bytes, or never gets them. */
  ended(encoder: Encoder, clean: boolean): void {
    this.#busy -= 1
    this.#encoders.giveBack(encoder, clean)
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      if (!next.isWanted) continue
      if (this.#begin(next)) return
      next.encodeHere()
    }
  }

  #begin(body: ShortBody): boolean {
    const encoder = this.#encoders.take(body.coding, body.level, 'whole', body.most, body)
    if (!encoder) return false
    this.#busy += 1
    body.begin(encoder)
    return true
  }
}

/** One body, until it has been encoded. */
export class ShortBody implements EncoderOwner {
  readonly coding: Coding
  readonly level: CompressionLevel
  readonly most: number
  readonly #bodies: ShortBodies
  readonly #bytes: Buffer
  readonly #outputs: Buffer[] = []
  #owner: ShortBodyOwner | undefined
  #encoder: Encoder | undefined = undefined

  constructor(
    bodies: ShortBodies,
    coding: Coding,
    level: CompressionLevel,
    bytes: Buffer,
    most: number,
    owner: ShortBodyOwner,
  ) {
    this.#bodies = bodies
    this.coding = coding
    this.level = level
    this.#bytes = bytes
    this.most = most
    this.#owner = owner
  }

  get isWanted(): boolean {
    return this.#owner !== undefined
  }

  begin(encoder: Encoder): void {
    this.#encoder = encoder
    encoder.encode(this.#bytes)
  }

  /** On this thread: it has waited, and there is no encoder any more (a reload has lowered the limit). */
  encodeHere(): void {
    this.#owner?.onShortBody(encodeAtOnce(this.coding, this.level, this.#bytes))
  }

  /** Nobody wants it any more. What has begun comes to its end: it is short, and its encoder is used again. */
  cancel(): void {
    this.#owner = undefined
  }

  onOutput(output: Buffer): void {
    this.#outputs.push(output)
  }

  onEncoded(): void {
    const owner = this.#owner
    this.#bodies.ended(this.#encoder!, true)
    owner?.onShortBody(this.#outputs.length === 1 ? this.#outputs[0]! : Buffer.concat(this.#outputs))
  }

  onEncoderFailed(error: unknown): void {
    const owner = this.#owner
    if (this.#encoder) this.#bodies.ended(this.#encoder, false)
    owner?.onEncoderFailed(error)
  }
}
