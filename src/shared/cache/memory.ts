// What is cached, for all workers: entries of some fields and a body, in a bounded number of bytes. Where one needs room, others go
// (policy/cache/eviction.ts). What an entry says, its user knows.

import { evictionRank } from '../../policy/cache/eviction.ts'
import { BLOCK_BYTES } from './blocks.ts'
import { CELL, type CellFacts, STATE, stateOf } from './cell.ts'
import { CacheCells } from './cells.ts'
import { CacheFlights, type Flight } from './flights.ts'
import { BUCKET_CELLS, type CacheBuffer, HEADER, layoutOf } from './layout.ts'

/** Entries that are compared for one that is to go. */
const COMPARED = 32
/** Of one key. */
const MOST_VARIANTS = 8

/** An entry that is being written. Its bytes are its fields, then its body. */
export interface Writing {
  readonly cell: number
  readonly bucket: number
  last: number
  bytes: number
}

/** What becomes known when it is complete. */
export interface Written {
  readonly metaBytes: number
  readonly bodyBytes: number
  /** By the clock of the process, seconds. */
  readonly nowS: number
  readonly worthlessS: number
  /** Hash of what the variant is chosen by. */
  readonly variant: number
  /** See `epochs`: as they were before the upstream was asked. */
  readonly epochs: number
}

/** Of all that is stored. */
export interface CacheSums {
  readonly entries: number
  /** In use, in whole blocks. */
  readonly bytes: number
  readonly capacityBytes: number
  /** When the oldest was stored, by the clock of the process, seconds; undefined = there is nothing. */
  readonly oldestS: number | undefined
  /** Entries that had to go for others. */
  readonly evicted: number
}

export class CacheMemory {
  readonly #cells: CacheCells
  readonly #flights: CacheFlights

  /** @param thread index of the worker; control is the one after the last */
  constructor(shared: CacheBuffer, workers: number, thread: number) {
    this.#cells = new CacheCells(shared, workers, thread)
    this.#flights = new CacheFlights(shared.buffer, layoutOf(shared.bytes).flightsAt, thread)
  }

  get cells(): number {
    return this.#cells.count
  }

  // ---- the key that is aimed at ----

  /** Takes a key for what follows. */
  aim(key: readonly string[]): void {
    this.#cells.aim(key)
  }

  /** See CacheCells.next. */
  next(after: number): number {
    return this.#cells.next(after)
  }

  /** See CacheCells.epochs. */
  epochs(): number {
    return this.#cells.epochs(this.#cells.bucket)
  }

  /** Begins a fetch for the key, or says that another worker has. */
  beginFlight(): Flight {
    return this.#flights.begin(this.#cells.hash.low, this.#cells.hash.high)
  }

  /** Drops all variants of the key, and what is being fetched for it. @returns how many there were */
  invalidate(): number {
    this.#cells.endEpochOfBucket()
    let dropped = 0
    for (let cell = this.next(-1); cell !== -1; cell = this.next(cell))
      if (this.drop(cell, this.word(cell))) dropped += 1
    return dropped
  }

  // ---- entries ----

  /** What tells one entry in a cell from the next. */
  word(cell: number): number {
    return this.#cells.word(cell)
  }

  /** See CacheCells.pin. */
  pin(cell: number, word: number): boolean {
    return this.#cells.pin(cell, word)
  }

  unpin(cell: number): void {
    this.#cells.unpin(cell)
  }

  /** Pinned entries only. */
  facts(cell: number): CellFacts {
    return this.#cells.facts(cell)
  }

  /** Pinned entries only. */
  blocksOf(cell: number): Int32Array {
    const bytes = this.#cells.get(cell, CELL.metaBytes) + this.#cells.get(cell, CELL.bodyBytes)
    return this.#cells.blocks.chain(this.#cells.get(cell, CELL.first), Math.ceil(bytes / BLOCK_BYTES))
  }

  /** Pinned entries only: bytes `start` to `end`, fields first. */
  copy(blocks: Int32Array, start: number, end: number, to: Uint8Array): void {
    this.#cells.blocks.copy(blocks, start, end, to)
  }

