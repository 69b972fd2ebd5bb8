// Windows as the admin listener shows them. Reads only; never shows what lets a client through.

import type {
  MaintenanceSummary,
  MaintenanceView,
  OccurrenceReport,
  PoolMaintenance,
  WindowNow,
  WindowReport,
} from '../../admin/contract/maintenance.ts'
import type { WindowSample } from '../../metrics/source.ts'
import type { WindowPlan, WindowScope } from '../../plan/window.ts'
import { toIcs } from '../../policy/maintenance/calendar.ts'
import { type Effect, effectOnUpstream } from '../../policy/maintenance/effects.ts'
import { neighbours, type Occurrence, occurrencesBetween } from '../../policy/maintenance/occurrences.ts'
import { zoned } from '../../policy/maintenance/wall-clock.ts'
import { asExtended } from '../../policy/maintenance/window-state.ts'
import { iso } from '../../util/words.ts'
import type { MaintenanceWindows } from '../windows/maintenance-windows.ts'
import type { PlannedWindow } from '../windows/window-list.ts'
import { scopeWords, untilWords } from '../windows/window-words.ts'

const DAY_MS = 86_400_000
const NEXT_SHOWN = 5
const MOST_UPCOMING = 1000
const FEED_KEPT_MS = 600_000

export function createMaintenanceView(windows: MaintenanceWindows, now: () => number = Date.now): MaintenanceView {
  /** Many calendars ask for the same. */
  let feed: { readonly planned: readonly PlannedWindow[]; readonly atMs: number; readonly text: string } | undefined
  return {
    windows: () => windows.list.all().map(window => reportWindow(window, windows, now())),
    upcoming(days) {
      const nowMs = now()
      return windows.list
        .all()
        .flatMap(window =>
          occurrencesBetween(window.occurrences, nowMs, nowMs + days * DAY_MS, MOST_UPCOMING)
            .filter(each => !isCancelled(each, windows))
            .map(each => ({ each: asExtended(each, windows.changes), plan: window.plan })),
        )
        .sort((a, b) => a.each.startMs - b.each.startMs)
        .slice(0, MOST_UPCOMING)
        .map(({ each, plan }) => reportOccurrence(each, plan))
    },
    calendar() {
      const atMs = now()
      const planned = windows.list.all()
      if (feed?.planned !== planned || Math.abs(atMs - feed.atMs) > FEED_KEPT_MS) {
        const occurrences = planned.map(window => window.occurrences)
        feed = { planned, atMs, text: toIcs(occurrences, atMs, windows.changedMs, windows.changes) }
      }
      return feed.text
    },
  }
}

/** Undefined = there are no windows. */
export function summaryOf(windows: MaintenanceWindows, nowMs: number): MaintenanceSummary | undefined {
  const planned = windows.list.all()
  if (planned.length === 0) return undefined
  const active = planned.filter(({ plan }) => {
    const status = windows.state(plan.name)?.status
    return status !== undefined && status !== 'scheduled' && status !== 'over'
  })
  const next = planned
    .flatMap(window => nextOf(window, windows, nowMs, 1).map(each => ({ each, plan: window.plan })))
    .sort((a, b) => a.each.startMs - b.each.startMs)[0]
  return {
    active: active.map(window => reportNow(window, windows)),
    next: next === undefined ? null : reportOccurrence(next.each, next.plan),
  }
}

/** Windows that have something to do with this upstream now. */
export function windowsOn(windows: MaintenanceWindows, pool: string, upstream: string): WindowNow[] {
  return windows.list.all().flatMap(window => {
    const { kind, scope } = window.plan
    const status = windows.state(window.plan.name)?.status
    const isOn =
      kind === 'maintenance' &&
      (scope.kind === 'everything' ||
        (scope.kind === 'pool' && scope.pool === pool) ||
        (scope.kind === 'upstream' && scope.pool === pool && scope.upstream === upstream))
    return isOn && status !== undefined && status !== 'scheduled' && status !== 'over'
      ? [reportNow(window, windows)]
      : []
  })
}

/** What windows do to all of a pool; undefined = nothing. */
export function poolMaintenance(windows: MaintenanceWindows, pool: string): PoolMaintenance | undefined {
  const effect = effectOnUpstream(windows.effects, pool, '')
  return effect && { window: effect.window, level: effect.level, until: isoOrNull(effect.untilMs), why: whyOf(effect) }
}

