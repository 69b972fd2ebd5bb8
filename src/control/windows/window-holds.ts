// What windows in force mean for upstreams and routes: the hold that each upstream gets, and the routes that workers answer. Pure.

import type { Snapshot } from '../../plan/snapshot.ts'
import { type Effect, type Effects, effectOnRoute } from '../../policy/maintenance/effects.ts'
import type { HoldOrder } from '../../policy/upstream/holds.ts'
import type { ClosedRoute } from '../../shared/messages.ts'
import { untilWords } from './window-words.ts'

/** @param startOf when the occurrence of this key begins, epoch ms */
export function holdFor(
  effects: Effects,
  pool: string,
  upstream: string,
  startOf: (key: string) => number | undefined,
): HoldOrder | undefined {
  const all = [effects.everything, effects.pools.get(pool), effects.upstreams.get(pool)?.get(upstream)]
  let found: { readonly effect: Effect; readonly status: HoldOrder['status'] } | undefined
  for (const effect of all) {
    const status = effect && statusOf(effect)
    if (effect === undefined || status === undefined) continue
    const isStricter = found?.status === 'draining' && status === 'disabled'
    const isLonger = found?.status === status && endOf(effect) > endOf(found.effect)
    if (found === undefined || isStricter || isLonger) found = { effect, status }
  }
  if (found === undefined) return undefined
  const { effect, status } = found
  return {
    source: 'window',
    status,
    by: `window ${effect.window}`,
    reason: `${effect.reason}, ${untilWords(effect.untilMs, effect.timeZone)}`,
    // From there on it is in force.
    deadlineMs: status === 'draining' ? startOf(effect.occurrenceKey) : undefined,
  }
}

/** Whether this upstream serves only those whom a window lets through. */
export function isBypassOnly(effects: Effects, pool: string): boolean {
  const all = [effects.everything, effects.pools.get(pool)]
  return all.some(effect => effect !== undefined && isBypassable(effect))
}

/** Routes whose requests are answered. */
export function closedRoutesOf(effects: Effects, routes: readonly RouteInPool[]): ClosedRoute[] {
  return routes.flatMap(({ route, pool }) => {
    const effect = effectOnRoute(effects, route, pool)
    if (effect?.level !== 'answer') return []
    const { window, reason, timeZone, untilMs, bypasses } = effect
    return [{ route, window, reason, timeZone, untilMs, bypasses: isBypassable(effect) ? bypasses : [] }]
  })
}

export interface RouteInPool {
  readonly route: string
  readonly pool: string
}

export function routesOf({ routes, pools }: Snapshot): RouteInPool[] {
  return routes.map(({ name, pool }) => ({ route: name, pool: pools[pool]!.name }))
}

function statusOf(effect: Effect): HoldOrder['status'] | undefined {
  if (effect.level === 'drain') return 'draining'
  // Whoever verifies a release needs the upstreams.
  return isBypassable(effect) ? undefined : 'disabled'
}

/** Somebody may be let through: no window that overlaps here lets nobody through. */
function isBypassable({ level, bypasses }: Effect): boolean {
  return level === 'answer' && bypasses.every(({ addresses, header }) => addresses.length > 0 || header !== undefined)
}

function endOf({ untilMs }: Effect): number {
  return untilMs ?? Number.POSITIVE_INFINITY
}
