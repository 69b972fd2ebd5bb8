// Notices that the wall clock was set, and tells it once. What becomes of it is in policy/process/clock-step.ts, and with those who
// listen.

import { type ClockReading, clockStepMs } from '../policy/process/clock-step.ts'
import type { ClockStepEvent } from './events/event.ts'

export interface ClockWatchOptions {
  readonly tell: (event: ClockStepEvent) => void
  /** Undefined = the clocks can't be read as one at the moment. */
  readonly read?: () => ClockReading | undefined
}

/** This thread lost its core between two clocks: what they say does not belong together. */
const APART_MS = 100

export class ClockWatch {
  readonly #options: ClockWatchOptions
  readonly #read: () => ClockReading | undefined
  #former: ClockReading | undefined
  #startedMs = Date.now()

  constructor(options: ClockWatchOptions) {
    this.#options = options
    this.#read = options.read ?? readClocks
    this.#former = this.#read()
  }

  /** When it was made, by the clock as it is now, epoch ms. */
  get startedMs(): number {
    return this.#startedMs
  }

  /** To be called about once a second, before anything else that looks at the time. */
  look(): void {
    const now = this.#read()
    if (now === undefined) return
    const byMs = this.#former === undefined ? 0 : clockStepMs(this.#former, now)
    this.#former = now
    if (byMs === 0) return
    this.#startedMs += byMs
    this.#options.tell({ type: 'clock-step', atMs: now.wallMs, byMs })
  }
}

function readClocks(): ClockReading | undefined {
  const monotonicMs = performance.now()
  const wallMs = Date.now()
  return performance.now() - monotonicMs > APART_MS ? undefined : { wallMs, monotonicMs }
}
