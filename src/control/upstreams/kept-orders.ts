// Orders of operators from before a restart, for upstreams that the configuration did not name then: an order is for a name, and counts
// once a reload brings that name. Keeps them; who gives and lifts them is not its business.

import type { Hold } from '../../policy/upstream/holds.ts'
import type { WeightOverride } from '../../policy/upstream/weight-override.ts'
import type { Entry } from './entry.ts'

export interface KeptOrder {
  readonly hold?: Hold | undefined
  readonly weight?: WeightOverride | undefined
}

export class KeptOrders {
  readonly #orders = new Map<string, KeptOrder>()

  put(pool: string, upstream: string, order: KeptOrder): void {
    const key = keyOf(pool, upstream)
    this.#orders.set(key, { ...this.#orders.get(key), ...order })
  }

  /** It has come back: from now on it carries its orders itself. */
  take(pool: string, upstream: string): Pick<Entry, 'holds' | 'weightOverride'> {
    const key = keyOf(pool, upstream)
    const { hold, weight } = this.#orders.get(key) ?? {}
    this.#orders.delete(key)
    return { holds: hold === undefined ? [] : [hold], weightOverride: weight }
  }
}

/** Neither name may hold a slash. */
function keyOf(pool: string, upstream: string): string {
  return `${pool}/${upstream}`
}
