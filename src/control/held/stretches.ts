// When requests of a route begin to be held and when none waits any more, and what became of them in between. An end counts once it has
// lasted: counts are up to a second old, and a route that empties and fills again is one stretch.

import type { HeldCounts } from '../../held/contract.ts'
import type { HeldTally } from './pause-event.ts'
import { tallyOf, tallySince } from './tally.ts'

export interface EndedStretch {
  readonly route: string
  /** Epoch ms. */
  readonly sinceMs: number
  readonly untilMs: number
  readonly tally: HeldTally | undefined
}

interface Stretch {
  readonly sinceMs: number
  readonly before: HeldTally | undefined
  /** None waits; undefined = some do. */
  emptyMs: number | undefined
}

const LASTS_MS = 2_000

export class Stretches {
  readonly #stretches = new Map<string, Stretch>()

  /** @returns false where it goes on */
  began(route: string, counts: HeldCounts, atMs: number): boolean {
    const known = this.#stretches.get(route)
    if (known !== undefined) {
      known.emptyMs = undefined
      return false
    }
    const now = counts.get(route)
    // Those that are held already may be counted, or not yet.
    const before = now && tallyOf({ ...now.totals, held: Math.max(0, now.totals.held - now.waiting) })
    this.#stretches.set(route, { sinceMs: atMs, before, emptyMs: undefined })
    return true
  }

  emptied(route: string, atMs: number): void {
    const stretch = this.#stretches.get(route)
    if (stretch !== undefined) stretch.emptyMs = atMs
  }

  /** Those that have ended since the last look. */
  ended(counts: HeldCounts, nowMs: number): readonly EndedStretch[] {
    const ended: EndedStretch[] = []
    for (const [route, { sinceMs, before, emptyMs }] of this.#stretches) {
      if (emptyMs === undefined || nowMs - emptyMs < LASTS_MS) continue
      const now = counts.get(route)?.totals
      this.#stretches.delete(route)
      ended.push({ route, sinceMs, untilMs: emptyMs, tally: now && tallySince(before, now) })
    }
    return ended
  }
}
