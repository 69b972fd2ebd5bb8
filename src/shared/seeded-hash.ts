// A hash of 64 bits that a client can't foresee, so that it can't make keys collide: the seeds are random, and lie in shared memory.

import { randomFillSync } from 'node:crypto'

/** Words of the seeds. */
export const SEED_WORDS = 2

/** To be called once for new memory. @param words their first ones are the seeds */
export function seedHash(words: Int32Array): void {
  words.set(randomFillSync(new Int32Array(SEED_WORDS)))
}

export class SeededHash {
  readonly #words: Int32Array
  /** Of the last key, 32 bits each. */
  low = 0
  /** Never 0. */
  high = 1

  /** @param words their first ones are the seeds */
  constructor(words: Int32Array) {
    this.#words = words
  }

  /** Takes a key: its parts in their order. @returns 32 bits of the hash, not negative */
  of(parts: readonly string[]): number {
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
    this.low = mix(low) | 0
    // Two zeros mark a cell without a key.
    this.high = mix(high) | 0 || 1
    return mix(low ^ Math.imul(high, 0x9e3779b1))
  }
}

/** Murmur3's finaliser: each bit that goes in moves about half of those that come out. */
function mix(bits: number): number {
  let hash = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
