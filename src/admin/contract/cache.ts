// What may be read of the cache, and asked of it. Control implements it.

import type { CacheSelection } from '../../policy/cache/selection.ts'
import type { Refusal } from '../../util/refusal.ts'
import type { Done, Recording } from './operations.ts'

export interface CacheReport {
  readonly entries: number
  /** In use, in whole blocks of memory; and how many there may be. */
  readonly bytes: number
  readonly capacityBytes: number
  /** How long ago the oldest was stored, seconds; null = there is nothing. */
  readonly oldestS: number | null
  /** Since the start, those that had to go for others. */
  readonly evicted: number
}

export interface CacheEntryReport {
  readonly pool: string
  readonly scheme: string
  readonly host: string
  /** With its query. */
  readonly target: string
  readonly status: number
  /** Of the body. */
  readonly bytes: number
  /** How old it is, and how long it is fresh, seconds. */
  readonly ageS: number
  readonly freshS: number
  readonly hits: number
  /** Fields of requests by which it was chosen. */
  readonly variesBy: readonly string[]
}

export interface CacheList {
  /** Of those that were asked for. */
  readonly total: number
  /** Those asked for most come first. */
  readonly entries: readonly CacheEntryReport[]
}

export interface PurgeOrder extends Recording {
  readonly by: string
  /** One line. */
  readonly reason: string | undefined
}

export type PurgeResult = (Done & { readonly purged: number }) | Refusal

export interface CacheControl {
  report(): CacheReport
  /** @param limit most entries */
  list(selection: CacheSelection, limit: number): CacheList
  /** Drops what matches, for good: who asks next asks its upstream. */
  purge(selection: CacheSelection, order: PurgeOrder): Promise<PurgeResult>
}
