// How many sessions with affinity each upstream has served lately, over all workers: by linear counting, in fixed memory.
// A session is a hash; which requests belong to one is decided in proxy/pool/affinity.ts. Nothing here names a client.

import { MAX_SLOTS } from './upstream-table.ts'

/** How long a generation lasts, ms. Two are kept: a session counts for one to two of these after its last request. */
export const GENERATION_MS = 300_000

/** Counts within 2 % up to some 8,000 sessions and within 10 % up to 25,000; the most it can say is near 34,000. */
const BITS = 4096
const WORDS = BITS / 32
const INTS_PER_SLOT = 2 * WORDS
const GENERATION = 0
const HEADER_INTS = 16
/** One word for each slot: whether it has seen any session, so that the memory of the others is never touched. */
const FIRST_BITMAP = HEADER_INTS + MAX_SLOTS
const BYTES = (FIRST_BITMAP + MAX_SLOTS * INTS_PER_SLOT) * 4

export class SessionTable {
  readonly #ints: Int32Array

  /** Pages that are never touched cost nothing. */
  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(BYTES)) {
    this.#ints = new Int32Array(buffer)
  }

  get buffer(): SharedArrayBuffer {
    return this.#ints.buffer as SharedArrayBuffer
  }

  /** Workers: `slot` has served a request of `session`. @param session 32-bit hash, all its bits alike random */
  note(slot: number, session: number): void {
    const ints = this.#ints
    const at = bitmapOf(slot, Atomics.load(ints, GENERATION)) + ((session >>> 5) & (WORDS - 1))
    const bit = 1 << (session & 31)
    // Nearly every request is of a session that was seen already: a read is cheaper than a locked write.
    if ((Atomics.load(ints, at) & bit) !== 0) return
    Atomics.or(ints, at, bit)
    if (Atomics.load(ints, HEADER_INTS + slot) === 0) Atomics.store(ints, HEADER_INTS + slot, 1)
  }

  /** Whether `slot` has served this session lately. For one that it has not served it is wrong in as many of 4096 cases as it has sessions. */
  has(slot: number, session: number): boolean {
    const ints = this.#ints
    if (Atomics.load(ints, HEADER_INTS + slot) === 0) return false
    const word = (session >>> 5) & (WORDS - 1)
    const seen = Atomics.load(ints, bitmapOf(slot, 0) + word) | Atomics.load(ints, bitmapOf(slot, 1) + word)
    return (seen & (1 << (session & 31))) !== 0
  }

  /** Sessions seen on `slot` in this generation and the one before: an estimate. */
  sessions(slot: number): number {
    const ints = this.#ints
    if (Atomics.load(ints, HEADER_INTS + slot) === 0) return 0
    const [one, other] = [bitmapOf(slot, 0), bitmapOf(slot, 1)]
    let seen = 0
    for (let word = 0; word < WORDS; word += 1)
      seen += bitsIn(Atomics.load(ints, one + word) | Atomics.load(ints, other + word))
    // Whang's linear counting: n = -m ln(share of zeros). A full bitmap counts as if one zero were left.
    return Math.round(BITS * Math.log(BITS / Math.max(1, BITS - seen)))
  }

  /** Control only, every GENERATION_MS: forgets the older generation, and begins a new one in its place. */
  turn(): void {
    const ints = this.#ints
    const next = Atomics.load(ints, GENERATION) ^ 1
    for (let slot = 0; slot < MAX_SLOTS; slot += 1) {
      if (Atomics.load(ints, HEADER_INTS + slot) === 0) continue
      const from = bitmapOf(slot, next)
      for (let word = 0; word < WORDS; word += 1) Atomics.store(ints, from + word, 0)
    }
    // Cleared before anybody writes to it; a worker in the middle of `note` still writes to the former one, which counts as well.
    Atomics.store(ints, GENERATION, next)
  }
}

function bitmapOf(slot: number, generation: number): number {
  return FIRST_BITMAP + slot * INTS_PER_SLOT + generation * WORDS
}

function bitsIn(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555)
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333)
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
