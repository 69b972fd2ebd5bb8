// What all windows together do to the traffic at an instant: for everything, each pool, upstream and route; and which freezes are in
// force. Where windows overlap, the strictest behaviour and the later end count. It decides; others apply.

import type { WindowBypass, WindowPlan, WindowScope } from '../../plan/window.ts'
import type { Occurrences } from './occurrences.ts'
import { type Facts, type WindowState, windowState } from './window-state.ts'

/**
 * drain: no new sessions (clients without one get the 503 where nothing else serves them); disabled: no requests at all;
 * answer: a request is answered 503 without asking an upstream. Each is stricter than the one before.
 *
 * A lead-in drains. A window in force, or overrun, disables the upstreams in its scope; with `answer` and a scope wider
 * than one upstream its requests are answered. A route has no lead-in: it is served until the start.
 */
export type EffectLevel = 'drain' | 'disabled' | 'answer'

export interface Effect {
  readonly level: EffectLevel
  /** The window that speaks for it: the strictest, of those the one that ends last. */
  readonly window: string
  readonly occurrenceKey: string
  readonly reason: string
  readonly timeZone: string
  /** The last end of all windows that overlap here; undefined = open, until somebody confirms or probes pass. */
  readonly untilMs: number | undefined
  /** Of each window that overlaps here: a client passes only where all of them let it through. */
  readonly bypasses: readonly WindowBypass[]
}

export interface FreezeInForce {
  readonly window: string
  readonly occurrenceKey: string
  readonly scope: WindowScope
  readonly reason: string
  readonly timeZone: string
  readonly untilMs: number | undefined
}

export interface Effects {
  readonly everything: Effect | undefined
  readonly pools: ReadonlyMap<string, Effect>
  /** Pool, then upstream. */
  readonly upstreams: ReadonlyMap<string, ReadonlyMap<string, Effect>>
  readonly routes: ReadonlyMap<string, Effect>
  readonly freezes: readonly FreezeInForce[]
}

export function effectsAt(windows: readonly Occurrences[], nowMs: number, facts: Facts): Effects {
  let everything: Effect | undefined
  const pools = new Map<string, Effect>()
  const upstreams = new Map<string, Map<string, Effect>>()
  const routes = new Map<string, Effect>()
  const freezes: FreezeInForce[] = []
  for (const occurrences of windows) {
    const { plan } = occurrences
    const state = windowState(occurrences, nowMs, facts)
    if (plan.kind === 'freeze') {
      if (state.status === 'active') freezes.push(freezeOf(plan, state))
      continue
    }
    const effect = effectOf(plan, state)
    if (effect === undefined) continue
    const { scope } = plan
    switch (scope.kind) {
      case 'everything':
        everything = unite(everything, effect)
        break
      case 'pool':
        pools.set(scope.pool, unite(pools.get(scope.pool), effect))
        break
      case 'upstream': {
        const ofPool = upstreams.get(scope.pool) ?? new Map<string, Effect>()
        upstreams.set(scope.pool, ofPool.set(scope.upstream, unite(ofPool.get(scope.upstream), effect)))
        break
      }
      case 'route':
        routes.set(scope.route, unite(routes.get(scope.route), effect))
    }
  }
  return { everything, pools, upstreams, routes, freezes }
}

/** What a request of this route to this pool meets; upstreams have their own say (`effectOnUpstream`). */
export function effectOnRoute(effects: Effects, route: string, pool: string): Effect | undefined {
  return strictest(effects.everything, effects.pools.get(pool), effects.routes.get(route))
}

/** What holds for one upstream: its own window, its pool's, that of everything. */
export function effectOnUpstream(effects: Effects, pool: string, upstream: string): Effect | undefined {
  return strictest(effects.everything, effects.pools.get(pool), effects.upstreams.get(pool)?.get(upstream))
}

/** The freeze that forbids to drain or change this pool; without a pool: the configuration, which any freeze protects. */
export function freezeOn(effects: Effects, pool?: string): FreezeInForce | undefined {
  return effects.freezes.find(({ scope }) => {
    if (pool === undefined || scope.kind === 'everything') return true
    return scope.kind !== 'route' && scope.pool === pool
  })
}

const LEVELS: readonly EffectLevel[] = ['drain', 'disabled', 'answer']

function effectOf(plan: WindowPlan, state: WindowState): Effect | undefined {
  const level = levelOf(plan, state)
  if (level === undefined || state.occurrence === undefined) return undefined
  return {
    level,
    window: plan.name,
    occurrenceKey: state.occurrence.key,
    reason: reasonOf(plan),
    timeZone: plan.timeZone,
    // A lead-in is the beginning of what lasts to the end of the window.
    untilMs: state.status === 'overrun' ? undefined : state.occurrence.endMs,
    bypasses: [plan.bypass],
  }
}

function levelOf({ scope, behaviour }: WindowPlan, { status }: WindowState): EffectLevel | undefined {
  switch (status) {
    case 'lead-in':
      return scope.kind === 'route' ? undefined : 'drain'
    case 'active':
    case 'overrun':
      return behaviour === 'answer' && scope.kind !== 'upstream' ? 'answer' : 'disabled'
    case 'scheduled':
    case 'postponed':
    case 'over':
      return undefined
  }
}

function freezeOf(plan: WindowPlan, { occurrence, untilMs }: WindowState): FreezeInForce {
  const { name, scope, timeZone } = plan
  return { window: name, occurrenceKey: occurrence!.key, scope, reason: reasonOf(plan), timeZone, untilMs }
}

function reasonOf({ name, reason }: WindowPlan): string {
  return reason === '' ? name : reason
}

function strictest(...effects: readonly (Effect | undefined)[]): Effect | undefined {
  let found: Effect | undefined
  for (const effect of effects) if (effect !== undefined) found = unite(found, effect)
  return found
}

function unite(a: Effect | undefined, b: Effect): Effect {
  if (a === undefined) return b
  const byLevel = LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level)
  const speaker = (byLevel || end(a) - end(b) || (a.window < b.window ? 1 : -1)) > 0 ? a : b
  const untilMs = a.untilMs === undefined || b.untilMs === undefined ? undefined : Math.max(a.untilMs, b.untilMs)
  return { ...speaker, untilMs, bypasses: [...a.bypasses, ...b.bypasses] }
}

/** Not infinite: the difference of two open ends has to be 0. */
function end({ untilMs }: Effect): number {
  return untilMs ?? Number.MAX_SAFE_INTEGER
}
