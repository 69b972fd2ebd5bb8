// Permits of one pool's upstreams: takes one for the exchange that chooses now, and gives it back. Nobody takes one who is not first
// among those that wait for it, in whatever worker they wait.

import { PERMIT, type Permits } from '../../shared/permits.ts'

/** One request more on an upstream that has a limit. Those of an upstream are all alike: one object stands for each that is taken. */
export class Permit {
  readonly #pool: PoolPermits
  readonly #slot: number

  constructor(pool: PoolPermits, slot: number) {
    this.#pool = pool
    this.#slot = slot
  }

  /** To be called once for each time it was taken; wakes those that wait. */
  giveBack(): void {
    this.#pool.giveBack(this.#slot)
  }
}

export class PoolPermits {
  readonly #slot: number
  readonly #permits: Permits

  /** @param slot of the pool */
  constructor(slot: number, permits: Permits) {
    this.#slot = slot
    this.#permits = permits
  }

  /**
   * Takes a permit for an upstream. False where it is full, or somebody else comes first.
   * @param shared those that wait for any upstream of the pool may get this one
   * @param rank of the exchange that chooses
   */
  take(slot: number, limit: number, shared: boolean, rank: number): boolean {
    const permits = this.#permits
    if (permits.count(this.#slot, PERMIT.queued) > 0) {
      if (permits.firstRank(slot) < rank) return false
      if (shared && permits.firstRank(this.#slot) < rank) return false
    }
    return permits.take(slot, PERMIT.taken, limit)
  }

  /** All permits are taken; it may be otherwise a moment later. @param limit 0 = none */
  isFull(slot: number, limit: number): boolean {
    return limit > 0 && this.#permits.count(slot, PERMIT.taken) >= limit
  }

  giveBack(slot: number): void {
    this.#permits.leave(slot, PERMIT.taken)
    if (this.#permits.count(this.#slot, PERMIT.queued) > 0) this.#permits.wake(this.#slot)
  }
}
