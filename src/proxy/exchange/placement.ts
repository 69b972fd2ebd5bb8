// Where a request goes: its route, the route's pool, and what in the request bears on the choice of an upstream there.

import type { RequestHead } from '../../http/heads.ts'
import type { RoutePlan } from '../../plan/route.ts'
import { hashKey } from '../../policy/balance/hash.ts'
import { matchRoute } from '../../policy/request/routing.ts'
import type { RpcReads } from '../../policy/request/rpc-reads.ts'
import type { SessionTable } from '../../shared/sessions.ts'
import { type Claim, followedValue } from '../pool/affinity.ts'
import type { Pool } from '../pool/pool.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { ActiveSnapshot } from './active-snapshot.ts'

export interface Placement {
  readonly route: RoutePlan
  /** Where requests of the route are counted. */
  readonly routeSlot: number
  readonly pool: Pool
  /** What the route declares as reads; undefined = nothing. */
  readonly rpcReads: RpcReads | undefined
  /** Hash for `balance: hash`; 0 for any other. */
  readonly key: number
  /** What the request brings with it; undefined = the pool has no affinity. */
  readonly claim: Claim | undefined
}

/** @param path normalised; @returns undefined where no route matches */
export function placementOf(
  active: ActiveSnapshot,
  listener: string,
  { hostName, method, meaning: { fields } }: RequestHead,
  path: string,
  clientAddress: string,
): Placement | undefined {
  const table = active.tables.get(listener)
  const index = table ? matchRoute(table, hostName, path, method) : -1
  if (index < 0) return undefined
  const route = active.routes[index]!
  const pool = active.pools[route.pool]!
  const { balance } = pool.plan
  const followed = balance.kind === 'hash' ? followedValue(balance.key, fields, clientAddress) : undefined
  return {
    route,
    routeSlot: active.routeSlots[index]!,
    pool,
    rpcReads: active.rpcReads[index],
    key: balance.kind === 'hash' ? hashKey(followed ?? clientAddress) : 0,
    claim: pool.affinity?.claim(fields, clientAddress, Date.now()),
  }
}

/** The cookie that keeps the client with `endpoint` from now on; '' where there is none to write. */
export function affinityCookie({ pool, claim }: Placement, endpoint: Endpoint, scheme: 'http' | 'https'): string {
  if (!pool.affinity || !claim) return ''
  return pool.affinity.cookieFor(claim, endpoint, scheme === 'https', Date.now())
}

/** Counts the client's session as one that `endpoint` has served. */
export function noteSession(sessions: SessionTable, { claim }: Placement, endpoint: Endpoint): void {
  if (claim?.session === undefined) return
  // One that is sent elsewhere gets another cookie, and counts when it comes with that.
  if (claim.endpoint === undefined || claim.endpoint === endpoint) sessions.note(endpoint.slot, claim.session)
}
