// Takes places on the upstreams of one pool for the exchange that chooses now, and gives them back. Nobody takes one who is not
// first among those that wait for it, in whatever worker they wait.

import { PLACE, type Places } from '../../shared/places.ts'
import { NEWCOMER } from './waiter.ts'

export class PoolPlaces {
  /** The last choice came with a place. */
  taken = false
  readonly #slot: number
  readonly #places: Places
  #rank = NEWCOMER

  /** @param slot of the pool */
  constructor(slot: number, places: Places) {
    this.#slot = slot
    this.#places = places
  }

  /** @param rank of the exchange that is to choose */
  begin(rank: number): void {
    this.#rank = rank
    this.taken = false
  }

  /**
   * False where the upstream is full, or somebody else comes first.
   * @param limit 0 = none: then there is nothing to take
   * @param shared those that wait for any upstream of the pool may get this one
   */
  take(slot: number, limit: number, shared: boolean): boolean {
    if (limit === 0) return true
    const places = this.#places
    if (places.count(this.#slot, PLACE.queued) > 0) {
      if (places.firstRank(slot) < this.#rank) return false
      if (shared && places.firstRank(this.#slot) < this.#rank) return false
    }
    this.taken = places.take(slot, PLACE.taken, limit)
    return this.taken
  }

  /** All places are taken; it may be otherwise a moment later. */
  isFull(slot: number, limit: number): boolean {
    return limit > 0 && this.#places.count(slot, PLACE.taken) >= limit
  }

  /** The choice is not made use of. */
  drop(slot: number): void {
    if (this.taken) this.leave(slot)
    this.taken = false
  }

  /** Gives a place on an upstream back, and wakes those that wait. */
  leave(slot: number): void {
    this.#places.leave(slot, PLACE.taken)
    if (this.#places.count(this.#slot, PLACE.queued) > 0) this.#places.wake(this.#slot)
  }
}
