// What is stored of an answer beside its body, and how that is written.

import type { Keep } from '../../policy/cache/storage.ts'
import type { CellFacts } from './cell.ts'
import type { CacheMemory } from './memory.ts'

/** Pool, origin, target: to the byte as the upstream gets them, so that nobody else's spelling decides what is stored here. */
export type CacheKey = readonly [pool: string, origin: string, target: string]

export interface StoredMeta {
  readonly key: CacheKey
  /** What the request said of the names by which it varies. */
  readonly variant: string
  readonly status: number
  readonly reason: string
  readonly names: readonly string[]
  readonly values: readonly string[]
  readonly keep: Keep
  /** When it came, by the clock of the process, ms. */
  readonly storedMs: number
}

export function encodeMeta(meta: StoredMeta): Buffer {
  return Buffer.from(JSON.stringify(meta))
}

/** An entry that its reader has pinned. @returns its fields @param blocks see CacheMemory.blocksOf */
export function readMeta(memory: CacheMemory, { metaBytes }: CellFacts, blocks: Int32Array): StoredMeta {
  const bytes = Buffer.allocUnsafe(metaBytes)
  memory.copy(blocks, 0, metaBytes, bytes)
  return JSON.parse(bytes.toString()) as StoredMeta
}

/** Every entry there is, one after the other. */
export function* storedEntries(memory: CacheMemory): Iterable<CellFacts & { readonly meta: StoredMeta }> {
  for (const cell of memory.live()) {
    if (!memory.pin(cell, memory.word(cell))) continue
    const facts = memory.facts(cell)
    const meta = readMeta(memory, facts, memory.blocksOf(cell))
    memory.unpin(cell)
    yield { ...facts, meta }
  }
}
