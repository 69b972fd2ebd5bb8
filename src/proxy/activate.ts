// Makes a snapshot ready for this worker. Pools that are the same pass from one snapshot to the next with all they have learned; endpoints,
// and with them idle connections, also where only their place in a pool changes.

import { isDeepStrictEqual } from 'node:util'
import type { Snapshot } from '../plan/snapshot.ts'
import { connectionLimit, needsOf } from '../policy/process/connection-limit.ts'
import { CertificateClasses } from '../policy/request/certificates/classes.ts'
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

/** What follows from a snapshot alone. */
export type Prepared = Pick<
  ActiveSnapshot,
  | 'tables'
  | 'certificateFields'
  | 'rpcReads'
  | 'compressions'
  | 'edits'
  | 'otherRoutes'
  | 'assets'
  | 'caches'
  | 'isTrusted'
>

/** Touches nothing: with a large snapshot it is half of the work, which need not be done in the turn that everything changes in. */
export function prepare(snapshot: Snapshot): Prepared {
  const { routes, pools } = snapshot
  const classes = new CertificateClasses(routes.map(({ match }) => match))
  return {
    tables: new RouteTables(classes),
    certificateFields: certificateFieldsOf(snapshot),
    rpcReads: routes.map(({ retry }) => retry?.rpcReads && compileRpcReads(retry.rpcReads)),
    compressions: routes.map(({ compress }) => compress && new Compression(compress)),
    edits: routes.map(({ pool, headers }) => FieldEdits.of(pools[pool]!.headers, headers)),
    otherRoutes: otherRoutesOf(snapshot, classes),
    assets: pools.map(({ assets = [] }) => assets.map(path => path.split('*'))),
    caches: routes.some(({ cache }) => cache !== undefined),
    isTrusted: inRanges(snapshot.trustedProxies),
  }
}

export function activate(
  snapshot: Snapshot,
  slots: Slots,
  runtime: Runtime,
  before: ActiveSnapshot | undefined,
  prepared = prepare(snapshot),
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
  return {
    ...prepared,
    snapshot,
    connections: connectionLimit(snapshot.limits.connections, runtime.descriptors, needsOf(snapshot)),
    streams: connectionLimit(undefined, runtime.descriptors, needsOf(snapshot)),
    routeSlots: slots.routes ?? snapshot.routes.map(() => ROUTE_OF_NONE),
    pools,
    queues,
    admissions: admissionsOf(
      snapshot.routes,
      runtime,
      slots.pools,
      prepared.otherRoutes.map(({ isMetInOneCase }) => isMetInOneCase),
    ),
  }
}

function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i])
}
