// Median, spread and per-round ratios of measured figures. Pure.

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** Undefined for no values. */
export function spread(values: readonly number[]): Spread | undefined {
  const sorted = values.filter(Number.isFinite).toSorted((a, b) => a - b)
  const [min, max] = [sorted[0], sorted.at(-1)]
  if (min === undefined || max === undefined) return undefined
  const middle = sorted.length / 2
  const [low, high] = [sorted[Math.ceil(middle) - 1] ?? min, sorted[Math.floor(middle)] ?? max]
  return { median: (low + high) / 2, min, max }
}

/** Value over reference within each round: what slows a whole round down (a noisy neighbour) cancels out. */
export function ratios(values: readonly number[], references: readonly number[]): number[] {
  return values.flatMap((value, round) => {
    const reference = references[round]
    return reference === undefined || reference === 0 ? [] : [value / reference]
  })
}
