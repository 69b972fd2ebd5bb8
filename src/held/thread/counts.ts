// How many requests of each route are held, and what became of those before, as control is told.

import type { HeldCounts, RouteCounts } from '../contract.ts'
import type { HeldIndex } from './held-index.ts'
import type { Tallies } from './tallies.ts'

export function heldCounts(index: HeldIndex, tallies: Tallies, nowMs: number): HeldCounts {
  const oldest = new Map<string, number>()
  for (const { state, receivedMs, queue } of index.entries.values()) {
    if (state === 'waiting') oldest.set(queue.route, Math.min(receivedMs, oldest.get(queue.route) ?? receivedMs))
  }
  const counts = new Map<string, RouteCounts>()
  for (const [name, route] of index.routes) {
    const { waiting, sending, inDoubt, dead, bytes } = route
    counts.set(name, {
      waiting,
      sending,
      inDoubt,
      dead,
      bytes,
      oldestMs: oldest.get(name),
      emptyMs: waiting + sending === 0 ? undefined : route.expectedMs(waiting, nowMs),
      totals: tallies.of(name),
    })
  }
  return counts
}
