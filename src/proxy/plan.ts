// A snapshot made ready for this worker: route tables by listener, pools with their endpoints. Endpoints (and with them idle
// connections and what was learned) pass from one plan to the next where the upstream is the same.

import { BlockList, isIP, isIPv6 } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import type { RoutePlan, Snapshot } from '../config/snapshot.ts'
import type { HeadLimits } from '../http1/limits.ts'
import { compileRoutes, type RouteTable } from '../policy/routing.ts'
import { compileRpcReads, type RpcReads } from '../policy/rpc-reads.ts'
import type { CounterTable } from '../shared/counters.ts'
import type { Slots } from '../shared/messages.ts'
import type { UpstreamTable } from '../shared/upstream-table.ts'
import { Endpoint } from './endpoint.ts'
import { Pool } from './pool.ts'
import type { Runtime } from './runtime.ts'

export interface Plan {
  readonly snapshot: Snapshot
  readonly limits: HeadLimits
  readonly routes: readonly RoutePlan[]
  readonly pools: readonly Pool[]
  /** By listener name. */
  readonly tables: ReadonlyMap<string, RouteTable>
  /** What each route declares as RPC reads; parallel to `routes`. */
  readonly rpcReads: readonly (RpcReads | undefined)[]
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
  const pools = snapshot.pools.map((plan, p) => {
    const endpoints = plan.upstreams.map((upstream, u) => {
      const slot = slots.upstreams[p]![u]!
      const same = earlier.get(slot)
      if (!same || !isDeepStrictEqual(same.plan, upstream)) return new Endpoint(slot, upstream, plan, runtime)
      earlier.delete(slot)
      return same
    })
    return new Pool(plan, slots.pools[p]!, endpoints, table, counters, runtime.row)
  })
  for (const endpoint of earlier.values()) endpoint.retire()
  const matches = snapshot.routes.map(route => route.match)
  return {
    snapshot,
    limits: snapshot.limits,
    routes: snapshot.routes,
    pools,
    tables: new Map(snapshot.listeners.map(({ name }) => [name, compileRoutes(matches, name)])),
    rpcReads: snapshot.routes.map(({ retry }) => retry?.rpcReads && compileRpcReads(retry.rpcReads)),
    isTrusted: trustOf(snapshot.trustedProxies),
  }
}

function trustOf(ranges: readonly string[]): (address: string) => boolean {
  if (ranges.length === 0) return () => false
  const list = new BlockList()
  for (const range of ranges) {
    const [address, prefix] = range.split('/') as [string, string | undefined]
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return address => {
    // A client that was gone before it was looked at has no address.
    const family = isIP(address)
    return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4')
  }
}
