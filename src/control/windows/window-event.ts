// What the windows tell of: what becomes of each window, what became known of it, which routes windows close, and which upstreams serve
// only those whom a window lets through.

import type { ClosedRoute } from '../../shared/messages.ts'
import type { WindowFact } from './window-facts.ts'

export type WindowsEvent = WindowEvent | WindowFactEvent | ClosedRoutesEvent | BypassOnlyEvent

/** Which routes are answered from now on, in place of those before; told when that changes. */
export interface ClosedRoutesEvent {
  readonly type: 'closed-routes'
  readonly closedRoutes: readonly ClosedRoute[]
}

/** Became known by itself; whoever keeps it gives it back after a restart. */
export interface WindowFactEvent {
  readonly type: 'window-fact'
  readonly fact: WindowFact
}

/** The upstream serves nobody any more but those whom a window lets through: tunnels and idle connections end. */
export interface BypassOnlyEvent {
  readonly type: 'bypass-only'
  readonly slot: number
}

export type WindowEventKind =
  /** It drains, before its start. */
  | 'lead-in'
  | 'started'
  /** It was under way already when vigia started. */
  | 'resumed'
  /** Its end has come, and it stays closed. */
  | 'overrun'
  | 'ended'
  | 'postponed'
  /** By people. */
  | 'ended-early'
  | 'cancelled'
  | 'uncancelled'
  | 'extended'
  | 'confirmed'
  | 'added'
  | 'removed'
  /** Something that a freeze forbids was done, with a reason. */
  | 'overridden'

/** Something became of a window. */
export interface WindowEvent {
  readonly type: 'window'
  /** Epoch ms. */
  readonly atMs: number
  readonly window: string
  readonly kind: WindowEventKind
  /** How an order for it came; undefined = over the API, or by itself. */
  readonly source?: 'api' | 'cli' | undefined
  /** Key of the occurrence that it is about. */
  readonly occurrence: string | undefined
  /** Who: `schedule`, or who asked. */
  readonly by: string
  /** One line; '' = nobody gave one. */
  readonly reason: string
  /** What happened and why, one line, without the name of the window. */
  readonly cause: string
}

/** What has become of a window; when, says who tells it. */
export type WindowNews = Omit<WindowEvent, 'type' | 'atMs'>

/** The name under which windows act by themselves. */
export const BY_SCHEDULE = 'schedule'
