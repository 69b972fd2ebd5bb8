// The windows in use and what they do now: looks at the calendar at each transition, and whenever it is asked to (so a clock that
// steps is noticed), asks the guard before a window begins, and turns the effects into holds of upstreams and closed routes.
// What a window means is policy; what people ask for is in schedule-operations.ts.

import type { Snapshot } from '../../plan/snapshot.ts'
import type { WindowPlan, WindowScope } from '../../plan/window.ts'
import { type Effects, effectsAt, type FreezeInForce, freezeOn } from '../../policy/maintenance/effects.ts'
import { mayStart } from '../../policy/maintenance/guard.ts'
import { neighbours } from '../../policy/maintenance/occurrences.ts'
import type { Overrides } from '../../policy/maintenance/window-plan.ts'
import { type WindowState, windowState } from '../../policy/maintenance/window-state.ts'
import type { ClosedRoute } from '../../shared/messages.ts'
import { takesWork } from '../upstreams/entry.ts'
import type { Registry } from '../upstreams/registry.ts'
import { BY_SCHEDULE, type WindowEvent, type WindowsEvent } from './window-event.ts'
import { changeOf, isRunning, type Told } from './window-events.ts'
import { FORGETFUL, type OverrideStore, type WindowFact, WindowFacts } from './window-facts.ts'
import { closedRoutesOf, holdFor, isBypassOnly, type RouteInPool, routesOf } from './window-holds.ts'
import { WindowList } from './window-list.ts'

export interface MaintenanceWindowsOptions {
  readonly registry: Pick<Registry, 'pools' | 'hold' | 'release'>
  readonly tell: (event: WindowsEvent) => void
  readonly store?: OverrideStore
  /** Epoch ms. */
  readonly now?: () => number
}

/** Whoever has a clock of a second asks more often: for what waits for probes or for the guard. */
const LOOK_AGAIN_MS = 10_000
/** Of a window that vigia did not know a moment ago. */
const UNTOLD: Told = { status: 'scheduled', occurrence: undefined }

export class MaintenanceWindows {
  readonly list: WindowList
  readonly store: OverrideStore
  readonly #options: MaintenanceWindowsOptions
  readonly #now: () => number
  readonly #facts = new WindowFacts()
  readonly #beganMs: number
  #snapshot: Snapshot
  #routes: readonly RouteInPool[]
  #effects: Effects
  #states: ReadonlyMap<string, WindowState> = new Map()
  #closedRoutes: readonly ClosedRoute[] = []
  /** Keys of occurrences that the guard has let begin. */
  #admitted: ReadonlySet<string> = new Set()
  readonly #told = new Map<string, Told>()
  /** Slots that serve only those whom a window lets through. */
  readonly #bypassOnly = new Set<number>()
  #timer: NodeJS.Timeout | undefined
  #hasLooked = false
  /** Undefined = all that was kept is known. Until then: when each window was first met in this process. */
  #provisional: Map<string, number> | undefined

