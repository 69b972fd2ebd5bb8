// A snapshot made ready for this worker: route tables by listener, pools with their endpoints, what each route needs at hand.

import type { RoutePlan } from '../../plan/route.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import type { PathPattern } from '../../policy/request/access.ts'
import type { RouteTables } from '../../policy/request/certificates/route-tables.ts'
import type { RpcReads } from '../../policy/request/rpc-reads.ts'
import type { Pool } from '../pool/pool.ts'
import type { Queue } from '../pool/queue.ts'
import type { Admission } from './admission.ts'
import type { Compression } from './compression/compression.ts'
import type { FieldEdits } from './fields/field-edits.ts'
import type { OtherRoutes } from './protection/other-routes.ts'

export interface ActiveSnapshot {
  readonly snapshot: Snapshot
  /** Most client connections at once, per listener. */
  readonly connections: number
  /** Most streams of HTTP/2 at once, over all connections: as many as descriptors last for, since each may need one for its upstream. */
  readonly streams: number
  /** Where requests of each route are counted; parallel to the snapshot's routes. */
  readonly routeSlots: readonly number[]
  readonly pools: readonly Pool[]
  /** By the slot of the pool: also those of pools that have left, which somebody may still wait in. */
  readonly queues: Map<number, Queue>
  readonly tables: RouteTables
  /** Names under which upstreams get certificates of clients, as `foldedName` returns them; undefined = no listener asks for any. */
  readonly certificateFields: ReadonlySet<string> | undefined
  /** What each route declares as RPC reads; parallel to the snapshot's routes. */
  readonly rpcReads: readonly (RpcReads | undefined)[]
  /** Of the routes that compress; parallel to the snapshot's routes. */
  readonly compressions: readonly (Compression | undefined)[]
  /** Of the routes whose fields are edited; parallel to the snapshot's routes. */
  readonly edits: readonly (FieldEdits | undefined)[]
  /** Of the routes that restrict who may use them, or how often. */
  readonly admissions: ReadonlyMap<RoutePlan, Admission>
  /** Where a request of each pool could belong as well; parallel to the pools. */
  readonly otherRoutes: readonly OtherRoutes[]
  /** Static files of each pool that pass a window; parallel to the pools. */
  readonly assets: readonly (readonly PathPattern[])[]
  /** Some route has a cache. */
  readonly caches: boolean
  /** Some route holds requests. */
  readonly holds: boolean
  isTrusted(address: string): boolean
}
