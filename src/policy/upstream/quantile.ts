// A quantile of what a histogram with fixed buckets has counted, as Prometheus' histogram_quantile takes it.

/**
 * Interpolated within the bucket it falls into; the highest bound where it lies beyond. Undefined where nothing was counted.
 * @param bounds upper bounds, ascending
 * @param counts by bucket, not cumulative; one longer than `bounds`
 * @param q 0..1
 */
export function quantile(bounds: readonly number[], counts: readonly number[], q: number): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total <= 0) return undefined
  const rank = q * total
  let below = 0
  for (const [at, bound] of bounds.entries()) {
    const count = counts[at]!
    if (below + count >= rank && count > 0) {
      const from = at === 0 ? 0 : bounds[at - 1]!
      return from + ((bound - from) * (rank - below)) / count
    }
    below += count
  }
  return bounds.at(-1)
}
