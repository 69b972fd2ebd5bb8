// Makes a snapshot ready for this worker. Pools that are the same pass from one snapshot to the next with all they have learned; endpoints,
// and with them idle connections, also where only their place in a pool changes.

import { isDeepStrictEqual } from 'node:util'
import type { Snapshot } from '../plan/snapshot.ts'
import { connectionLimit, needsOf } from '../policy/process/connection-limit.ts'
import { RouteTables } from '../policy/request/certificates/route-tables.ts'
import { compileRpcReads } from '../policy/request/rpc-reads.ts'
import { ROUTE_OF_NONE } from '../shared/counter-cells.ts'
import type { Slots } from '../shared/messages.ts'
import { inRanges } from '../util/address-ranges.ts'
import type { ActiveSnapshot } from './exchange/active-snapshot.ts'
import { admissionsOf } from './exchange/admission.ts'
import { Compression } from './exchange/compression/compression.ts'
import { FieldEdits } from './exchange/fields/field-edits.ts'
import { otherRoutesOf } from './exchange/protection/other-routes.ts'
import { certificateFieldsOf } from './exchange/request-fields.ts'
import { Pool } from './pool/pool.ts'
import { Queue } from './pool/queue.ts'
import type { Runtime } from './runtime/runtime.ts'
import { Endpoint } from './upstream/endpoint.ts'

export function activate(
  snapshot: Snapshot,
  slots: Slots,
  runtime: Runtime,
  before: ActiveSnapshot | undefined,
): ActiveSnapshot {
  const earlier = new Map<number, Endpoint>()
  const earlierPools = new Map<number, Pool>()
  for (const pool of before?.pools ?? []) {
    earlierPools.set(pool.slot, pool)
    for (const endpoint of pool.endpoints) earlier.set(endpoint.slot, endpoint)
  }
  const queues = before?.queues ?? new Map<number, Queue>()
  const pools = snapshot.pools.map((plan, p) => {
    const { headBytes, headerCount } = snapshot.limits
    const headLimits = { headBytes, headerCount, ...plan.limits }
    const endpoints = plan.upstreams.map((upstream, u) => {
      const slot = slots.upstreams[p]![u]!
      const same = earlier.get(slot)
      if (!same?.adopt(upstream, plan, headLimits)) return new Endpoint(slot, upstream, plan, headLimits, runtime)
      earlier.delete(slot)
      return same
    })
    const slot = slots.pools[p]!
    const unchanged = earlierPools.get(slot)
    if (unchanged && isDeepStrictEqual(unchanged.plan, plan) && isSameList(unchanged.endpoints, endpoints))
      return unchanged
    const queue = queues.get(slot) ?? new Queue(slot, runtime)
    queues.set(slot, queue)
    const pool = new Pool(plan, slot, endpoints, queue, runtime)
    earlierPools.get(slot)?.succeededBy(pool)
    return pool
  })
  for (const endpoint of earlier.values()) endpoint.retire()
  const matches = snapshot.routes.map(route => route.match)
  const otherRoutes = otherRoutesOf(snapshot)
  return {
    snapshot,
    connections: connectionLimit(snapshot.limits.connections, runtime.descriptors, needsOf(snapshot)),
    streams: connectionLimit(undefined, runtime.descriptors, needsOf(snapshot)),
    routeSlots: slots.routes ?? snapshot.routes.map(() => ROUTE_OF_NONE),
    pools,
    queues,
    tables: new RouteTables(matches),
    certificateFields: certificateFieldsOf(snapshot),
    rpcReads: snapshot.routes.map(({ retry }) => retry?.rpcReads && compileRpcReads(retry.rpcReads)),
    compressions: snapshot.routes.map(({ compress }) => compress && new Compression(compress)),
    edits: snapshot.routes.map(({ pool, headers }) => FieldEdits.of(snapshot.pools[pool]!.headers, headers)),
    admissions: admissionsOf(
      snapshot.routes,
      runtime,
      slots.pools,
      otherRoutes.map(({ isMetInOneCase }) => isMetInOneCase),
    ),
    otherRoutes,
    assets: snapshot.pools.map(({ assets = [] }) => assets.map(path => path.split('*'))),
    caches: snapshot.routes.some(({ cache }) => cache !== undefined),
    holds: snapshot.routes.some(({ hold }) => hold !== undefined),
    isTrusted: inRanges(snapshot.trustedProxies),
  }
}

function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i])
}
