// A snapshot made ready for this worker: route tables by listener, pools with their endpoints. Endpoints (and with them idle
// connections and what was learned) pass from one plan to the next where the upstream is the same.

import { isDeepStrictEqual } from 'node:util'
import type { RoutePlan, Snapshot } from '../config/snapshot.ts'
import type { HeadLimits } from '../http1/limits.ts'
import { compileRoutes, type RouteTable } from '../policy/routing.ts'
import { compileRpcReads, type RpcReads } from '../policy/rpc-reads.ts'
import type { CounterTable } from '../shared/counters.ts'
import type { Slots } from '../shared/messages.ts'
import type { UpstreamTable } from '../shared/upstream-table.ts'
import { inRanges } from './address-ranges.ts'
import { type Admission, admissionsOf } from './admission.ts'
import { Endpoint } from './endpoint.ts'
import { Pool } from './pool.ts'
import { Queue } from './queue.ts'
import type { Runtime } from './runtime.ts'

export interface Plan {
  readonly snapshot: Snapshot
  readonly limits: HeadLimits
  readonly routes: readonly RoutePlan[]
  readonly pools: readonly Pool[]
  /** By the slot of the pool: also those of pools that have left, which somebody may still wait in. */
  readonly queues: Map<number, Queue>
  /** By listener name. */
  readonly tables: ReadonlyMap<string, RouteTable>
  /** What each route declares as RPC reads; parallel to `routes`. */
  readonly rpcReads: readonly (RpcReads | undefined)[]
  /** Of the routes that restrict who may use them, or how often. */
  readonly admissions: ReadonlyMap<RoutePlan, Admission>
  isTrusted(address: string): boolean
}

export function compilePlan(
  snapshot: Snapshot,
  slots: Slots,
  runtime: Runtime,
  table: UpstreamTable,
  counters: CounterTable,
  before: Plan | undefined,
): Plan {
  const earlier = new Map<number, Endpoint>()
  for (const pool of before?.pools ?? []) for (const endpoint of pool.endpoints) earlier.set(endpoint.slot, endpoint)
  const queues = before?.queues ?? new Map<number, Queue>()
  const pools = snapshot.pools.map((plan, p) => {
    const endpoints = plan.upstreams.map((upstream, u) => {
      const slot = slots.upstreams[p]![u]!
      const same = earlier.get(slot)
      if (!same || !isDeepStrictEqual(same.plan, upstream)) return new Endpoint(slot, upstream, plan, runtime)
      earlier.delete(slot)
      return same
    })
    const slot = slots.pools[p]!
    const queue = queues.get(slot) ?? new Queue(slot, runtime.places, table, runtime.row)
    queues.set(slot, queue)
    return new Pool(plan, slot, endpoints, table, counters, queue, runtime)
  })
  for (const endpoint of earlier.values()) endpoint.retire()
  const matches = snapshot.routes.map(route => route.match)
  return {
    snapshot,
    limits: snapshot.limits,
    routes: snapshot.routes,
    pools,
    queues,
    tables: new Map(snapshot.listeners.map(({ name }) => [name, compileRoutes(matches, name)])),
    rpcReads: snapshot.routes.map(({ retry }) => retry?.rpcReads && compileRpcReads(retry.rpcReads)),
    admissions: admissionsOf(snapshot.routes, runtime, slots.pools),
    isTrusted: inRanges(snapshot.trustedProxies),
  }
}
