// Tells of single held requests as long as they are few, and of the rest in numbers: when a pool is away for longer than they live, all of
// them die in the same second.

import type { HeldRow } from '../../held/contract.ts'
import type { HoldingNews } from './held-event.ts'

/** Of a route within a minute, one by one. */
const MOST_SINGLE = 10
const SPAN_MS = 60_000

interface Burst {
  readonly sinceMs: number
  single: number
  dead: number
  inDoubt: number
}

export class BoundedNews {
  readonly #tell: (news: HoldingNews) => void
  readonly #bursts = new Map<string, Burst>()

  constructor(tell: (news: HoldingNews) => void) {
    this.#tell = tell
  }

  /** @param nowMs monotonic */
  add(phase: 'dead' | 'in-doubt', row: HeldRow, nowMs: number): void {
    const burst = this.#bursts.getOrInsert(row.route, { sinceMs: nowMs, single: 0, dead: 0, inDoubt: 0 })
    if (burst.single < MOST_SINGLE) {
      burst.single += 1
      this.#tell({ phase, row })
    } else if (phase === 'dead') burst.dead += 1
    else burst.inDoubt += 1
  }

  /** About a second has passed. */
  tick(nowMs: number): void {
    for (const [route, burst] of this.#bursts) {
      const { dead, inDoubt, sinceMs } = burst
      if (dead + inDoubt > 0) this.#tell({ phase: 'more', route, dead, inDoubt })
      Object.assign(burst, { dead: 0, inDoubt: 0 })
      if (nowMs - sinceMs >= SPAN_MS) this.#bursts.delete(route)
    }
  }
}
