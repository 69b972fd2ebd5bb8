// How fast held requests of a route go out: a token bucket. It starts full, but holds a tenth of a second only: a pool that serves again
// is not met by a crowd.

export interface Bucket {
  readonly tokens: number
  /** When it had them, ms. */
  readonly atMs: number
}

/** The bucket as it is now. @param bucket undefined = it was never used */
export function refilled(bucket: Bucket | undefined, perSecond: number, nowMs: number): Bucket {
  const most = Math.max(1, perSecond / 10)
  if (bucket === undefined) return { tokens: most, atMs: nowMs }
  const passedMs = Math.max(0, nowMs - bucket.atMs)
  return { tokens: Math.min(most, bucket.tokens + (passedMs * perSecond) / 1000), atMs: nowMs }
}

/** Ms until there is a whole token; 0 = there is one. */
export function untilTokenMs({ tokens }: Bucket, perSecond: number): number {
  return tokens >= 1 ? 0 : Math.ceil(((1 - tokens) * 1000) / perSecond)
}
