// Which slot of the shared tables stands for which pool and upstream. A slot is never given to anything else within a process:
// a worker or a scrape that is a moment late must not take one upstream's numbers for another's.

import type { PoolPlan, UpstreamPlan } from '../config/snapshot.ts'
import type { Slots } from '../shared/messages.ts'
import { MAX_SLOTS, SLOT_OF_VIGIA } from '../shared/upstream-table.ts'
import { formatAddress } from './listen-check.ts'
import { StartError } from './start-error.ts'

export class SlotAssigner {
  /** Grows only; what comes back after it was removed gets its old slot. */
  readonly #byKey = new Map<string, number>()

  /** The slots of these pools. Throws StartError, and assigns nothing, where there are not enough. */
  assign(pools: readonly PoolPlan[]): Slots {
    const keys = pools.flatMap(pool => [poolKey(pool), ...pool.upstreams.map(upstream => upstreamKey(pool, upstream))])
    const fresh = new Set(keys.filter(key => !this.#byKey.has(key)))
    const next = this.#byKey.size + SLOT_OF_VIGIA + 1
    if (next + fresh.size > MAX_SLOTS) {
      throw new StartError(
        `no room for ${fresh.size} new pools and upstreams: this process has seen ${next - 1} of at most ${MAX_SLOTS - 1}; restart it`,
        undefined,
      )
    }
    let slot = next
    for (const key of fresh) {
      this.#byKey.set(key, slot)
      slot += 1
    }
    return {
      pools: pools.map(pool => this.#byKey.get(poolKey(pool))!),
      upstreams: pools.map(pool => pool.upstreams.map(upstream => this.#byKey.get(upstreamKey(pool, upstream))!)),
    }
  }
}

/** scheme://host:port */
export function upstreamUrl({ tls, host, port }: UpstreamPlan): string {
  return `${tls === undefined ? 'http' : 'https'}://${formatAddress(host, port)}`
}

function poolKey(pool: PoolPlan): string {
  return JSON.stringify([pool.name])
}

/** The address is part of it: another machine under the same name is another upstream. */
function upstreamKey(pool: PoolPlan, upstream: UpstreamPlan): string {
  return JSON.stringify([pool.name, upstream.name, upstreamUrl(upstream)])
}
