// Drives a worker's timer wheel. After a standstill (a suspended machine, SIGSTOP) what lies in the sockets is read first: else a deadline
// would blame a peer whose bytes have been there for long.

import { STOOD_STILL_MS } from '../../policy/process/own-trouble.ts'
import type { TimerWheel } from './timer-wheel.ts'

export class Ticker {
  readonly #wheel: TimerWheel
  readonly #now: () => number
  readonly #afterReads: (step: () => void) => void
  #tickedMs: number

  /** @param now monotonic, ms @param afterReads calls when every socket that has something was read once */
  constructor(wheel: TimerWheel, now: () => number, afterReads: (step: () => void) => void = setImmediate) {
    this.#wheel = wheel
    this.#now = now
    this.#afterReads = afterReads
    this.#tickedMs = now()
  }

  /** To be called with each tick of the wheel. */
  tick(nowMs: number): void {
    const lateMs = nowMs - this.#tickedMs - this.#wheel.tickMs
    this.#tickedMs = nowMs
    if (lateMs < STOOD_STILL_MS) this.#wheel.advance(nowMs)
    else this.#afterReads(() => this.#afterReads(() => this.#wheel.advance(this.#now())))
  }
}