  constructor(snapshot: Snapshot, options: MaintenanceWindowsOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.store = options.store ?? FORGETFUL
    this.#provisional = this.store === FORGETFUL ? undefined : new Map()
    this.#beganMs = this.#now()
    this.list = new WindowList(this.#facts.made, this.#now)
    this.#snapshot = snapshot
    this.#routes = routesOf(snapshot)
    this.list.take(snapshot.maintenance ?? [])
    this.#effects = effectsAt([], this.#now(), this.#facts.overrides(new Set()))
  }

  get effects(): Effects {
    return this.#effects
  }

  get closedRoutes(): readonly ClosedRoute[] {
    return this.#closedRoutes
  }

  get snapshot(): Snapshot {
    return this.#snapshot
  }

  /** What each window does, as of the last look. */
  state(name: string): WindowState | undefined {
    return this.#states.get(name)
  }

  /** Begins to look at the calendar: call it once the registry has its upstreams, before any worker starts. */
  start(): void {
    this.tick()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Takes over the windows of a configuration, at once: what is new in it is in force before a worker knows it. */
  apply(snapshot: Snapshot): void {
    const routes = routesOf(snapshot)
    const left = this.#routes.filter(({ route }) => !routes.some(each => each.route === route))
    this.#snapshot = snapshot
    // Workers use the former routes until they have the new ones.
    this.#routes = [...routes, ...left]
    for (const replaced of this.list.take(snapshot.maintenance ?? [])) {
      this.#keep({ kind: 'removed', window: replaced })
      this.tell({
        window: replaced,
        kind: 'removed',
        occurrence: undefined,
        by: BY_SCHEDULE,
        reason: '',
        cause: 'made over the admin API; the configuration has one of the same name now, which counts',
      })
    }
    if (this.#hasLooked) this.tick()
  }

  /** No worker uses the former configuration any more. */
  retire(): void {
    this.#routes = routesOf(this.#snapshot)
    if (this.#hasLooked) this.tick()
  }

  /** Facts that were kept over a restart. Until it is called, what ended before the start counts as done with. */
  restore(facts: readonly WindowFact[]): void {
    for (const fact of facts) this.#facts.add(fact)
    this.#provisional = undefined
    this.list.take(this.#snapshot.maintenance ?? [])
    // What was under way before the restart goes on without asking the guard, which knows no probe results yet.
    if (this.#hasLooked) this.tick(true)
  }

  /** The freeze that forbids to change this pool; without a pool: the configuration. */
  freezeOn(pool?: string): FreezeInForce | undefined {
    return freezeOn(this.#effects, pool)
  }

  /** Somebody has ended, or cancelled, this occurrence. */
  isEnded(key: string): boolean {
    return this.#facts.isEnded(key)
  }

  overrides(): Overrides {
    const overrides = this.#facts.overrides(this.#unhealthy())
    return this.#provisional === undefined ? overrides : { ...overrides, knownSinceMs: this.#provisional }
  }

  /** Looks at the calendar now. */
  tick(resumes = !this.#hasLooked): void {
    const nowMs = this.#now()
    this.#hasLooked = true
    this.#admit(nowMs, resumes)
    const overrides = this.overrides()
    const states = new Map<string, WindowState>()
    for (const { plan, occurrences } of this.list.all()) {
      const state = windowState(occurrences, nowMs, overrides)
      states.set(plan.name, state)
      const { finished } = state
      // Before what was kept is known, only of what ran in this process is it certain that it is over.
      const isCertain = finished !== undefined && (this.#provisional === undefined || finished.endMs > this.#beganMs)
      if (isCertain && !overrides.reopened.has(finished.key)) this.#keep({ kind: 'reopened', key: finished.key })
    }
    this.#states = states
    this.#effects = effectsAt(
      this.list.all().map(({ occurrences }) => occurrences),
      nowMs,
      overrides,
    )
    this.#hold()
    this.#close()
    for (const { plan } of this.list.all()) this.#tellOf(plan, states.get(plan.name)!, resumes)
    for (const name of this.#told.keys()) if (!states.has(name)) this.#told.delete(name)
    this.#arm(nowMs)
  }

  /** Takes in what somebody asked for and has been kept already. */
  learn(fact: WindowFact): void {
    this.#facts.add(fact)
    this.list.take(this.#snapshot.maintenance ?? [])
  }

  tell(event: Omit<WindowEvent, 'type' | 'atMs'>): void {
    this.#options.tell({ type: 'window', atMs: this.#now(), ...event })
  }

  #keep(fact: WindowFact): void {
    this.#facts.add(fact)
    this.store.append(fact)
  }

  /** Asks the guard about each window whose time has come, in their order: each with what those before it have left. */
  #admit(nowMs: number, resumes: boolean): void {
    const overrides = this.overrides()
    const admitted = new Set<string>()
    const taken = new Set<string>()
    for (const { plan, occurrences } of this.list.all()) {
      if (!overrides.knownSinceMs.has(plan.name)) this.#meet(plan.name, nowMs)
      const { status, occurrence } = windowState(occurrences, nowMs, overrides)
      if (occurrence === undefined || (!isRunning(status) && status !== 'postponed')) continue
      const { key } = occurrence
      const goesOn = status === 'overrun' || this.#admitted.has(key) || (resumes && status !== 'postponed')
      const verdict = goesOn ? ({ verdict: 'ok' } as const) : mayStart(plan, this.#poolsNow(taken))
      if (verdict.verdict === 'ok') {
        if (status === 'postponed') this.#keep({ kind: 'postponed', key, holds: false })
        admitted.add(key)
        for (const place of this.#placesOf(plan)) taken.add(place)
      } else if (status !== 'postponed') {
        this.#keep({ kind: 'postponed', key, holds: true })
        const { message: cause } = verdict
        this.tell({
          window: plan.name,
          kind: 'postponed',
          occurrence: key,
          by: BY_SCHEDULE,
          reason: plan.reason,
          cause,
        })
      }
    }
    this.#admitted = admitted
  }

  #meet(window: string, atMs: number): void {
    if (this.#provisional !== undefined) this.#provisional.set(window, atMs)
    else this.#keep({ kind: 'known', window, atMs })
  }

  #poolsNow(taken: ReadonlySet<string>) {
    return this.#options.registry.pools().map(({ plan, entries }) => ({
      name: plan.name,
      available: entries
        .filter(entry => takesWork(entry) && !taken.has(placeOf(plan.name, entry.plan.name)))
        .map(entry => entry.plan.name),
      minimum: plan.minAvailable ?? 1,
    }))
  }

  #placesOf({ scope }: WindowPlan): string[] {
    return this.#options.registry
      .pools()
      .filter(({ plan }) => scope.kind === 'everything' || (scope.kind !== 'route' && scope.pool === plan.name))
      .flatMap(({ plan, entries }) =>
        entries
          .filter(entry => scope.kind !== 'upstream' || scope.upstream === entry.plan.name)
          .map(entry => placeOf(plan.name, entry.plan.name)),
      )
  }

  /** Windows in whose scope a probe fails. Upstreams that people or the node itself have taken out do not count. */
  #unhealthy(): ReadonlySet<string> {
    const failing = new Map<string, Set<string>>()
    for (const { plan, entries } of this.#options.registry.pools()) {
      for (const { plan: upstream, state, holds } of entries) {
        if (state.probe.status === 'healthy' || holds.some(({ source }) => source !== 'window')) continue
        failing.set(plan.name, (failing.get(plan.name) ?? new Set()).add(upstream.name))
      }
    }
    const names = new Set<string>()
    if (failing.size === 0) return names
    for (const { plan } of this.list.all()) {
      if (plan.onlyWhenHealthy && this.#isFailing(plan.scope, failing)) names.add(plan.name)
    }
    return names
  }

  #isFailing(scope: WindowScope, failing: ReadonlyMap<string, ReadonlySet<string>>): boolean {
    switch (scope.kind) {
      case 'everything':
        return true
      case 'pool':
        return failing.has(scope.pool)
      case 'upstream':
        return failing.get(scope.pool)?.has(scope.upstream) === true
      case 'route':
        return this.#routes.some(({ route, pool }) => route === scope.route && failing.has(pool))
    }
  }

  #hold(): void {
    const { registry, tell } = this.#options
    const starts = new Map([...this.#states.values()].map(({ occurrence }) => [occurrence?.key, occurrence?.startMs]))
    for (const { plan, entries } of registry.pools()) {
      const bypassOnly = isBypassOnly(this.#effects, plan.name)
      for (const { slot, holds, plan: upstream } of entries) {
        const held = holds.find(({ source }) => source === 'window')
        const wanted = holdFor(this.#effects, plan.name, upstream.name, key => starts.get(key))
        if (wanted === undefined) {
          if (held !== undefined) registry.release(slot, 'window', `${held.by} lets it go`, held.by)
        } else if (held?.status !== wanted.status || held.reason !== wanted.reason || held.by !== wanted.by) {
          registry.hold(slot, wanted)
        }
        if (!bypassOnly) this.#bypassOnly.delete(slot)
        else if (!this.#bypassOnly.has(slot)) {
          this.#bypassOnly.add(slot)
          tell({ type: 'bypass-only', slot })
        }
      }
    }
  }

  #close(): void {
    const closedRoutes = closedRoutesOf(this.#effects, this.#routes)
    if (JSON.stringify(closedRoutes) === JSON.stringify(this.#closedRoutes)) return
    this.#closedRoutes = closedRoutes
    this.#options.tell({ type: 'closed-routes', closedRoutes })
  }

  #tellOf(plan: WindowPlan, state: WindowState, resumes: boolean): void {
    const { name: window, reason } = plan
    const former = this.#told.get(window) ?? (resumes ? undefined : UNTOLD)
    const change = changeOf(plan, former, state)
    this.#told.set(window, { status: state.status, occurrence: state.occurrence })
    if (change === undefined) return
    const ended = change.kind === 'ended' && change.occurrence !== undefined
    // Whoever ended it early was told so.
    if (ended && this.isEnded(change.occurrence!)) return
    this.tell({ window, by: BY_SCHEDULE, reason, ...change })
  }

  /** Looks again at the next transition, in ten seconds at the latest. */
  #arm(nowMs: number): void {
    let nextMs = nowMs + LOOK_AGAIN_MS
    for (const { occurrences } of this.list.all()) {
      const { latest, next } = neighbours(occurrences, nowMs)
      for (const atMs of [latest?.endMs, next?.leadFromMs, next?.startMs]) {
        if (atMs !== undefined && atMs > nowMs && atMs < nextMs) nextMs = atMs
      }
    }
    clearTimeout(this.#timer)
    // Timers may come a moment early.
    this.#timer = setTimeout(() => this.tick(), nextMs - nowMs + 1)
    this.#timer.unref()
  }
}

function placeOf(pool: string, upstream: string): string {
  return `${pool}/${upstream}`
}
