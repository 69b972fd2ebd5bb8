// What is cached, in numbers and one by one.

import type { CacheEntryReport, CacheList, CacheReport } from '../../admin/contract/cache.ts'
import { type CacheSelection, hostOf, isSelected } from '../../policy/cache/selection.ts'
import { normalisePath } from '../../policy/request/routing.ts'
import type { CacheMemory } from '../../shared/cache/memory.ts'
import { type StoredMeta, storedEntries } from '../../shared/cache/meta.ts'
import { processNowMs } from '../../shared/process-clock.ts'

export function cacheReport(memory: CacheMemory): CacheReport {
  const { oldestS, ...sums } = memory.sums()
  const nowS = Math.floor(processNowMs() / 1000)
  return { ...sums, oldestS: oldestS === undefined ? null : Math.max(0, nowS - oldestS) }
}

export function cacheList(memory: CacheMemory, selection: CacheSelection, limit: number): CacheList {
  const nowMs = processNowMs()
  const found = [...storedEntries(memory)].filter(({ meta }) => isSelected(selection, meta.key, normalisePath))
  const entries = found
    .toSorted((a, b) => b.hits - a.hits)
    .slice(0, limit)
    .map(({ meta, bodyBytes, hits }) => entryReport(meta, bodyBytes, hits, nowMs))
  return { total: found.length, entries }
}

function entryReport(
  { key: [pool, origin, target], status, keep, storedMs }: StoredMeta,
  bytes: number,
  hits: number,
  nowMs: number,
): CacheEntryReport {
  const scheme = origin.slice(0, origin.indexOf(':'))
  const ageS = Math.floor(keep.ageS + Math.max(0, nowMs - storedMs) / 1000)
  const freshS = Math.floor(keep.lifetimeS)
  return { pool, scheme, host: hostOf(origin), target, status, bytes, ageS, freshS, hits, variesBy: keep.variesBy }
}

export function countSelected(memory: CacheMemory, selection: CacheSelection): number {
  let count = 0
  for (const { meta } of storedEntries(memory)) if (isSelected(selection, meta.key, normalisePath)) count += 1
  return count
}

/** What is being fetched is not stored either. */
export function dropSelected(memory: CacheMemory, selection: CacheSelection): void {
  memory.endEpoch()
  for (const { meta, cell, word } of storedEntries(memory))
    if (isSelected(selection, meta.key, normalisePath)) memory.drop(cell, word)
}
