// Fetches for the cache that are under way in any worker: who wants the same waits for one. A flight that can't be told to others (all its
// places are taken) is one of its own worker only.

const OWNER = 0
const LOW = 1
const HIGH = 2
const INTS = 4
const BUCKETS = 256
const IN_BUCKET = 4
const FLIGHTS = BUCKETS * IN_BUCKET
export const FLIGHT_BYTES = FLIGHTS * INTS * 4

/** What asking for a flight came to: this worker's own from now on, another's, or none. */
export type Flight =
  | { readonly whose: 'own'; readonly flight: number }
  | { readonly whose: 'other'; readonly flight: number }
  | { readonly whose: 'none' }

const NONE: Flight = { whose: 'none' }

export class CacheFlights {
  readonly #ints: Int32Array
  readonly #thread: number

  constructor(buffer: SharedArrayBuffer, at: number, thread: number) {
    this.#ints = new Int32Array(buffer, at, FLIGHTS * INTS)
    this.#thread = thread
  }

  /** @param low @param high the two halves of the key's hash */
  begin(low: number, high: number): Flight {
    const first = ((low >>> 8) % BUCKETS) * IN_BUCKET
    let free = -1
    for (let flight = first; flight < first + IN_BUCKET; flight += 1) {
      const at = flight * INTS
      if (Atomics.load(this.#ints, at + OWNER) === 0) free = flight
      else if (Atomics.load(this.#ints, at + LOW) === low && Atomics.load(this.#ints, at + HIGH) === high)
        return { whose: 'other', flight }
    }
    const at = free * INTS
    if (free === -1 || Atomics.compareExchange(this.#ints, at + OWNER, 0, this.#thread + 1) !== 0) return NONE
    Atomics.store(this.#ints, at + LOW, low)
    Atomics.store(this.#ints, at + HIGH, high)
    return { whose: 'own', flight: free }
  }

  /** It is over, whatever came of it: wakes who waits for it in other workers. @param thread whose it is */
  end(flight: number, thread = this.#thread): void {
    const at = flight * INTS
    if (Atomics.load(this.#ints, at + OWNER) !== thread + 1) return
    Atomics.store(this.#ints, at + LOW, 0)
    Atomics.store(this.#ints, at + HIGH, 0)
    Atomics.store(this.#ints, at + OWNER, 0)
    Atomics.notify(this.#ints, at + OWNER)
  }

  /** Control only: all of a worker that has ended. */
  endAllOf(thread: number): void {
    for (let flight = 0; flight < FLIGHTS; flight += 1) this.end(flight, thread)
  }

  /** Resolves when the flight of another worker is over. @param ms at most */
  async ended(flight: number, ms: number): Promise<void> {
    const at = flight * INTS + OWNER
    const owner = Atomics.load(this.#ints, at)
    if (owner === 0) return
    const wait = Atomics.waitAsync(this.#ints, at, owner, ms)
    if (wait.async) await wait.value
  }
}
