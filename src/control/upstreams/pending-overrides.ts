// Overrides of operators from before a restart, for upstreams that the configuration does not name: an order is for a name, and counts
// once a reload brings that name. Keeps them; who gives and lifts them is not its business.

import { type Hold, movedHold } from '../../policy/upstream/holds.ts'
import type { WeightOverride } from '../../policy/upstream/weight-override.ts'

/** What operators' orders have left behind at one upstream. */
export interface Overrides {
  readonly hold?: Hold | undefined
  readonly weight?: WeightOverride | undefined
}

export class PendingOverrides {
  readonly #overrides = new Map<string, Overrides>()

  put(pool: string, upstream: string, overrides: Overrides): void {
    const key = keyOf(pool, upstream)
    this.#overrides.set(key, { ...this.#overrides.get(key), ...overrides })
  }

  /** The wall clock was set by so many ms. */
  clockStepped(byMs: number): void {
    for (const [key, { hold, weight }] of this.#overrides)
      this.#overrides.set(key, { hold: hold && movedHold(hold, byMs), weight })
  }

  /** The name has come back: from now on its entry carries them. */
  take(pool: string, upstream: string): Overrides {
    const key = keyOf(pool, upstream)
    const overrides = this.#overrides.get(key) ?? {}
    this.#overrides.delete(key)
    return overrides
  }
}

/** Neither name may hold a slash. */
function keyOf(pool: string, upstream: string): string {
  return `${pool}/${upstream}`
}
