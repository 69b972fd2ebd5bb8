// When each thread last came round in its event loop, so that others see one that stands still; and what the workers agree on while
// control does: who speaks for them, whether they end, which have ended.

import { MAX_WORKERS } from './counter-cells.ts'
import { processNowMs } from './process-clock.ts'

const BEATS = 1 + MAX_WORKERS
const SPEAKER = 0
const ENDING = 1
const ENDED = 2
const WORDS = ENDED + MAX_WORKERS
const NOBODY = 0

export class Heartbeats {
  readonly buffer: SharedArrayBuffer
  /** Of control, then of each worker; ms of the clock of the process. */
  readonly #beats: Float64Array
  readonly #words: Int32Array

  constructor(buffer = new SharedArrayBuffer(BEATS * 8 + WORDS * 4)) {
    this.buffer = buffer
    this.#beats = new Float64Array(buffer, 0, BEATS)
    this.#words = new Int32Array(buffer, BEATS * 8, WORDS)
  }

  /** @param worker whose beat it is; -1 = control */
  beat(worker: number, nowMs = processNowMs()): void {
    this.#beats[1 + worker] = nowMs
  }

  /** @param worker -1 = control @returns ms of `processNowMs`; 0 = never */
  lastMs(worker: number): number {
    return this.#beats[1 + worker]!
  }

  /** Which worker speaks for all while control stands still; undefined = none does. */
  get speaker(): number | undefined {
    const speaker = Atomics.load(this.#words, SPEAKER)
    return speaker === NOBODY ? undefined : speaker - 1
  }

  /** @param after whom it follows; undefined = nobody spoke @returns whether it is this worker that speaks now */
  speak(worker: number, after: number | undefined): boolean {
    const before = after === undefined ? NOBODY : after + 1
    return Atomics.compareExchange(this.#words, SPEAKER, before, worker + 1) === before
  }

  /** Control only: it speaks for itself again. */
  hush(): void {
    Atomics.store(this.#words, SPEAKER, NOBODY)
  }

  /** The process is being ended by its workers; there is no way back. */
  get ending(): boolean {
    return Atomics.load(this.#words, ENDING) === 1
  }

  end(): void {
    Atomics.store(this.#words, ENDING, 1)
  }

  /** This worker has nothing left to do. */
  ended(worker: number): void {
    Atomics.store(this.#words, ENDED + worker, 1)
  }

  hasEnded(worker: number): boolean {
    return Atomics.load(this.#words, ENDED + worker) === 1
  }
}
