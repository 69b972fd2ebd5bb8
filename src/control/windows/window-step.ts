// What windows do now: from what they did before, the calendar, the facts and the upstreams as they are. Says what to do, and when to look
// again; does none of it. Pure.

import { effectsAt } from '../../policy/maintenance/effects.ts'
import { neighbours } from '../../policy/maintenance/occurrences.ts'
import { countsNow, NO_FACTS, type WindowState, windowState } from '../../policy/maintenance/window-state.ts'
import { beginnings } from './beginnings.ts'
import { unhealthyWindows } from './pools-now.ts'
import { closedRoutesOf, upstreamActions } from './window-holds.ts'
import type { PlannedWindow } from './window-list.ts'
import { NEW_WINDOW, newsOf, windowEvent } from './window-news.ts'
import type { WindowAction, WindowsNow, WindowsState, WindowsStep } from './windows-now.ts'

/** Before the first look. */
export const NOTHING_YET: WindowsState = {
  states: new Map(),
  effects: effectsAt([], 0, NO_FACTS),
  closedRoutes: [],
  running: new Set(),
  bypassOnly: new Set(),
}

/** Whoever has a clock of a second asks more often: for what waits for probes or for the guard. */
const LOOK_AGAIN_MS = 10_000

export function step(former: WindowsState, now: WindowsNow): WindowsStep {
  const { windows, pools, routes, nowMs } = now
  const unhealthy = unhealthyWindows(windows, pools, routes)
  const begin = beginnings(former.running, { ...now.facts, unhealthy }, now)
  const { facts, running } = begin
  const states = new Map(windows.map(each => [each.plan.name, windowState(each.occurrences, nowMs, facts)]))
  const effects = effectsAt(
    windows.map(({ occurrences }) => occurrences),
    nowMs,
    facts,
  )
  const onUpstreams = upstreamActions(effects, states.values(), pools, former.bypassOnly)
  const closedRoutes = closedRoutesOf(effects, routes)
  const isSame = JSON.stringify(closedRoutes) === JSON.stringify(former.closedRoutes)
  return {
    state: { states, effects, closedRoutes, running, bypassOnly: onUpstreams.bypassOnly },
    actions: [
      ...begin.actions,
      ...finished(states.values(), now),
      ...onUpstreams.actions,
      ...(isSame ? [] : [{ type: 'tell', event: { type: 'closed-routes', closedRoutes } } as const]),
      ...news(former, states, now),
    ],
    nextMs: nextLookMs(windows, states.values(), nowMs),
  }
}

/** What has run its course is over for good, whatever its probes say later. */
function finished(states: Iterable<WindowState>, { facts, certainSinceMs, nowMs }: WindowsNow): WindowAction[] {
  return [...states].flatMap(({ finished: last }) => {
    if (last === undefined || last.endMs <= certainSinceMs) return []
    const { key } = last
    if (countsNow(facts.reopened.get(key), nowMs)) return []
    // Where people ended it, it is over by their word, whatever the clock says.
    const atMs = facts.endedEarly.has(key) ? undefined : nowMs
    return [{ type: 'learn', fact: { kind: 'reopened', key, holds: true, atMs } }]
  })
}

function news(
  former: WindowsState,
  states: ReadonlyMap<string, WindowState>,
  { windows, facts, nowMs, resumes }: WindowsNow,
): WindowAction[] {
  return windows.flatMap(({ plan }) => {
    const before = former.states.get(plan.name) ?? (resumes ? undefined : NEW_WINDOW)
    const change = newsOf(plan, before, states.get(plan.name)!)
    if (change === undefined) return []
    const { kind, occurrence } = change
    // Whoever ended it early was told so.
    if (kind === 'ended' && occurrence !== undefined && facts.endedEarly.has(occurrence)) return []
    return [{ type: 'tell', event: windowEvent(plan, nowMs, change) }]
  })
}

/** At the next transition, in ten seconds at the latest. */
function nextLookMs(windows: readonly PlannedWindow[], states: Iterable<WindowState>, nowMs: number): number {
  const transitions = windows.flatMap(({ occurrences }) => {
    const { latest, next } = neighbours(occurrences, nowMs)
    return [latest?.endMs, next?.leadFromMs, next?.startMs]
  })
  // Ends that people have moved.
  const ends = [...states].map(({ untilMs }) => untilMs)
  const ahead = [...transitions, ...ends].filter(atMs => atMs !== undefined && atMs > nowMs) as number[]
  return Math.min(nowMs + LOOK_AGAIN_MS, ...ahead)
}
