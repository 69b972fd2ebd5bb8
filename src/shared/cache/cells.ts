// The index of the cache: which cell has which entry. Nobody waits for a lock: a cell changes hands by compare-exchange on its word, and who
// reads an entry has it pinned. What is pinned is never overwritten, so nobody ever reads half of one entry and half of another.

import { SeededHash } from '../seeded-hash.ts'
import { CacheBlocks } from './blocks.ts'
import { busyOf, CELL, CELL_INTS, type CellFacts, inState, nextUse, ownerOf, STATE, stateOf } from './cell.ts'
import { BUCKET_CELLS, type CacheBuffer, HEADER, HEADER_INTS, layoutOf } from './layout.ts'

export class CacheCells {
  /** How many there are: an index into what a worker keeps beside them. */
  readonly count: number
  readonly blocks: CacheBlocks
  readonly header: Int32Array
  readonly hash: SeededHash
  readonly #words: Int32Array
  readonly #epochs: Int32Array
  /** By thread and cell: how many readers there are. */
  readonly #pins: readonly Int32Array[]
  readonly #own: Int32Array
  readonly #buckets: number
  readonly #thread: number
  /** Of the key that was taken last. */
  bucket = 0

  constructor({ buffer, bytes }: CacheBuffer, workers: number, thread: number) {
    const { blocks, buckets, cells, epochsAt, cellsAt, pinsAt, blocksAt, bytesAt } = layoutOf(bytes)
    this.header = new Int32Array(buffer, 0, HEADER_INTS)
    this.#epochs = new Int32Array(buffer, epochsAt, buckets)
    this.#words = new Int32Array(buffer, cellsAt, cells * CELL_INTS)
    const pinsOf = (at: number) => new Int32Array(buffer, pinsAt + at * cells * 4, cells)
    this.#pins = Array.from({ length: workers + 1 }, (_, at) => pinsOf(at))
    this.#own = this.#pins[thread]!
    this.blocks = new CacheBlocks(buffer, blocksAt, bytesAt, blocks, thread)
    this.hash = new SeededHash(this.header)
    this.#buckets = buckets
    this.count = cells
    this.#thread = thread
  }

  /** Takes a key for what follows. */
  aim(key: readonly string[]): void {
    this.bucket = this.hash.of(key) % this.#buckets
  }

  /** The next cell with an entry of the key, after `after` (-1 = the first one); -1 = there is none. Another key may be taken for it: compare. */
  next(after: number): number {
    const { low, high } = this.hash
    const end = (this.bucket + 1) * BUCKET_CELLS
    for (let cell = after === -1 ? this.bucket * BUCKET_CELLS : after + 1; cell < end; cell += 1) {
      const at = cell * CELL_INTS
      if (this.#words[at + CELL.low] !== low || this.#words[at + CELL.high] !== high) continue
      if (stateOf(this.word(cell)) === STATE.live) return cell
    }
    return -1
  }

  /** What tells one entry in a cell from the next. */
  word(cell: number): number {
    return Atomics.load(this.#words, cell * CELL_INTS)
  }

  get(cell: number, which: number): number {
    return this.#words[cell * CELL_INTS + which]!
  }

  set(cell: number, which: number, value: number): void {
    this.#words[cell * CELL_INTS + which] = value
  }

  add(cell: number, which: number, by: number): void {
    Atomics.add(this.#words, cell * CELL_INTS + which, by)
  }

  facts(cell: number): CellFacts {
    return {
      cell,
      word: this.word(cell),
      metaBytes: this.get(cell, CELL.metaBytes),
      bodyBytes: this.get(cell, CELL.bodyBytes),
      storedS: this.get(cell, CELL.storedS),
      usedS: this.get(cell, CELL.usedS),
      worthlessS: this.get(cell, CELL.worthlessS),
      hits: this.get(cell, CELL.hits),
    }
  }

  // ---- readers ----

  /** From here to `unpin` the entry is not overwritten. @returns false where it has gone */
  pin(cell: number, word: number): boolean {
    Atomics.add(this.#own, cell, 1)
    if (this.word(cell) === word && stateOf(word) === STATE.live) return true
    this.unpin(cell)
    return false
  }

  unpin(cell: number): void {
    Atomics.sub(this.#own, cell, 1)
    if (stateOf(this.word(cell)) === STATE.dead) this.#reclaim(cell)
  }

  isPinned(cell: number): boolean {
    return this.#pins.some(row => Atomics.load(row, cell) !== 0)
  }

  // ---- hands ----

  /** Makes a free cell this thread's, for the key. @returns false where it is another's */
  take(cell: number): boolean {
    const word = this.word(cell)
    if (stateOf(word) !== STATE.free || !this.#exchange(cell, word, nextUse(word, this.#thread))) return false
    this.set(cell, CELL.first, -1)
    this.set(cell, CELL.low, this.hash.low)
    this.set(cell, CELL.high, this.hash.high)
    return true
  }

  /** Lets everybody find the entry in a cell of this thread's. @returns its word from now on */
  show(cell: number): number {
    const live = inState(this.word(cell), STATE.live)
    Atomics.store(this.#words, cell * CELL_INTS, live)
    return live
  }

  /** Nobody finds the entry any more; its bytes are free as soon as nobody reads them. @returns false where it had gone */
  drop(cell: number, word: number): boolean {
    if (stateOf(word) !== STATE.live || !this.#exchange(cell, word, inState(word, STATE.dead))) return false
    this.#reclaim(cell)
    return true
  }

  #reclaim(cell: number): void {
    const word = this.word(cell)
    if (stateOf(word) !== STATE.dead || this.isPinned(cell)) return
    if (this.#exchange(cell, word, busyOf(word, this.#thread))) this.takeApart(cell)
  }

  /** A busy cell of this thread's is free from here on. */
  takeApart(cell: number): void {
    this.blocks.release(cell, this.get(cell, CELL.first))
    this.#free(cell)
  }

  #free(cell: number): void {
    this.set(cell, CELL.low, 0)
    this.set(cell, CELL.high, 0)
    Atomics.store(this.#words, cell * CELL_INTS, inState(this.word(cell), STATE.free))
  }

  #exchange(cell: number, from: number, to: number): boolean {
    return Atomics.compareExchange(this.#words, cell * CELL_INTS, from, to) === from
  }

  /** Control only, after a worker has ended: what it read and wrote is free again. */
  forget(worker: number): void {
    const left = new Set<number>()
    for (let cell = 0; cell < this.count; cell += 1) {
      if (Atomics.exchange(this.#pins[worker]!, cell, 0) !== 0) this.#reclaim(cell)
      const word = this.word(cell)
      if (stateOf(word) === STATE.busy && ownerOf(word) === worker) left.add(cell)
    }
    if (left.size === 0) return
    this.blocks.releaseAll(left)
    for (const cell of left) this.#free(cell)
  }

  // ---- epochs ----

  /** Goes up with each purge, and with each invalidation in the bucket: what was asked for before it is not stored after it. */
  epochs(bucket: number): number {
    return (Atomics.load(this.header, HEADER.epoch) + Atomics.load(this.#epochs, bucket)) | 0
  }

  endEpochOfBucket(): void {
    Atomics.add(this.#epochs, this.bucket, 1)
  }

  endEpoch(): void {
    Atomics.add(this.header, HEADER.epoch, 1)
  }
}
