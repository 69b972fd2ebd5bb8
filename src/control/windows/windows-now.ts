// What a step of the windows starts from, what it sees, and what it may ask for. Types only: window-step.ts decides.

import type { Effects } from '../../policy/maintenance/effects.ts'
import type { Facts, WindowState } from '../../policy/maintenance/window-state.ts'
import type { HoldOrder } from '../../policy/upstream/holds.ts'
import type { ClosedRoute } from '../../shared/messages.ts'
import type { RegistryPool } from '../upstreams/entry.ts'
import type { RouteInPool } from './pools-now.ts'
import type { WindowsEvent } from './window-event.ts'
import type { WindowFact } from './window-facts.ts'
import type { PlannedWindow } from './window-list.ts'

/** What windows do, as of the last look. */
export interface WindowsState {
  /** By the name of the window. */
  readonly states: ReadonlyMap<string, WindowState>
  readonly effects: Effects
  readonly closedRoutes: readonly ClosedRoute[]
  /** Keys of the occurrences that run: the guard is not asked about them again. */
  readonly running: ReadonlySet<string>
  /** Slots that serve only those whom a window lets through. */
  readonly bypassOnly: ReadonlySet<number>
}

/** What a look sees. */
export interface WindowsNow {
  /** In their order: the first to begin is the first that the guard is asked about. */
  readonly windows: readonly PlannedWindow[]
  readonly facts: Omit<Facts, 'unhealthy'>
  readonly pools: readonly RegistryPool[]
  readonly routes: readonly RouteInPool[]
  readonly nowMs: number
  /** After a start: what is under way goes on without asking the guard, which knows no probe results yet. */
  readonly resumes: boolean
  /** Of what ended before this it is not certain yet that it is over for good: more facts may come. */
  readonly certainSinceMs: number
}

export interface WindowsStep {
  readonly state: WindowsState
  /** To be done in this order. */
  readonly actions: readonly WindowAction[]
  /** When to look again, epoch ms. */
  readonly nextMs: number
}

export type WindowAction =
  /** Keep it, and tell of it. */
  | { readonly type: 'learn'; readonly fact: WindowFact }
  | { readonly type: 'hold'; readonly slot: number; readonly order: HoldOrder }
  /** `by`: who held it. */
  | { readonly type: 'release'; readonly slot: number; readonly by: string }
  | { readonly type: 'tell'; readonly event: WindowsEvent }
