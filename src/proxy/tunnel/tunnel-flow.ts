// One direction of a tunnel: passes bytes on with backpressure, and can be ended between two frames of a WebSocket with a Close
// frame of vigia's own. When that happens is the tunnel's business; where frames end, websocket/frames.ts says.

import type { Duplex } from 'node:stream'
import { beginsClose, type FrameTracker } from '../../websocket/frames.ts'

/** A piece up to this size is copied where it has to wait: else it would keep a whole read buffer from its next use. */
const COPY_BYTES = 16_384

/** passing: everything; at-boundary, before-close: up to there, then the last frame; ended: what still comes is dropped. */
type Stage = 'passing' | 'at-boundary' | 'before-close' | 'ended'

export class TunnelFlow {
  /** Undefined = the bytes are not those of a WebSocket. */
  readonly frames: FrameTracker | undefined
  readonly #from: Duplex
  readonly #to: Duplex
  #stage: Stage = 'passing'
  #lastFrame: Uint8Array | undefined = undefined
  #onEnded: (() => void) | undefined = undefined
  #passedBytes = 0
  /** Of these: had left when it was looked at last, or -1 where nothing waited; and for how long that has not changed, ms. */
  #leftBytes = -1
  #stuckMs = 0

  constructor(from: Duplex, to: Duplex, frames: FrameTracker | undefined) {
    this.#from = from
    this.#to = to
    this.frames = frames
    to.on('drain', () => from.resume())
  }

  get ended(): boolean {
    return this.#stage === 'ended'
  }

  /** @param elapsedMs since the last call @returns for how long its receiver has taken nothing of what waits for it, ms; 0 = nothing waits */
  stuckMs(elapsedMs: number): number {
    const waiting = this.#to.writableLength
    const left = waiting > 0 ? this.#passedBytes - waiting : -1
    this.#stuckMs = left >= 0 && left === this.#leftBytes ? this.#stuckMs + elapsedMs : 0
    this.#leftBytes = left
    return this.#stuckMs
  }

  /** @returns true where bytes of the chunk are kept beyond the call */
  take(chunk: Buffer): boolean {
    if (this.#stage === 'ended') return false
    if (this.#stage !== 'passing') return this.#takeLast(chunk, this.frames!)
    this.frames?.push(chunk)
    return this.#pass(chunk)
  }

  /** Ends with `lastFrame` as soon as no frame is under way. `onEnded` is called then, or when it turns out that these are no frames. */
  endAtBoundary(lastFrame: Uint8Array, onEnded: () => void): void {
    this.#stage = 'at-boundary'
    this.#lastFrame = lastFrame
    this.#onEnded = onEnded
    if (this.frames?.atBoundary) this.#endHere()
  }

  /** Likewise, but in the place of the sender's own Close frame: what comes before it is passed on. */
  endBeforeClose(lastFrame: Uint8Array, onEnded: () => void): void {
    this.#stage = 'before-close'
    this.#lastFrame = lastFrame
    this.#onEnded = onEnded
  }

  /** Ends at once, with `lastFrame` where one may stand here. */
  end(lastFrame: Uint8Array | undefined): void {
    if (this.#stage === 'ended') return
    if (this.frames?.atBoundary) this.#say(lastFrame)
    this.#stage = 'ended'
    // Its own end is to be seen, so what comes before it is read.
    this.#from.resume()
  }

  #takeLast(chunk: Buffer, frames: FrameTracker): boolean {
    let at = 0
    while (at < chunk.length && !(frames.atBoundary && this.#endsBefore(chunk[at]!))) at = frames.advance(chunk, at)
    const keeps = at > 0 && this.#pass(chunk.subarray(0, at))
    if (!frames.valid) this.#onEnded?.()
    else if (frames.atBoundary && (at < chunk.length || this.#stage === 'at-boundary')) this.#endHere()
    return keeps
  }

  #endsBefore(byte: number): boolean {
    return this.#stage === 'at-boundary' || beginsClose(byte)
  }

  #endHere(): void {
    this.end(this.#lastFrame)
    this.#onEnded?.()
  }

  /** After a Close frame there is nothing more to say (RFC 6455 5.5.1). */
  #say(frame: Uint8Array | undefined): void {
    if (frame && !this.frames?.closed && this.#to.writable) this.#to.write(frame)
  }

  #pass(chunk: Buffer): boolean {
    const to = this.#to
    const copies = to.writableLength > 0 && chunk.length <= COPY_BYTES
    this.#passedBytes += chunk.length
    if (!to.write(copies ? Buffer.from(chunk) : chunk)) this.#from.pause()
    return !copies && to.writableLength > 0
  }
}
