// Where a request goes: its route, the route's pool, and what in the request bears on the choice of an upstream there.

import type { Fields } from '../../http/fields.ts'
import type { RequestHead } from '../../http/heads.ts'
import { hashKey } from '../../policy/balance/hash.ts'
import { matchRoute } from '../../policy/request/routing.ts'
import type { RpcReads } from '../../policy/request/rpc-reads.ts'
import type { SessionTable } from '../../shared/sessions.ts'
import { followedValue } from '../pool/affinity.ts'
import type { RoutedRequest } from '../pool/choice.ts'
import type { Pool } from '../pool/pool.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { ActiveSnapshot } from './active-snapshot.ts'
import type { Compression } from './compression/compression.ts'
import type { ClientSide } from './downstream.ts'
import type { FieldEdits } from './fields/field-edits.ts'

export interface Placement extends RoutedRequest {
  /** Where requests of the route are counted. */
  readonly routeSlot: number
  readonly pool: Pool
  /** What the route declares as reads; undefined = nothing. */
  readonly rpcReads: RpcReads | undefined
  /** How the route's answers are compressed; undefined = they are not. */
  readonly compression: Compression | undefined
  /** What is done to the fields of the route's requests and answers; undefined = nothing. */
  readonly edits: FieldEdits | undefined
}

/** @param path normalised; @returns undefined where no route matches */
export function placementOf(
  active: ActiveSnapshot,
  side: ClientSide,
  { hostName, method, meaning: { fields } }: RequestHead,
  path: string,
  clientAddress: string,
): Placement | undefined {
  const table = active.tables.of(side.listener.name, side.tls?.certificate)
  const index = matchRoute(table, hostName, path, method)
  if (index < 0) return undefined
  const route = active.snapshot.routes[index]!
  const pool = active.pools[route.pool]!
  const { balance } = pool.plan
  const followed = balance.kind === 'hash' ? followedValue(balance.key, fields, clientAddress) : undefined
  return {
    route,
    routeSlot: active.routeSlots[index]!,
    pool,
    rpcReads: active.rpcReads[index],
    compression: active.compressions[index],
    edits: active.edits[index],
    key: balance.kind === 'hash' ? hashKey(followed ?? clientAddress) : 0,
    stickiness: pool.affinity?.stickinessOf(fields, clientAddress, Date.now()),
  }
}

/** The cookie that keeps the client with `endpoint` from now on; '' where there is none to write. @param answer its fields */
export function affinityCookie(
  { pool, stickiness }: Placement,
  endpoint: Endpoint,
  scheme: 'http' | 'https',
  answer: Fields,
): string {
  if (!pool.affinity || !stickiness) return ''
  return pool.affinity.cookieFor(stickiness, endpoint, scheme === 'https', answer, Date.now())
}

/** Counts the client's session as one that `endpoint` has served. */
export function noteSession(sessions: SessionTable, { stickiness }: Placement, endpoint: Endpoint): void {
  if (stickiness?.session === undefined) return
  // One that is sent elsewhere gets another cookie, and counts when it comes with that.
  if (stickiness.endpoint === undefined || stickiness.endpoint === endpoint)
    sessions.note(endpoint.slot, stickiness.session)
}
