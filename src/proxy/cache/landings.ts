// Requests of this worker that wait while another one, here or in another worker, fetches what they want.

import type { CacheMemory } from '../../shared/cache/memory.ts'
import type { AnswerCode } from '../answers/codes.ts'

/**
 * What a fetch came to, for those that waited: `again` = they look again, and one of them fetches where nothing is stored; `alone` = it is
 * not for them, each asks for itself; else no upstream could answer, and what that one was told holds for all.
 */
export type Landing = 'again' | 'alone' | { readonly failed: AnswerCode }

export interface Follower {
  onLanding(landing: Landing): void
}

interface Flight {
  /** In shared memory; undefined = no other worker knows of it. */
  readonly shared: number | undefined
  readonly followers: Set<Follower>
}

export class Landings {
  readonly #memory: CacheMemory
  readonly #flights = new Map<string, Flight>()

  constructor(memory: CacheMemory) {
    this.#memory = memory
  }

  /**
   * @param waitMs at most so long for a fetch of another worker
   * @returns true = the caller fetches, and has to land it; false = it waits
   */
  join(key: string, follower: Follower, waitMs: number): boolean {
    const known = this.#flights.get(key)
    if (known !== undefined) {
      known.followers.add(follower)
      return false
    }
    const other = this.#begin(key)
    if (other === undefined) return true
    this.#flights.set(key, { shared: undefined, followers: new Set([follower]) })
    void this.#memory.flightEnded(other, waitMs).then(() => this.land(key, 'again'))
    return false
  }

  /** @returns true = the caller fetches, and has to land it; false = somebody fetches it already, here or in another worker */
  lead(key: string): boolean {
    return !this.#flights.has(key) && this.#begin(key) === undefined
  }

  /** @returns the flight of another worker; undefined = it is the caller's */
  #begin(key: string): number | undefined {
    this.#memory.aim([key])
    const flight = this.#memory.beginFlight()
    if (flight.whose === 'other') return flight.flight
    this.#flights.set(key, { shared: flight.whose === 'own' ? flight.flight : undefined, followers: new Set() })
    return undefined
  }

  leave(key: string, follower: Follower): void {
    this.#flights.get(key)?.followers.delete(follower)
  }

  land(key: string, landing: Landing): void {
    const flight = this.#flights.get(key)
    if (flight === undefined) return
    this.#flights.delete(key)
    if (flight.shared !== undefined) this.#memory.endFlight(flight.shared)
    for (const follower of flight.followers) follower.onLanding(landing)
  }
}
