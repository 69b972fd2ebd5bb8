// Whether requests of a key are held, for each worker to see at once: a newer one of that key must not overtake them. Likewise what `dedupe`
// compares of all that are kept: a repeat must not be sent. Cells count the
// requests of all keys that hash to them: where two keys share one, a request is held that need not be. Only the thread that keeps
// held requests writes.

import { SEED_WORDS, SeededHash, seedHash } from '../seeded-hash.ts'

/** 4 MiB, of which only what is used takes memory: with 100,000 keys held, one request of another key in ten is held for nothing. */
const CELLS = 1 << 20
const STATE = SEED_WORDS
const FIRST_CELL = STATE + 1
const LOADING = 0
const KNOWN = 1

export function allocateHeldTable(): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(4 * (FIRST_CELL + CELLS))
  seedHash(new Int32Array(buffer, 0, SEED_WORDS))
  return buffer
}

export class HeldTable {
  readonly #words: Int32Array
  readonly #hash: SeededHash

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer)
    this.#hash = new SeededHash(this.#words)
  }

  /** A request with this key has to wait behind others; while what is held is not known yet, each has to. */
  isHeld(key: string): boolean {
    return Atomics.load(this.#words, STATE) === LOADING || Atomics.load(this.#words, this.#cellOf(key)) > 0
  }

  raise(key: string): void {
    Atomics.add(this.#words, this.#cellOf(key), 1)
  }

  lower(key: string): void {
    Atomics.sub(this.#words, this.#cellOf(key), 1)
  }

  /** From now on what is held is these, one for each request. No cell of theirs is 0 in between. */
  replace(keys: Iterable<string>): void {
    const counts = new Map<number, number>()
    for (const key of keys) {
      const cell = this.#cellOf(key)
      counts.set(cell, (counts.get(cell) ?? 0) + 1)
    }
    for (const [cell, count] of counts) Atomics.store(this.#words, cell, count)
    for (let cell = FIRST_CELL; cell < this.#words.length; cell += 1) {
      if (this.#words[cell] !== 0 && !counts.has(cell)) Atomics.store(this.#words, cell, 0)
    }
    this.known()
  }

  /** What is held can't be read: what the cells say counts, so that traffic goes on. */
  known(): void {
    Atomics.store(this.#words, STATE, KNOWN)
  }

  #cellOf(key: string): number {
    return FIRST_CELL + (this.#hash.of([key]) % CELLS)
  }
}
