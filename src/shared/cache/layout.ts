// Where everything of the cache lies in its shared memory, and how much of each there is.

import { MAX_WORKERS } from '../counter-cells.ts'
import { SEED_WORDS, seedHash } from '../seeded-hash.ts'
import { BLOCK_BYTES, CacheBlocks } from './blocks.ts'
import { CELL_INTS } from './cell.ts'
import { FLIGHT_BYTES } from './flights.ts'

/** Cells in which a key may lie: all its variants, beside those of other keys. */
export const BUCKET_CELLS = 16
/** Room for so much on average: a cell costs some 70 bytes. */
const BYTES_PER_CELL = 8192
const MOST_CELLS = 65_536

/** Words of the header. The seeds come first. */
export const HEADER = {
  epoch: SEED_WORDS,
  tickets: SEED_WORDS + 1,
  hand: SEED_WORDS + 2,
  evicted: SEED_WORDS + 3,
} as const
export const HEADER_INTS = 16

export interface CacheBuffer {
  readonly buffer: SharedArrayBuffer
  /** Of what is stored, fields included. */
  readonly bytes: number
}

export interface CacheLayout {
  readonly blocks: number
  readonly buckets: number
  readonly cells: number
  readonly flightsAt: number
  readonly epochsAt: number
  readonly cellsAt: number
  readonly pinsAt: number
  readonly blocksAt: number
  readonly bytesAt: number
  readonly totalBytes: number
}

/** @param bytes of what is stored */
export function layoutOf(bytes: number): CacheLayout {
  const blocks = Math.max(1, Math.floor(bytes / BLOCK_BYTES))
  const buckets = Math.ceil(Math.min(MOST_CELLS, bytes / BYTES_PER_CELL) / BUCKET_CELLS)
  const cells = buckets * BUCKET_CELLS
  const flightsAt = HEADER_INTS * 4
  const epochsAt = flightsAt + FLIGHT_BYTES
  const cellsAt = epochsAt + buckets * 4
  const pinsAt = cellsAt + cells * CELL_INTS * 4
  const blocksAt = pinsAt + (MAX_WORKERS + 1) * cells * 4
  const bytesAt = blocksAt + CacheBlocks.indexBytes(blocks)
  const totalBytes = bytesAt + blocks * BLOCK_BYTES
  return { blocks, buckets, cells, flightsAt, epochsAt, cellsAt, pinsAt, blocksAt, bytesAt, totalBytes }
}

/** Pages that are never touched cost nothing. */
export function allocateCache(bytes: number): CacheBuffer {
  const { totalBytes, blocksAt, blocks } = layoutOf(bytes)
  const buffer = new SharedArrayBuffer(totalBytes)
  seedHash(new Int32Array(buffer, 0, SEED_WORDS))
  CacheBlocks.clear(buffer, blocksAt, blocks)
  return { buffer, bytes }
}
