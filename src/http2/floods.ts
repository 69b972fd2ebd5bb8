// How many sound frames of a kind are too many (RFC 9113 10.5): each costs its sender next to nothing, and vigia a little. A token bucket
// for each kind, kept as one time (GCRA). What a client does with good reason gives tokens back.

import type { ConnectionFault } from './errors.ts'

interface Bucket {
  readonly fault: ConnectionFault
  readonly burst: number
  readonly perSecond: number
}

/** Index of a kind in BUCKETS. */
export const FLOOD = {
  /** A stream that the client reset before its answer was complete, or that was refused or reset for its fault. */
  reset: 0,
  ping: 1,
  settings: 2,
  priority: 3,
  windowUpdate: 4,
  emptyFrame: 5,
  unknownFrame: 6,
  closedStream: 7,
} as const
export type Flood = (typeof FLOOD)[keyof typeof FLOOD]

/** In the order of FLOOD. A page that is left may reset a hundred streams at once; gRPC clients send a PING for what they read. */
const BUCKETS: readonly Bucket[] = [
  { fault: 'reset-flood', burst: 300, perSecond: 20 },
  { fault: 'ping-flood', burst: 500, perSecond: 10 },
  { fault: 'settings-flood', burst: 50, perSecond: 1 },
  { fault: 'priority-flood', burst: 2000, perSecond: 100 },
  { fault: 'window-update-flood', burst: 3000, perSecond: 100 },
  { fault: 'empty-frame-flood', burst: 200, perSecond: 10 },
  { fault: 'unknown-frame-flood', burst: 200, perSecond: 10 },
  { fault: 'closed-stream-flood', burst: 2000, perSecond: 100 },
]

/** Of one connection. */
export class FloodMeter {
  /** When each bucket will be full again, monotonic ms. */
  readonly #fullAtMs = BUCKETS.map(() => 0)

  /** Counts one frame. @returns the fault where that is one too many */
  count(kind: Flood, nowMs: number): ConnectionFault | undefined {
    const { fault, burst, perSecond } = BUCKETS[kind]!
    const intervalMs = 1000 / perSecond
    const fullAtMs = Math.max(nowMs, this.#fullAtMs[kind]!) + intervalMs
    this.#fullAtMs[kind] = fullAtMs
    return fullAtMs - nowMs > burst * intervalMs ? fault : undefined
  }

  /** One frame of this kind was of use. */
  giveBack(kind: Flood): void {
    this.#fullAtMs[kind] = this.#fullAtMs[kind]! - 1000 / BUCKETS[kind]!.perSecond
  }
}
