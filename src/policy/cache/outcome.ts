// What a cache was to a request, for log and counters.

export const CACHE_OUTCOMES = [
  /** Answered from what is stored. */
  'hit',
  /** Likewise, though it is stale: its upstream fails, a window is open, or somebody is asking meanwhile. */
  'stale',
  /** Its upstream has confirmed what is stored. */
  'revalidated',
  /** Its upstream has answered. */
  'miss',
  /** It can't be answered from what is stored. */
  'bypass',
] as const
export type CacheOutcome = (typeof CACHE_OUTCOMES)[number]