  /** Notes that it was given to a client. @param nowS by the clock of the process */
  used(cell: number, nowS: number): void {
    if (this.#cells.get(cell, CELL.usedS) !== nowS) this.#cells.set(cell, CELL.usedS, nowS)
    this.#cells.add(cell, CELL.hits, 1)
  }

  /** See CacheCells.drop. */
  drop(cell: number, word: number): boolean {
    return this.#cells.drop(cell, word)
  }

  // ---- writing ----

  /** Begins an entry of the key. @param nowS see `used` @returns undefined where no cell can be had */
  claim(nowS: number): Writing | undefined {
    const { bucket } = this.#cells
    this.#boundVariants(nowS)
    const first = bucket * BUCKET_CELLS
    for (let tries = 0; tries < 2; tries += 1) {
      for (let cell = first; cell < first + BUCKET_CELLS; cell += 1)
        if (this.#cells.take(cell)) return { cell, bucket, last: -1, bytes: 0 }
      if (!this.#push(this.#worst(this.#range(first, BUCKET_CELLS), nowS))) return undefined
    }
    return undefined
  }

  #boundVariants(nowS: number): void {
    const variants: number[] = []
    for (let cell = this.next(-1); cell !== -1; cell = this.next(cell)) variants.push(cell)
    if (variants.length >= MOST_VARIANTS) this.#push(this.#worst(variants, nowS))
  }

  /** Adds bytes `start` to `end`. @returns false where there is no room: the entry is to be abandoned */
  append(writing: Writing, chunk: Uint8Array, start: number, end: number, nowS: number): boolean {
    for (let at = start; at < end; ) {
      const offset = writing.bytes % BLOCK_BYTES
      if (offset === 0 && !this.#grow(writing, nowS)) return false
      const bytes = Math.min(BLOCK_BYTES - offset, end - at)
      this.#cells.blocks.put(writing.last, offset, chunk.subarray(at, at + bytes))
      writing.bytes += bytes
      at += bytes
    }
    return true
  }

  #grow(writing: Writing, nowS: number): boolean {
    const { blocks } = this.#cells
    let block = blocks.take(writing.cell, writing.last)
    while (block === -1) {
      if (!this.#evict(nowS)) return false
      block = blocks.take(writing.cell, writing.last)
    }
    if (writing.last === -1) this.#cells.set(writing.cell, CELL.first, block)
    writing.last = block
    return true
  }

  abandon({ cell }: Writing): void {
    this.#cells.takeApart(cell)
  }

  /** Lets everybody find it, in place of what there was of the same key and variant. @returns false where the key was invalidated meanwhile */
  publish({ cell, bucket }: Writing, written: Written): boolean {
    const cells = this.#cells
    const serial = Atomics.add(cells.header, HEADER.tickets, 1)
    cells.set(cell, CELL.metaBytes, written.metaBytes)
    cells.set(cell, CELL.bodyBytes, written.bodyBytes)
    cells.set(cell, CELL.usedS, written.nowS)
    cells.set(cell, CELL.storedS, written.nowS)
    cells.set(cell, CELL.worthlessS, written.worthlessS)
    cells.set(cell, CELL.hits, 0)
    cells.set(cell, CELL.variant, written.variant)
    cells.set(cell, CELL.serial, serial)
    const word = cells.show(cell)
    for (const other of this.#range(bucket * BUCKET_CELLS, BUCKET_CELLS)) {
      if (other === cell || !this.#isSame(other, cell)) continue
      const seen = cells.word(other)
      if (this.#isSame(other, cell) && cells.get(other, CELL.serial) - serial < 0) cells.drop(other, seen)
    }
    // Looked at last: an invalidation from here on finds it by itself.
    if (cells.epochs(bucket) === written.epochs) return true
    cells.drop(cell, word)
    return false
  }

  #isSame(cell: number, other: number): boolean {
    const same = (which: number) => this.#cells.get(cell, which) === this.#cells.get(other, which)
    return same(CELL.low) && same(CELL.high) && same(CELL.variant)
  }

  // ---- room ----

  /** Makes some. @returns false where nothing can go */
  #evict(nowS: number): boolean {
    const first = (Atomics.add(this.#cells.header, HEADER.hand, COMPARED) >>> 0) % this.cells
    return this.#push(this.#worst(this.#range(first, this.cells), nowS))
  }

  *#range(first: number, count: number): Iterable<number> {
    for (let i = 0; i < count; i += 1) yield (first + i) % this.cells
  }

  /** The entry that is to go first, of the first few; -1 = none can: what is read gives nothing back. */
  #worst(among: Iterable<number>, nowS: number): number {
    let worst = -1
    let least = Number.POSITIVE_INFINITY
    let compared = 0
    for (const cell of among) {
      if (stateOf(this.word(cell)) !== STATE.live || this.#cells.isPinned(cell)) continue
      const rank = evictionRank(this.facts(cell), nowS)
      if (worst === -1 || rank < least) {
        worst = cell
        least = rank
      }
      compared += 1
      if (compared === COMPARED) break
    }
    return worst
  }

  #push(cell: number): boolean {
    if (cell === -1 || !this.drop(cell, this.word(cell))) return false
    Atomics.add(this.#cells.header, HEADER.evicted, 1)
    return true
  }

  // ---- all of it ----

  /** Every cell with an entry. */
  *live(): Iterable<number> {
    for (let cell = 0; cell < this.cells; cell += 1) if (stateOf(this.word(cell)) === STATE.live) yield cell
  }

  /** What is being fetched now is not stored: to be called before a purge looks for its entries. */
  endEpoch(): void {
    this.#cells.endEpoch()
  }

  sums(): CacheSums {
    let entries = 0
    let blocks = 0
    let oldestS: number | undefined
    for (const cell of this.live()) {
      const { metaBytes, bodyBytes, storedS } = this.facts(cell)
      entries += 1
      blocks += Math.ceil((metaBytes + bodyBytes) / BLOCK_BYTES)
      oldestS = Math.min(oldestS ?? Number.POSITIVE_INFINITY, storedS)
    }
    const capacityBytes = this.#cells.blocks.total * BLOCK_BYTES
    const evicted = Atomics.load(this.#cells.header, HEADER.evicted)
    return { entries, bytes: blocks * BLOCK_BYTES, capacityBytes, oldestS, evicted }
  }

  // ---- flights ----

  /** A fetch of this worker is over. */
  endFlight(flight: number): void {
    this.#flights.end(flight)
  }

  /** See CacheFlights.ended. */
  flightEnded(flight: number, ms: number): Promise<void> {
    return this.#flights.ended(flight, ms)
  }

  /** Control only, after a worker has ended. */
  forget(worker: number): void {
    this.#cells.forget(worker)
    this.#flights.endAllOf(worker)
  }
}
