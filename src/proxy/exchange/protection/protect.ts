// What keeps a request from its route: who may use it, a window that closes it, how often. The one place that asks, of the request's own
// route and of those that another reading of its path leads to.

import { matchesAny, type PathPattern } from '../../../policy/request/access.ts'
import { isPlain } from '../../../policy/request/paths/readings.ts'
import { TOTAL } from '../../../shared/counter-cells.ts'
import type { Refusal } from '../admission.ts'
import { FORBIDDEN } from '../admission.ts'
import { closedRouteOf } from '../closed-routes.ts'
import type { ExchangeContext } from '../context.ts'
import type { Placement } from '../placement.ts'
import type { ExchangeRecord } from '../record.ts'
import type { OtherReadings } from './other-routes.ts'

/** When to come again, its answer knows. */
export type Protection = Refusal | { readonly code: 'maintenance'; readonly retryAfterS: undefined }

const MAINTENANCE: Protection = { code: 'maintenance', retryAfterS: undefined }

/** Of it no more is needed than what is read, and where refusals are counted. */
export interface ProtectionContext extends Pick<ExchangeContext, 'closedRoutes'> {
  readonly active: Pick<ExchangeContext['active'], 'otherRoutes' | 'admissions' | 'assets'>
  readonly row: Pick<ExchangeContext['row'], 'add'>
}

/** Notes in the record which window answers. @returns undefined where the request may go on */
export function protect(
  context: ProtectionContext,
  record: ExchangeRecord,
  placement: Placement,
): Protection | undefined {
  const { active, closedRoutes } = context
  const { route, pool } = placement
  const { head } = record
  const others = active.otherRoutes[route.pool]!
  if (!others.restricts && closedRoutes === undefined) return undefined
  let other: OtherReadings | undefined
  if (others.mayDiffer(head)) {
    other = others.of(head, record.side, route)
    if (other === undefined) {
      context.row.add(pool.slot, TOTAL.forbidden, 1)
      return FORBIDDEN
    }
  }
  return refusalOf(context, record, placement, other) ?? closureOf(context, record, placement, other)
}

/** Whether a window closes its route by now. Notes which. @param placement it was let in before */
export function isClosed(context: ExchangeContext, record: ExchangeRecord, placement: Placement): boolean {
  const { active } = context
  const others = active.otherRoutes[placement.route.pool]!
  const { head, side } = record
  const other = others.mayDiffer(head) ? others.of(head, side, placement.route) : undefined
  return closureOf(context, record, placement, other) !== undefined
}

/** Whoever is forbidden on one of the routes spends nothing of his rate on another. */
function refusalOf(
  { active: { admissions } }: ProtectionContext,
  record: ExchangeRecord,
  { route }: Placement,
  other: OtherReadings | undefined,
): Refusal | undefined {
  const { path, client } = record
  const own = route.access || route.rateLimit ? admissions.get(route) : undefined
  if (other === undefined) return own?.forbids(record, undefined) ?? own?.limits(client)
  const { paths, routes, withoutPrefix } = other
  let refusal = own?.forbids(record, paths)
  for (const each of routes) refusal ??= admissions.get(each)?.forbids(record, paths)
  for (const each of withoutPrefix) refusal ??= admissions.get(each)?.deniesPath(path, paths)
  refusal ??= own?.limits(client)
  for (const each of routes) refusal ??= admissions.get(each)?.limits(client)
  return refusal
}

function closureOf(
  { closedRoutes, active }: ProtectionContext,
  record: ExchangeRecord,
  { route, pool }: Placement,
  other: OtherReadings | undefined,
): Protection | undefined {
  if (closedRoutes === undefined) return undefined
  if (isAsset(active.assets[route.pool]!, record) && pool.isUsable()) return undefined
  const { fields } = record.head.meaning
  record.closedRoute = closedRouteOf(closedRoutes, route.name, record.client, fields)
  for (const each of other?.routes ?? []) {
    record.closedRoute ??= closedRouteOf(closedRoutes, each.name, record.client, fields)
  }
  return record.closedRoute && MAINTENANCE
}

/** A static file, and no upstream could take its path for another. */
function isAsset(assets: readonly PathPattern[], { head: { method, target }, path }: ExchangeRecord): boolean {
  if (assets.length === 0 || (method !== 'GET' && method !== 'HEAD')) return false
  return isPlain(target) && matchesAny(assets, path)
}
