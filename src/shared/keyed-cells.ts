// A hash table of fixed size in shared memory: which cell belongs to which key, for all workers. Cells come in buckets, each with
// a lock; a key lives in its bucket or nowhere, so that every look costs the same. What a cell holds, its user knows.

/** Cells that are looked at for a key. */
export const BUCKET_CELLS = 16

const SEEDS = 2
const TAGS = 2
/** How often a lock is tried before the thread sleeps: what is done under one takes less than a microsecond. */
const SPINS = 200
const SLEEP_MS = 1
/** A thread that has held a lock for so long, without a break, has died with it: on a busy machine one may lose its core for a while. */
const MOST_SLEEPS = 250
/** Bits of the number of a thread in a lock; those above tell one holding of it from the next. */
const OWNER_BITS = 10

export class KeyedCells {
  readonly #words: Int32Array
  readonly #buckets: number
  readonly #owner: number
  /** What this thread writes into a lock: each time another word. */
  #holding = 0
  #low = 0
  #high = 0

  static bytes(buckets: number): number {
    return 4 * (SEEDS + buckets + buckets * BUCKET_CELLS * TAGS)
  }

  /** To be called once for new memory: a client that can't foresee hashes can't make them collide. */
  static seed(buffer: SharedArrayBuffer): void {
    crypto.getRandomValues(new Uint32Array(SEEDS)).forEach((seed, i) => {
      new Uint32Array(buffer, 0, SEEDS)[i] = seed
    })
  }

  /** @param thread index of the worker; -1 = control */
  constructor(buffer: SharedArrayBuffer, buckets: number, thread: number) {
    this.#words = new Int32Array(buffer, 0, KeyedCells.bytes(buckets) / 4)
    this.#buckets = buckets
    this.#owner = thread + 2
  }

  /** Takes a key for the next `find` and `claim`. @returns its bucket */
  aim(...parts: readonly string[]): number {
    let low = this.#words[0]!
    let high = this.#words[1]!
    for (const part of parts) {
      for (let i = 0; i < part.length; i += 1) {
        const unit = part.charCodeAt(i)
        low = Math.imul(low ^ unit, 0x01000193)
        high = Math.imul(high ^ unit, 0x5bd1e995)
        high ^= high >>> 15
      }
      // `a` and `bc` is another key than `ab` and `c`.
      low = Math.imul(low ^ 0x10000, 0x01000193)
      high = Math.imul(high ^ 0x10000, 0x5bd1e995)
    }
    this.#low = mix(low)
    // Two zeros mark a cell without a key.
    this.#high = mix(high) || 1
    return mix(low ^ Math.imul(high, 0x9e3779b1)) % this.#buckets
  }

  /** Index of the key's cell, or -1. Only under the bucket's lock. */
  find(bucket: number): number {
    const first = bucket * BUCKET_CELLS
    let at = this.#tagsAt(first)
    for (let cell = first; cell < first + BUCKET_CELLS; cell += 1, at += TAGS) {
      if (this.#words[at] === (this.#low | 0) && this.#words[at + 1] === (this.#high | 0)) return cell
    }
    return -1
  }

  /** The cell is the key's from now on. Only under the bucket's lock. */
  claim(cell: number): void {
    const at = this.#tagsAt(cell)
    this.#words[at] = this.#low
    this.#words[at + 1] = this.#high
  }

  lock(bucket: number): void {
    const at = SEEDS + bucket
    this.#holding = ((this.#holding & -(1 << OWNER_BITS)) + (1 << OWNER_BITS)) | this.#owner
    let seen = 0
    for (let tries = 0; tries < SPINS + MOST_SLEEPS; tries += 1) {
      const holding = Atomics.compareExchange(this.#words, at, 0, this.#holding)
      if (holding === 0) return
      if (tries < SPINS) continue
      // Somebody else has it now: nobody has died.
      if (holding !== seen) tries = SPINS
      seen = holding
      // The holder may have lost its core: sleep, so that it gets one.
      Atomics.wait(this.#words, at, holding, SLEEP_MS)
    }
    Atomics.store(this.#words, at, this.#holding)
  }

  unlock(bucket: number): void {
    Atomics.compareExchange(this.#words, SEEDS + bucket, this.#holding, 0)
  }

  #tagsAt(cell: number): number {
    return SEEDS + this.#buckets + cell * TAGS
  }
}

/** Murmur3's finaliser: each bit that goes in moves about half of those that come out. */
function mix(bits: number): number {
  let hash = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
