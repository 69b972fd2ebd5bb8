// Whether a client is too slow: the time for which vigia waited for it is held against a grace and the bytes that it moved. Time in
// which vigia waited for somebody else, or did not want anything of it, never counts. What is done to a slow one is not decided here.

import type { MinRatePlan } from '../../plan/bounds.ts'

/** One body in one direction. All times by one clock, ms. */
export class Transfer {
  readonly #rate: MinRatePlan
  bytes = 0
  #waitedMs = 0
  /** Undefined = vigia does not wait for the client now. */
  #sinceMs: number | undefined = undefined

  constructor(rate: MinRatePlan) {
    this.#rate = rate
  }

  /** Bytes that came from the client, or that it has to take: each earns it the time that it may take at the least rate. */
  add(bytes: number): void {
    this.bytes += bytes
  }

  /** From now on it is the client that is waited for. */
  wait(nowMs: number): void {
    this.#sinceMs ??= nowMs
  }

  /** Nothing is wanted of the client for the time being. */
  pause(nowMs: number): void {
    this.#waitedMs = this.#waited(nowMs)
    this.#sinceMs = undefined
  }

  /** How long the client may still be waited for, ms; 0 or less = it is too slow. */
  leftMs(nowMs: number): number {
    return allowanceMs(this.#rate, this.bytes) - this.#waited(nowMs)
  }

  #waited(nowMs: number): number {
    return this.#sinceMs === undefined ? this.#waitedMs : this.#waitedMs + Math.max(0, nowMs - this.#sinceMs)
  }
}

/** How long a client may take for the last bytes of an answer, ms. @param idleMs the longest; 0 = no limit */
export function deliveryMs(idleMs: number, rate: MinRatePlan | undefined, bytes: number): number {
  if (!rate) return idleMs
  return idleMs === 0 ? allowanceMs(rate, bytes) : Math.min(idleMs, allowanceMs(rate, bytes))
}

/** How long a client may be waited for in all, for so many bytes. */
export function allowanceMs({ bytesPerSecond, graceMs }: MinRatePlan, bytes: number): number {
  return graceMs + (1000 * bytes) / bytesPerSecond
}
