// Which slot of the shared tables stands for which pool and upstream. A slot is never given to anything else within a process:
// a worker or a scrape that is a moment late must not take one upstream's numbers for another's.

import type { PoolPlan, UpstreamPlan } from '../../plan/pool.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import { MAX_ROUTES, ROUTE_OF_NONE } from '../../shared/counter-cells.ts'
import type { Slots } from '../../shared/messages.ts'
import { MAX_SLOTS, SLOT_OF_VIGIA } from '../../shared/upstream-table.ts'
import { hostPort } from '../../util/words.ts'
import { CannotServe } from '../workers/cannot-serve.ts'

export class SlotAssigner {
  /** Grows only; what comes back after it was removed gets its old slot. */
  readonly #byKey = new Map<string, number>()
  /** Likewise, of routes; there is always room, if only for sharing. */
  readonly #routes = new Map<string, number>()

  /** The slots of these pools and routes. Throws CannotServe, and assigns nothing, where there are not enough. */
  assign({ pools, routes }: Pick<Snapshot, 'pools' | 'routes'>): Slots {
    const keys = pools.flatMap(pool => [poolKey(pool), ...pool.upstreams.map(upstream => upstreamKey(pool, upstream))])
    const fresh = new Set(keys.filter(key => !this.#byKey.has(key)))
    const next = this.#byKey.size + SLOT_OF_VIGIA + 1
    if (next + fresh.size > MAX_SLOTS) {
      throw new CannotServe(
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
      routes: routes.map(({ name, pool }) => this.#routeSlot(JSON.stringify([name, pools[pool]?.name]))),
    }
  }

  #routeSlot(key: string): number {
    const known = this.#routes.get(key)
    if (known !== undefined) return known
    const slot = this.#routes.size + ROUTE_OF_NONE + 1
    if (slot >= MAX_ROUTES) return ROUTE_OF_NONE
    this.#routes.set(key, slot)
    return slot
  }
}

/** scheme://host:port */
export function upstreamUrl({ tls, host, port }: UpstreamPlan): string {
  return `${tls === undefined ? 'http' : 'https'}://${hostPort(host, port)}`
}

function poolKey(pool: PoolPlan): string {
  return JSON.stringify([pool.name])
}

/** The address is part of it: another machine under the same name is another upstream. */
function upstreamKey(pool: PoolPlan, upstream: UpstreamPlan): string {
  return JSON.stringify([pool.name, upstream.name, upstreamUrl(upstream)])
}
