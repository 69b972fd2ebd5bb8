// For pools with `failback: manual`: the first priority level that may get load. Load moves down by itself when it has to, and
// up again only when an operator says so, or when it has nowhere else to go. Which share a level then gets is priority.ts.

/** A priority level, as control sees it. First = highest priority. */
export interface LevelState {
  /** Something of it gets new work. */
  readonly available: boolean
  /** Something of it has no verdict yet. */
  readonly unknown: boolean
}

/**
 * The floor that follows from `floor`: the first level from there on that can carry load, once every level before it has a
 * verdict (a start or a reload must not look like an outage). Where nothing from the floor on is available, the first level that
 * is. Load that had to move stays there: two changes never follow from one state.
 */
export function nextFloor(levels: readonly LevelState[], floor: number): number {
  const from = Math.min(floor, Math.max(0, levels.length - 1))
  const below = firstAvailable(levels, from)
  if (below !== -1) return levels.slice(from, below).some(level => level.unknown) ? from : below
  const any = firstAvailable(levels, 0)
  if (any === -1) return from
  const undecided = levels.some((level, at) => level.unknown && (at < any || at >= from))
  return undecided ? from : any
}

function firstAvailable(levels: readonly LevelState[], from: number): number {
  for (let at = from; at < levels.length; at += 1) if (levels[at]!.available) return at
  return -1
}
