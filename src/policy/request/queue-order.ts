// The order of those that wait: by the route's priority, then first come, first served. A lane holds those that wait for the same
// thing (any upstream of a pool, or one certain upstream); who waits for one of several stands in several lanes.

export interface Waits {
  /** Lower comes first; no two are alike. */
  readonly rank: number
  /** What it waits for: it leaves all lanes as soon as it gets a place in one. */
  readonly lanes: readonly number[]
}

/** Tickets below this keep the order exact: at a million a second, for four years. */
const TICKETS = 2 ** 47
/** Priorities beyond it count as this: with tickets below 2^47 a rank is an integer below 2^53. */
const MOST_PRIORITY = 31

/** A positive integer. @param priority lower is served first @param ticket goes up with each arrival, over all workers */
export function rankOf(priority: number, ticket: number): number {
  const bounded = Math.max(-MOST_PRIORITY, Math.min(MOST_PRIORITY, Math.trunc(priority)))
  return (bounded + MOST_PRIORITY) * TICKETS + (ticket % (TICKETS - 1)) + 1
}

export class Lanes<T extends Waits> {
  readonly #lanes = new Map<number, T[]>()
  #size = 0

  /** How many wait. */
  get size(): number {
    return this.#size
  }

  add(waiter: T): void {
    this.#size += 1
    for (const key of waiter.lanes) {
      const lane = this.#lanes.get(key)
      if (lane) lane.splice(placeOf(lane, waiter.rank), 0, waiter)
      else this.#lanes.set(key, [waiter])
    }
  }

  remove(waiter: T): void {
    this.#size -= 1
    for (const key of waiter.lanes) {
      const lane = this.#lanes.get(key)!
      lane.splice(placeOf(lane, waiter.rank), 1)
      if (lane.length === 0) this.#lanes.delete(key)
    }
  }

  /** Who comes first in a lane. */
  first(lane: number): T | undefined {
    return this.#lanes.get(lane)?.[0]
  }

  /** Whose turn it is, those lanes apart that are stuck: nobody passes the first of his lane. */
  next(stuck: ReadonlySet<number>): { readonly waiter: T; readonly lane: number } | undefined {
    let next: { readonly waiter: T; readonly lane: number } | undefined
    for (const [lane, [waiter]] of this.#lanes) {
      if (!stuck.has(lane) && (next === undefined || waiter!.rank < next.waiter.rank)) next = { waiter: waiter!, lane }
    }
    return next
  }
}

/** Index of the first with this rank or a higher one. */
function placeOf(lane: readonly Waits[], rank: number): number {
  let low = 0
  let high = lane.length
  // Most arrive at the end.
  if (high > 0 && lane[high - 1]!.rank < rank) return high
  while (low < high) {
    const middle = (low + high) >>> 1
    if (lane[middle]!.rank < rank) low = middle + 1
    else high = middle
  }
  return low
}
