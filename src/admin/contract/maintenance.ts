// What the admin listener shows of maintenance windows, and what may be asked for. Control implements it.

import type { WindowDocument } from '../../config/parts/maintenance/window.ts'
import type { Refusal } from '../../util/refusal.ts'
import type { Order, Recording } from './operations.ts'

export type WindowStatusName = 'scheduled' | 'lead-in' | 'active' | 'overrun' | 'postponed' | 'over'

export interface OccurrenceReport {
  readonly window: string
  readonly kind: 'maintenance' | 'freeze'
  /** `pool odoo` */
  readonly scope: string
  /** ISO 8601, UTC. */
  readonly start: string
  readonly end: string
  /** When its lead-in begins; as `start` where there is none. */
  readonly leadFrom: string
  /** Local times of the window's zone with their offset: `2026-12-06T02:00-03:00`. */
  readonly localStart: string
  readonly localEnd: string
  readonly timeZone: string
  /** The local start does not exist on that day: it begins later by the length of the gap. */
  readonly shifted: boolean
}

export interface WindowReport {
  readonly name: string
  readonly kind: 'maintenance' | 'freeze'
  readonly source: 'file' | 'api'
  /** Who made it over the API. */
  readonly by: string | null
  readonly reason: string
  /** `pool odoo` */
  readonly scope: string
  readonly behaviour: 'drain' | 'answer'
  readonly timeZone: string
  readonly repeat: string | null
  readonly overrun: 'reopen' | 'confirm'
  readonly onlyWhenHealthy: boolean
  /** Who passes; of a header only the name. */
  readonly bypass: { readonly addresses: readonly string[]; readonly header: string | null }
  readonly status: WindowStatusName
  /** The occurrence that is under way or held back; else the next. */
  readonly occurrence: OccurrenceReport | null
  /** Since when, and until when by the calendar, ISO 8601; null = not known, or open. */
  readonly since: string | null
  readonly until: string | null
  /** What an overrun waits for. */
  readonly waitingFor: 'confirmation' | 'probes' | null
  /** Why it has no effect: a pool or a route that it is for does not exist. */
  readonly problem: string | null
  /** Who moved the end of the occurrence, and why; null = nobody. */
  readonly extended: { readonly by: string; readonly reason: string } | null
  /** The next five. */
  readonly next: readonly OccurrenceReport[]
  /** Dates to come that somebody has cancelled. */
  readonly cancelled: readonly CancelledReport[]
}

export interface CancelledReport extends OccurrenceReport {
  /** Who did it, and why; null = not known. */
  readonly by: string | null
  readonly reason: string | null
}

/** A window without its dates to come. */
export type WindowNow = Omit<WindowReport, 'next' | 'cancelled'>

/** On /status. */
export interface MaintenanceSummary {
  /** Those in force, draining, overrun or held back. */
  readonly active: readonly WindowNow[]
  /** Of all windows; null = nothing is planned. */
  readonly next: OccurrenceReport | null
}

/** What holds for all of a pool. */
export interface PoolMaintenance {
  readonly window: string
  /** drain: no new sessions; disabled: no requests; answer: each is answered 503. */
  readonly level: 'drain' | 'disabled' | 'answer'
  /** ISO 8601; null = open. */
  readonly until: string | null
  /** One line. */
  readonly why: string
}

export interface MaintenanceView {
  /** In the order of the configuration; then those made over the API. */
  windows(): readonly WindowReport[]
  /** What begins, or is under way, within so many days; in order of time, at most 1000. */
  upcoming(days: number): readonly OccurrenceReport[]
  /** RFC 5545. */
  calendar(): string
}

/** The window as it is now. */
export type WindowResult =
  | { readonly ok: true; readonly window: WindowReport; readonly warnings: readonly string[] }
  | Refusal

export interface MaintenanceOperations {
  add(window: WindowDocument, order: Recording & Pick<Order, 'by'>): Promise<WindowResult>
  /** Ends what is under way, or what drains or is held back for it; with `next` the next one does not take place. */
  end(name: string, order: EndOrder): Promise<WindowResult>
  /** The nearest date that was cancelled takes place after all. */
  uncancel(name: string, order: Order): Promise<WindowResult>
  /** What is under way ends later: from its end on, or from now on where that has passed. */
  extend(name: string, order: ExtendOrder): Promise<WindowResult>
  /** The work is done: what stays closed after its end may reopen. */
  confirm(name: string, order: Order): Promise<WindowResult>
  /** Of those made over the API. */
  remove(name: string, order: Order): Promise<WindowResult>
}

export interface EndOrder extends Order {
  /** Also where probes still fail. */
  readonly force: boolean
  readonly next: boolean
}

export interface ExtendOrder extends Order {
  readonly durationMs: number
}

export interface MaintenanceParts {
  readonly view: MaintenanceView
  readonly operations: MaintenanceOperations
}
