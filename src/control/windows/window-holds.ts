// What windows in force mean for upstreams and routes: the hold that each upstream gets, and the routes that workers answer. Pure.

import { type Effect, type Effects, effectOnRoute } from '../../policy/maintenance/effects.ts'
import type { WindowState } from '../../policy/maintenance/window-state.ts'
import type { HoldOrder } from '../../policy/upstream/holds.ts'
import type { ClosedRoute } from '../../shared/messages.ts'
import type { RegistryPool } from '../upstreams/entry.ts'
import type { RouteInPool } from './pools-now.ts'
import { untilWords } from './window-words.ts'
import type { WindowAction } from './windows-now.ts'

/** What of the upstreams has to change, upstream by upstream. @param former slots that were bypass-only before */
export function upstreamActions(
  effects: Effects,
  states: Iterable<WindowState>,
  pools: readonly RegistryPool[],
  former: ReadonlySet<number>,
): { readonly actions: readonly WindowAction[]; readonly bypassOnly: ReadonlySet<number> } {
  const starts = new Map([...states].map(({ occurrence }) => [occurrence?.key, occurrence?.startMs]))
  const bypassOnly = new Set(former)
  const actions: WindowAction[] = []
  for (const { plan, entries } of pools) {
    const isBypassed = isBypassOnly(effects, plan.name)
    for (const { slot, holds, plan: upstream } of entries) {
      const held = holds.find(({ source }) => source === 'window')
      const order = holdFor(effects, plan.name, upstream.name, key => starts.get(key))
      if (order === undefined) {
        if (held !== undefined) actions.push({ type: 'release', slot, by: held.by })
      } else if (held?.status !== order.status || held.reason !== order.reason || held.by !== order.by) {
        actions.push({ type: 'hold', slot, order })
      }
      if (!isBypassed) bypassOnly.delete(slot)
      else if (!bypassOnly.has(slot)) {
        bypassOnly.add(slot)
        actions.push({ type: 'tell', event: { type: 'bypass-only', slot } })
      }
    }
  }
  return { actions, bypassOnly }
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

/** @param startOf when the occurrence of this key begins, epoch ms */
function holdFor(
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
function isBypassOnly(effects: Effects, pool: string): boolean {
  const all = [effects.everything, effects.pools.get(pool)]
  return all.some(effect => effect !== undefined && isBypassable(effect))
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
