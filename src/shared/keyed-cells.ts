// A hash table of fixed size in shared memory: which cell belongs to which key, for all workers. Cells come in buckets, each with
// a lock; a key lives in its bucket or nowhere, so that every look costs the same. What a cell holds, its user knows.

import { SEED_WORDS, SeededHash, seedHash } from './seeded-hash.ts'

/** Cells that are looked at for a key. */
export const BUCKET_CELLS = 16

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
  readonly #hash: SeededHash
  /** What this thread writes into a lock: each time another word. */
  #holding = 0

  static bytes(buckets: number): number {
    return 4 * (SEED_WORDS + buckets + buckets * BUCKET_CELLS * TAGS)
  }

  /** To be called once for new memory: a client that can't foresee hashes can't make them collide. */
  static seed(buffer: SharedArrayBuffer): void {
    seedHash(new Int32Array(buffer, 0, SEED_WORDS))
  }

  /** @param thread index of the worker; -1 = control */
  constructor(buffer: SharedArrayBuffer, buckets: number, thread: number) {
    this.#words = new Int32Array(buffer, 0, KeyedCells.bytes(buckets) / 4)
    this.#buckets = buckets
    this.#owner = thread + 2
    this.#hash = new SeededHash(this.#words)
  }

  /** Takes a key for the next `find` and `claim`. @returns its bucket */
  aim(...parts: readonly string[]): number {
    return this.#hash.of(parts) % this.#buckets
  }

  /** Index of the key's cell, or -1. Only under the bucket's lock. */
  find(bucket: number): number {
    const { low, high } = this.#hash
    const first = bucket * BUCKET_CELLS
    let at = this.#tagsAt(first)
    for (let cell = first; cell < first + BUCKET_CELLS; cell += 1, at += TAGS) {
      if (this.#words[at] === low && this.#words[at + 1] === high) return cell
    }
    return -1
  }

  /** The cell is the key's from now on. Only under the bucket's lock. */
  claim(cell: number): void {
    const at = this.#tagsAt(cell)
    this.#words[at] = this.#hash.low
    this.#words[at + 1] = this.#hash.high
  }

  lock(bucket: number): void {
    const at = SEED_WORDS + bucket
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
    Atomics.compareExchange(this.#words, SEED_WORDS + bucket, this.#holding, 0)
  }

  #tagsAt(cell: number): number {
    return SEED_WORDS + this.#buckets + cell * TAGS
  }
}
