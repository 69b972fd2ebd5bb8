// The bytes of the cache, in blocks of one size: which entry has which. A block is taken by compare-exchange, so nobody waits for anybody;
// who its owner is stands beside it, so what a dead worker was about to write is found again.

/** A file of an ERP has 2 to 20 KB, a bundle 1 to 5 MB. */
export const BLOCK_BYTES = 8192

const NOBODY = 0
const END = -1
const INTS_PER_BLOCK = 2

export class CacheBlocks {
  readonly #count: number
  /** By block: its owner's cell + 1, and the next block of the same entry. */
  readonly #ints: Int32Array
  readonly #bytes: Uint8Array
  /** Blocks that nobody has: a hint, which says whether looking for one is worth it. */
  readonly #free: Int32Array
  /** Where this thread looks first. */
  #hint: number

  /** Of `count` blocks, without the bytes themselves; a multiple of 8. */
  static indexBytes(count: number): number {
    return (2 + count * INTS_PER_BLOCK) * 4
  }

  /** To be called once for new memory. */
  static clear(buffer: SharedArrayBuffer, indexAt: number, count: number): void {
    new Int32Array(buffer, indexAt, 1)[0] = count
  }

  /** @param thread begins to look where no other does */
  constructor(buffer: SharedArrayBuffer, indexAt: number, bytesAt: number, count: number, thread: number) {
    this.#count = count
    this.#free = new Int32Array(buffer, indexAt, 1)
    this.#ints = new Int32Array(buffer, indexAt + 8, count * INTS_PER_BLOCK)
    this.#bytes = new Uint8Array(buffer, bytesAt, count * BLOCK_BYTES)
    this.#hint = Math.floor((thread * count) / 8) % count
  }

  get total(): number {
    return this.#count
  }

  /** The entry gets one more. @param after its last one so far; -1 = it has none @returns -1 where none is free */
  take(cell: number, after: number): number {
    if (Atomics.load(this.#free, 0) <= 0) return -1
    for (let looked = 0; looked < this.#count; looked += 1) {
      const block = this.#hint
      this.#hint = block + 1 === this.#count ? 0 : block + 1
      if (Atomics.load(this.#ints, block * INTS_PER_BLOCK) !== NOBODY) continue
      if (Atomics.compareExchange(this.#ints, block * INTS_PER_BLOCK, NOBODY, cell + 1) !== NOBODY) continue
      Atomics.sub(this.#free, 0, 1)
      this.#ints[block * INTS_PER_BLOCK + 1] = END
      if (after !== -1) this.#ints[after * INTS_PER_BLOCK + 1] = block
      return block
    }
    Atomics.store(this.#free, 0, 0)
    return -1
  }

  /** The blocks of an entry, in their order. */
  chain(first: number, count: number): Int32Array {
    const blocks = new Int32Array(count)
    for (let i = 0, block = first; i < count && block !== END; i += 1) {
      blocks[i] = block
      block = this.#ints[block * INTS_PER_BLOCK + 1]!
    }
    return blocks
  }

  /** Gives back all that an entry has. @param first -1 = none */
  release(cell: number, first: number): void {
    if (first !== END) this.#hint = first
    for (let block = first; block !== END; ) {
      // It may be another's the moment it is free.
      const next = this.#ints[block * INTS_PER_BLOCK + 1]!
      if (!this.#giveBack(block, cell)) return
      block = next
    }
  }

  /** Gives back all blocks whose owner is one of these cells: a dead worker may have left a chain without its end. */
  releaseAll(cells: ReadonlySet<number>): void {
    for (let block = 0; block < this.#count; block += 1) {
      const owner = Atomics.load(this.#ints, block * INTS_PER_BLOCK)
      if (owner !== NOBODY && cells.has(owner - 1)) this.#giveBack(block, owner - 1)
    }
  }

  #giveBack(block: number, cell: number): boolean {
    if (Atomics.compareExchange(this.#ints, block * INTS_PER_BLOCK, cell + 1, NOBODY) !== cell + 1) return false
    Atomics.add(this.#free, 0, 1)
    return true
  }

  put(block: number, at: number, from: Uint8Array): void {
    this.#bytes.set(from, block * BLOCK_BYTES + at)
  }

  /** Copies bytes `start` to `end` of an entry. */
  copy(blocks: Int32Array, start: number, end: number, to: Uint8Array): void {
    for (let at = start; at < end; ) {
      const offset = at % BLOCK_BYTES
      const bytes = Math.min(BLOCK_BYTES - offset, end - at)
      const from = blocks[(at - offset) / BLOCK_BYTES]! * BLOCK_BYTES + offset
      to.set(this.#bytes.subarray(from, from + bytes), at - start)
      at += bytes
    }
  }
}
