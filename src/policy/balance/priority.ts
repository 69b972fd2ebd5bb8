// How much of a pool's load each priority level carries. Without a factor all of it goes to the first level that can serve at all, as with
// HAProxy's `backup`; with one a level leaves to the next what it can't carry, which is Envoy's rule. A balancer then chooses within a level.

export interface PriorityLevel {
  /** Upstreams of the level that count (or the sum of their weights). */
  readonly total: number
  /** Those of them that are available, in the same measure. */
  readonly available: number
}

/**
 * Share of the load of each level, in the order given (first = highest priority). Sums to 1 where anything is
 * available; all 0 where nothing is.
 * @param factor a level carries everything while its available share times this is >= 1; undefined = while anything of it is available
 */
export function levelLoads(levels: readonly PriorityLevel[], factor: number | undefined): number[] {
  const capacities = levels.map(({ total, available }) => {
    if (available <= 0) return 0
    return factor === undefined ? 1 : Math.min(1, (factor * available) / total)
  })
  const sum = capacities.reduce((a, b) => a + b, 0)
  // Where all levels together can't carry the load, each takes its share of what there is.
  const scale = sum > 0 && sum < 1 ? 1 / sum : 1
  let rest = 1
  return capacities.map(capacity => {
    const load = Math.min(rest, capacity * scale)
    rest -= load
    return load
  })
}

/**
 * As `levelLoads`, with all of the load on the levels from `floor` on. Those before it count only where nothing else is
 * available: an error helps nobody.
 */
export function levelLoadsFrom(levels: readonly PriorityLevel[], factor: number | undefined, floor: number): number[] {
  if (floor <= 0) return levelLoads(levels, factor)
  const loads = levelLoads(levels.slice(floor), factor)
  if (!loads.some(load => load > 0)) return levelLoads(levels, factor)
  return levels.map((_, at) => loads[at - floor] ?? 0)
}

/** Index of the level for one request, or -1 where all loads are 0. @param random01 uniform in [0, 1) */
export function pickLevel(loads: readonly number[], random01: number): number {
  let level = -1
  let below = 0
  for (let i = 0; i < loads.length; i += 1) {
    const load = loads[i]!
    if (load <= 0) continue
    level = i
    below += load
    if (random01 < below) return i
  }
  // Rounding may leave the sum a hair below 1: the last level that carries load takes what is above.
  return level
}
