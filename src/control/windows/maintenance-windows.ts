// The windows in use. Looks at the calendar at each transition and whenever it is asked to, so that a clock that steps is noticed; keeps
// the facts; holds and releases upstreams; tells. What it does then is decided in window-step.ts, what people may ask for in orders/.

import type { Snapshot } from '../../plan/snapshot.ts'
import { type Effects, type FreezeInForce, freezeOn } from '../../policy/maintenance/effects.ts'
import type { Occurrence } from '../../policy/maintenance/occurrences.ts'
import { type Changes, cancelledFrom, type WindowState } from '../../policy/maintenance/window-state.ts'
import type { ClosedRoute } from '../../shared/messages.ts'
import type { Registry } from '../upstreams/registry.ts'
import { type RouteInPool, routesOf } from './pools-now.ts'
import { BY_SCHEDULE, type WindowNews, type WindowsEvent } from './window-event.ts'
import { type Author, type WindowFact, WindowFacts } from './window-facts.ts'
import { WindowList } from './window-list.ts'
import { NOTHING_YET, step } from './window-step.ts'
import type { WindowAction, WindowsState } from './windows-now.ts'

export interface MaintenanceWindowsOptions {
  readonly registry: Pick<Registry, 'pools' | 'hold' | 'release'>
  readonly tell: (event: WindowsEvent) => void
  /** Facts that were kept over a restart come later, with `restore`. */
  readonly restores?: boolean
  /** Epoch ms. */
  readonly now?: () => number
}

export class MaintenanceWindows {
  readonly list: WindowList
  readonly #options: MaintenanceWindowsOptions
  readonly #now: () => number
  readonly #facts = new WindowFacts()
  /** Names of windows that this process met first. */
  readonly #met = new Set<string>()
  #beganMs: number
  #snapshot: Snapshot
  #routes: readonly RouteInPool[]
  #state: WindowsState = NOTHING_YET
  #timer: NodeJS.Timeout | undefined
  #hasLooked = false
  /** Undefined = all that was kept is known. Until then: when each window was first met in this process. */
  #provisional: Map<string, number> | undefined

  constructor(snapshot: Snapshot, options: MaintenanceWindowsOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#provisional = options.restores === true ? new Map() : undefined
    this.#beganMs = this.#now()
    this.list = new WindowList(this.#facts.made, this.#now)
    this.#snapshot = snapshot
    this.#routes = routesOf(snapshot)
    this.list.take(snapshot.maintenance ?? [])
  }

  get effects(): Effects {
    return this.#state.effects
  }

  get closedRoutes(): readonly ClosedRoute[] {
    return this.#state.closedRoutes
  }

  get snapshot(): Snapshot {
    return this.#snapshot
  }

  /** What each window does, as of the last look. */
  state(name: string): WindowState | undefined {
    return this.#state.states.get(name)
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
    const names = new Set(routes.map(({ route }) => route))
    const left = this.#routes.filter(({ route }) => !names.has(route))
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

  /** The wall clock was set by so many ms. When a window was first met is as long ago as it was, and all else the calendar says. */
  clockStepped(byMs: number): void {
    this.#beganMs += byMs
    this.list.clockStepped(byMs)
    const { knownSinceMs } = this.#facts
    for (const [window, atMs] of this.#provisional ?? []) this.#provisional!.set(window, atMs + byMs)
    for (const window of this.#met) {
      const atMs = knownSinceMs.get(window)
      if (atMs !== undefined) this.#keep({ kind: 'known', window, atMs: atMs + byMs })
    }
    if (this.#hasLooked) this.tick()
  }

  /** The freeze that forbids to change this pool; without a pool: the configuration. */
  freezeOn(pool?: string): FreezeInForce | undefined {
    return freezeOn(this.effects, pool)
  }

  /** Somebody has ended, or cancelled, this occurrence. */
  isEnded(key: string): boolean {
    return this.#facts.endedEarly.has(key)
  }

  /** Dates to come, and those under way, that somebody has cancelled, in order. */
  cancelled(name: string): readonly Occurrence[] {
    const window = this.list.get(name)
    return window === undefined ? [] : cancelledFrom(window.occurrences, this.#now(), this.#facts)
  }

  /** What people have changed of single dates. */
  get changes(): Changes {
    return this.#facts
  }

  /** When they did so last, or a plan was changed, epoch ms. */
  get changedMs(): number {
    return Math.max(this.list.changedMs, this.#facts.changedMs)
  }

  /** Who ended, or cancelled, this occurrence; undefined = nobody, or it is not known. */
  endedBy(key: string): Author | undefined {
    return this.#facts.endedBy.get(key)
  }

  extendedBy(key: string): Author | undefined {
    return this.#facts.extendedBy.get(key)
  }

  /** Looks at the calendar now. @param resumes what is under way goes on without asking the guard */
  tick(resumes = !this.#hasLooked): void {
    const nowMs = this.#now()
    const provisional = this.#provisional
    this.#hasLooked = true
    const { state, actions, nextMs } = step(this.#state, {
      windows: this.list.all(),
      facts: provisional === undefined ? this.#facts : { ...this.#facts, knownSinceMs: provisional },
      pools: this.#options.registry.pools(),
      routes: this.#routes,
      nowMs,
      resumes,
      certainSinceMs: provisional === undefined ? Number.NEGATIVE_INFINITY : this.#beganMs,
    })
    this.#state = state
    for (const action of actions) this.#carryOut(action)
    clearTimeout(this.#timer)
    // Timers may come a moment early.
    this.#timer = setTimeout(() => this.tick(), nextMs - nowMs + 1)
    this.#timer.unref()
  }

  /** Takes in what somebody asked for and has been kept already. */
  learn(fact: WindowFact): void {
    this.#facts.add(fact)
    this.list.take(this.#snapshot.maintenance ?? [])
  }

  tell(news: WindowNews): void {
    this.#options.tell({ type: 'window', atMs: this.#now(), ...news })
  }

  #carryOut(action: WindowAction): void {
    const { registry, tell } = this.#options
    switch (action.type) {
      case 'learn': {
        const { fact } = action
        if (fact.kind === 'known' && this.#provisional !== undefined) {
          this.#provisional.set(fact.window, fact.atMs)
          return
        }
        if (fact.kind === 'known' && !this.#facts.knownSinceMs.has(fact.window)) this.#met.add(fact.window)
        this.#keep(fact)
        return
      }
      case 'hold':
        registry.hold(action.slot, action.order)
        return
      case 'release':
        registry.release(action.slot, 'window', `${action.by} lets it go`, action.by)
        return
      case 'tell':
        return tell(action.event)
    }
  }

  #keep(fact: WindowFact): void {
    this.#facts.add(fact)
    this.#options.tell({ type: 'window-fact', fact })
  }
}