/** For a scrape. */
export function windowSamples(windows: MaintenanceWindows, nowMs: number): WindowSample[] {
  return windows.list.all().map(window => {
    const status = windows.state(window.plan.name)?.status
    const active = status === 'active' || status === 'overrun'
    return { name: window.plan.name, active, nextStartMs: nextOf(window, windows, nowMs, 1)[0]?.startMs }
  })
}

export function reportWindow(window: PlannedWindow, windows: MaintenanceWindows, nowMs: number): WindowReport {
  const next = nextOf(window, windows, nowMs, NEXT_SHOWN).map(each => reportOccurrence(each, window.plan))
  const cancelled = windows.cancelled(window.plan.name).map(each => {
    const { by = null, reason = null } = windows.endedBy(each.key) ?? {}
    return { ...reportOccurrence(each, window.plan), by, reason }
  })
  return { ...reportNow(window, windows), next, cancelled }
}

function reportNow(window: PlannedWindow, windows: MaintenanceWindows): WindowNow {
  const { plan, source, by } = window
  const state = windows.state(plan.name)
  const { addresses, header } = plan.bypass
  return {
    name: plan.name,
    kind: plan.kind,
    source,
    by: by ?? null,
    reason: plan.reason,
    scope: scopeWords(plan.scope),
    behaviour: plan.behaviour,
    timeZone: plan.timeZone,
    repeat: plan.recurrence ?? null,
    overrun: plan.overrun,
    onlyWhenHealthy: plan.onlyWhenHealthy,
    bypass: { addresses, header: header?.name ?? null },
    status: state?.status ?? 'scheduled',
    occurrence: state?.occurrence === undefined ? null : reportOccurrence(state.occurrence, plan),
    since: isoOrNull(state?.fromMs),
    until: isoOrNull(state?.untilMs),
    waitingFor: state?.waitingFor ?? null,
    problem: problemOf(plan.scope, windows) ?? null,
    extended: (state?.occurrence && windows.extendedBy(state.occurrence.key)) ?? null,
  }
}

/** Those to come that nobody has cancelled. */
export function nextOf({ occurrences }: PlannedWindow, windows: MaintenanceWindows, nowMs: number, most: number) {
  const found: Occurrence[] = []
  let { next } = neighbours(occurrences, nowMs)
  // Bounds the way past those that were cancelled.
  for (let looked = 0; next !== undefined && looked < 100; looked += 1) {
    if (!isCancelled(next, windows)) found.push(next)
    if (found.length === most) break
    ;[next] = occurrencesBetween(occurrences, next.endMs, Number.MAX_SAFE_INTEGER, 1)
  }
  return found
}

function isCancelled({ key }: Occurrence, windows: MaintenanceWindows): boolean {
  return windows.isEnded(key)
}

function reportOccurrence(occurrence: Occurrence, plan: WindowPlan): OccurrenceReport {
  const { window, startMs, endMs, leadFromMs, shifted } = occurrence
  const { kind, scope, timeZone } = plan
  return {
    window,
    kind,
    scope: scopeWords(scope),
    start: iso(startMs),
    end: iso(endMs),
    leadFrom: iso(leadFromMs),
    localStart: local(startMs, timeZone),
    localEnd: local(endMs, timeZone),
    timeZone,
    shifted,
  }
}

/** One made over the API outlives what it was for. */
function problemOf(scope: WindowScope, { snapshot }: MaintenanceWindows): string | undefined {
  if (scope.kind === 'everything') return undefined
  if (scope.kind === 'route')
    return snapshot.routes.some(({ name }) => name === scope.route)
      ? undefined
      : `there is no ${scopeWords(scope)} any more`
  const pool = snapshot.pools.find(({ name }) => name === scope.pool)
  const isThere = scope.kind === 'pool' || pool?.upstreams.some(({ name }) => name === scope.upstream) === true
  return pool !== undefined && isThere ? undefined : `there is no ${scopeWords(scope)} any more`
}

function whyOf({ window, reason, untilMs, timeZone }: Effect): string {
  return `window ${window}: ${reason}, ${untilWords(untilMs, timeZone)}`
}

function local(epochMs: number, timeZone: string): string {
  const time = zoned(epochMs, timeZone)
  return time.toString({ smallestUnit: 'minute', timeZoneName: 'never' })
}

function isoOrNull(epochMs: number | undefined): string | null {
  return epochMs === undefined ? null : iso(epochMs)
}
