// Windows as the admin listener shows them. Reads only; never shows what lets a client through.

import type {
  MaintenanceSummary,
  MaintenanceView,
  OccurrenceReport,
  PoolMaintenance,
  WindowReport,
} from '../../admin/contract/maintenance.ts'
import type { WindowSample } from '../../metrics/source.ts'
import type { WindowPlan, WindowScope } from '../../plan/window.ts'
import { toIcs } from '../../policy/maintenance/calendar.ts'
import { type Effect, effectOnUpstream } from '../../policy/maintenance/effects.ts'
import { neighbours, occurrencesBetween } from '../../policy/maintenance/schedule.ts'
import { zoned } from '../../policy/maintenance/wall-clock.ts'
import type { Occurrence } from '../../policy/maintenance/window-plan.ts'
import { iso } from '../../util/words.ts'
import type { WindowSchedule } from '../windows/schedule.ts'
import type { KnownWindow } from '../windows/window-list.ts'
import { scopeWords, untilWords } from '../windows/window-words.ts'

const DAY_MS = 86_400_000
const NEXT_SHOWN = 5
const MOST_UPCOMING = 1000
const FEED_KEPT_MS = 600_000

export function createMaintenanceView(schedule: WindowSchedule, now: () => number = Date.now): MaintenanceView {
  /** Many calendars ask for the same. */
  let feed: { readonly windows: readonly KnownWindow[]; readonly atMs: number; readonly text: string } | undefined
  return {
    windows: () => schedule.windows.all().map(window => reportWindow(window, schedule, now())),
    upcoming(days) {
      const nowMs = now()
      return schedule.windows
        .all()
        .flatMap(window =>
          occurrencesBetween(window.schedule, nowMs, nowMs + days * DAY_MS, MOST_UPCOMING)
            .filter(each => !isCancelled(each, schedule))
            .map(each => ({ each, plan: window.plan })),
        )
        .sort((a, b) => a.each.startMs - b.each.startMs)
        .slice(0, MOST_UPCOMING)
        .map(({ each, plan }) => reportOccurrence(each, plan))
    },
    calendar() {
      const atMs = now()
      const windows = schedule.windows.all()
      if (feed?.windows !== windows || Math.abs(atMs - feed.atMs) > FEED_KEPT_MS) {
        const calendars = windows.map(window => window.schedule)
        feed = { windows, atMs, text: toIcs(calendars, atMs, schedule.windows.changedMs) }
      }
      return feed.text
    },
  }
}

/** Undefined = there are no windows. */
export function summaryOf(schedule: WindowSchedule, nowMs: number): MaintenanceSummary | undefined {
  const windows = schedule.windows.all()
  if (windows.length === 0) return undefined
  const active = windows.filter(({ plan }) => {
    const status = schedule.state(plan.name)?.status
    return status !== undefined && status !== 'scheduled' && status !== 'over'
  })
  const next = windows
    .flatMap(window => nextOf(window, schedule, nowMs, 1).map(each => ({ each, plan: window.plan })))
    .sort((a, b) => a.each.startMs - b.each.startMs)[0]
  return {
    active: active.map(window => reportNow(window, schedule)),
    next: next === undefined ? null : reportOccurrence(next.each, next.plan),
  }
}

/** What windows do to all of a pool; undefined = nothing. */
export function poolMaintenance(schedule: WindowSchedule, pool: string): PoolMaintenance | undefined {
  const effect = effectOnUpstream(schedule.effects, pool, '')
  return effect && { window: effect.window, level: effect.level, until: isoOrNull(effect.untilMs), why: whyOf(effect) }
}

/** For a scrape. */
export function windowSamples(schedule: WindowSchedule, nowMs: number): WindowSample[] {
  return schedule.windows.all().map(window => {
    const status = schedule.state(window.plan.name)?.status
    const active = status === 'active' || status === 'overrun'
    return { name: window.plan.name, active, nextStartMs: nextOf(window, schedule, nowMs, 1)[0]?.startMs }
  })
}

export function reportWindow(window: KnownWindow, schedule: WindowSchedule, nowMs: number): WindowReport {
  const next = nextOf(window, schedule, nowMs, NEXT_SHOWN).map(each => reportOccurrence(each, window.plan))
  return { ...reportNow(window, schedule), next }
}

function reportNow(window: KnownWindow, schedule: WindowSchedule): Omit<WindowReport, 'next'> {
  const { plan, source, by } = window
  const state = schedule.state(plan.name)
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
    problem: problemOf(plan.scope, schedule) ?? null,
  }
}

/** Those to come that nobody has cancelled. */
export function nextOf({ schedule: calendar }: KnownWindow, schedule: WindowSchedule, nowMs: number, most: number) {
  const found: Occurrence[] = []
  let { next } = neighbours(calendar, nowMs)
  // Bounds the way past those that were cancelled.
  for (let looked = 0; next !== undefined && looked < 100; looked += 1) {
    if (!isCancelled(next, schedule)) found.push(next)
    if (found.length === most) break
    ;[next] = occurrencesBetween(calendar, next.endMs, Number.MAX_SAFE_INTEGER, 1)
  }
  return found
}

function isCancelled({ key }: Occurrence, schedule: WindowSchedule): boolean {
  return schedule.isEnded(key)
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
function problemOf(scope: WindowScope, { snapshot }: WindowSchedule): string | undefined {
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
