// How often each client has asked lately, over all workers: one theoretical arrival time for each route and client
// (policy/request/rate-limit.ts). Memory is fixed: where a bucket is full, the client that may ask most freely is forgotten.

import type { RateLimitPlan } from '../plan/route.ts'
import { nextArrivalMs, rateWaitMs } from '../policy/request/rate-limit.ts'
import { BUCKET_CELLS, KeyedCells } from './keyed-cells.ts'

const BUCKETS = 4096
const KEYS_BYTES = Math.ceil(KeyedCells.bytes(BUCKETS) / 8) * 8

/** Clients, counted once for each route with a limit, that are remembered at once. */
export const RATE_CELLS = BUCKETS * BUCKET_CELLS

export function allocateRates(): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(KEYS_BYTES + RATE_CELLS * 8)
  KeyedCells.seed(buffer)
  return buffer
}

export class RateTable {
  readonly #keys: KeyedCells
  readonly #arrivalsMs: Float64Array

  /** @param worker index of the worker */
  constructor(buffer: SharedArrayBuffer, worker: number) {
    this.#keys = new KeyedCells(buffer, BUCKETS, worker)
    this.#arrivalsMs = new Float64Array(buffer, KEYS_BYTES, RATE_CELLS)
  }

  /** Lets the client ask, or tells how long it has to wait. @param nowMs by the clock of the process @returns ms; 0 = it asked */
  ask(route: string, client: string, nowMs: number, limit: RateLimitPlan): number {
    const bucket = this.#keys.aim(route, client)
    this.#keys.lock(bucket)
    const found = this.#keys.find(bucket)
    const arrivalMs = found === -1 ? 0 : this.#arrivalsMs[found]!
    const waitMs = rateWaitMs(arrivalMs, nowMs, limit)
    if (waitMs === 0) {
      const cell = found === -1 ? this.#earliest(bucket) : found
      if (found === -1) this.#keys.claim(cell)
      this.#arrivalsMs[cell] = nextArrivalMs(arrivalMs, nowMs, limit)
    }
    this.#keys.unlock(bucket)
    return waitMs
  }

  /** As `ask`, but the client does not ask. */
  waitMs(route: string, client: string, nowMs: number, limit: RateLimitPlan): number {
    const bucket = this.#keys.aim(route, client)
    this.#keys.lock(bucket)
    const found = this.#keys.find(bucket)
    const arrivalMs = found === -1 ? 0 : this.#arrivalsMs[found]!
    this.#keys.unlock(bucket)
    return rateWaitMs(arrivalMs, nowMs, limit)
  }

  /**
   * The cell with the earliest arrival time: its client has all of its tokens again, or is nearest to that. So a flood of addresses pushes
   * out its own before it pushes out one that asks too often.
   */
  #earliest(bucket: number): number {
    const first = bucket * BUCKET_CELLS
    let least = first
    for (let cell = first + 1; cell < first + BUCKET_CELLS; cell += 1) {
      if (this.#arrivalsMs[cell]! < this.#arrivalsMs[least]!) least = cell
    }
    return least
  }
}
