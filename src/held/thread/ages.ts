// Reads the clocks, and says whether anything may expire or be removed for its age now: not within a day after the wall clock was set,
// for who set it may have set it wrong.

import { clockStepMs } from '../../policy/process/clock-step.ts'

/** By both clocks at one moment. */
export interface Moment {
  /** Epoch ms. */
  readonly nowMs: number
  /** Of a clock that never jumps. */
  readonly clockMs: number
  /** What is over counts as over. */
  readonly ages: boolean
}

const KEEP_ALL_MS = 86_400_000
/** This thread lost its core between two clocks: what they say does not belong together. */
const APART_MS = 100
/** All that wait are looked at then. */
const EXPIRE_EVERY_MS = 5_000

export class Ages {
  readonly #now: () => number
  readonly #clock: () => number
  #former: { readonly wallMs: number; readonly monotonicMs: number } | undefined
  #agesFromMs = Number.NEGATIVE_INFINITY
  #dueFromMs = 0

  /** @param now epoch ms @param clock ms, never jumps */
  constructor(now: () => number, clock: () => number) {
    this.#now = now
    this.#clock = clock
  }

  look(): Moment {
    const clockMs = this.#clock()
    const nowMs = this.#now()
    if (this.#clock() - clockMs > APART_MS) return { nowMs, clockMs, ages: false }
    const reading = { wallMs: nowMs, monotonicMs: clockMs }
    if (this.#former !== undefined && clockStepMs(this.#former, reading) !== 0) this.#agesFromMs = clockMs + KEEP_ALL_MS
    this.#former = reading
    return { nowMs, clockMs, ages: clockMs >= this.#agesFromMs }
  }

  /** It is time to look for those that are over; true once each few seconds. */
  isDue({ clockMs, ages }: Moment): boolean {
    if (!ages || clockMs < this.#dueFromMs) return false
    this.#dueFromMs = clockMs + EXPIRE_EVERY_MS
    return true
  }
}
