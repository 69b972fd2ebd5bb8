// What a load generator saw in one run, whichever it was.

export interface LoadResult {
  readonly requests: number
  readonly requestsPerS: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  /** Connect, read, write and timeout errors, and wrong answers. */
  readonly errors: number
  /** Bytes read; with heads unless `bodiesCompared`. */
  readonly bytesRead: number
  /** Answers that are counted, but of which a part came when bytes were not counted yet, or not any more; undefined = none. */
  readonly cutOff?: number
  /** The generator compared every body with the right one; a wrong one is among the errors. */
  readonly bodiesCompared: boolean
  /** Fixed rate only: requests a second that were asked for. */
  readonly rate?: number
  /** Fixed rate only: p99 of how late the generator itself was, ms. */
  readonly lateP99Ms?: number
  /** Fixed rate only: p99 as it would look if it counted from the moment of sending, ms. */
  readonly uncorrectedP99Ms?: number
}

/** `share` of the sorted values are at or below the result (nearest rank); 0 for none. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0
}
