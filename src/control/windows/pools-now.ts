// What windows have to know of routes and upstreams as they are now: which upstreams could serve, which fail their probes, which are in
// whose scope. Reads only.

import type { Snapshot } from '../../plan/snapshot.ts'
import type { WindowPlan, WindowScope } from '../../plan/window.ts'
import type { PoolNow } from '../../policy/maintenance/guard.ts'
import { type Entry, type RegistryPool, takesWork } from '../upstreams/entry.ts'
import type { PlannedWindow } from './window-list.ts'

export interface RouteInPool {
  readonly route: string
  readonly pool: string
}

export function routesOf({ routes, pools }: Snapshot): RouteInPool[] {
  return routes.map(({ name, pool }) => ({ route: name, pool: pools[pool]!.name }))
}

/** For the guard. @param taken slots that windows before this one take out at the same time */
export function poolsNow(pools: readonly RegistryPool[], taken: ReadonlySet<number>): PoolNow[] {
  return pools.map(({ plan, entries }) => ({
    name: plan.name,
    available: entries.filter(entry => takesWork(entry) && !taken.has(entry.slot)).map(entry => entry.plan.name),
    minimum: plan.minAvailable ?? 1,
  }))
}

/** Slots of the upstreams that a window takes out. One of a route takes none. */
export function slotsInScope({ scope }: WindowPlan, pools: readonly RegistryPool[]): number[] {
  return pools.flatMap(({ entries }) => entries.filter(entry => isInScope(scope, entry, [])).map(({ slot }) => slot))
}

/** Names of windows in whose scope a probe fails. Upstreams that people or the node itself have taken out do not count. */
export function unhealthyWindows(
  windows: readonly PlannedWindow[],
  pools: readonly RegistryPool[],
  routes: readonly RouteInPool[],
): ReadonlySet<string> {
  const failing = pools.flatMap(({ entries }) => entries.filter(isFailing))
  const unhealthy = windows.filter(
    ({ plan }) => plan.onlyWhenHealthy && failing.some(entry => isInScope(plan.scope, entry, routes)),
  )
  return new Set(unhealthy.map(({ plan }) => plan.name))
}

function isFailing({ state, holds }: Entry): boolean {
  return state.probe.status !== 'healthy' && holds.every(({ source }) => source === 'window')
}

/** @param routes in which a window of a route looks for its pool */
function isInScope(scope: WindowScope, { pool, plan }: Entry, routes: readonly RouteInPool[]): boolean {
  switch (scope.kind) {
    case 'everything':
      return true
    case 'pool':
      return scope.pool === pool
    case 'upstream':
      return scope.pool === pool && scope.upstream === plan.name
    case 'route':
      return routes.some(each => each.route === scope.route && each.pool === pool)
  }
}
