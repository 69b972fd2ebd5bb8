// What the admin listener may ask of what vigia has kept: audit, transitions, incidents, configurations. Control implements it.
// Secrets are masked before anything comes here.

import type { ReloadOutcome } from '../routes/configuration.ts'
import type { Order } from './control-operations.ts'

/** The store can't be read, or what is asked for is not there. One line. */
export interface NotFound {
  readonly ok: false
  readonly refused: 'unavailable' | 'unknown' | 'conflict'
  readonly detail: string
}
export type Found<T> = (T & { readonly ok: true }) | NotFound

export interface Rows<T> {
  /** Newest first. */
  readonly rows: readonly T[]
  /** For `cursor`, to get those that come after; null = that was all. */
  readonly next: number | null
}

export interface RowsQuery {
  readonly limit?: number | undefined
  readonly cursor?: number | undefined
}
export interface SpanQuery extends RowsQuery {
  /** Epoch ms. */
  readonly fromMs?: number | undefined
  readonly toMs?: number | undefined
}
export interface AuditRowsQuery extends SpanQuery {
  readonly actor?: string | undefined
  /** Itself and what is below it. */
  readonly subject?: string | undefined
  readonly action?: string | undefined
}
export interface PlaceRowsQuery extends SpanQuery {
  readonly pool?: string | undefined
  readonly upstream?: string | undefined
}
export interface IncidentRowsQuery extends PlaceRowsQuery {
  readonly open?: boolean | undefined
}

/** Times are ISO 8601. */
export interface AuditReport {
  readonly seq: number
  readonly at: string
  readonly actor: string
  readonly source: string
  readonly action: string
  readonly subject: string
  readonly reason: string
  readonly before: unknown
  readonly after: unknown
  readonly hash: string
}
export interface TransitionReport {
  readonly id: number
  readonly at: string
  readonly pool: string
  readonly upstream: string
  readonly from: string
  readonly to: string
  readonly cause: string
  readonly by: string | null
}
export interface IncidentReport {
  readonly id: number
  readonly at: string
  /** Null = it lasts. */
  readonly end: string | null
  readonly pool: string
  /** Null = of the pool. */
  readonly upstream: string | null
  readonly kind: string
  readonly cause: string
}
export interface AppliedReport {
  readonly id: number
  readonly at: string
  readonly actor: string
  readonly source: string
  /** Of the vigia that ran then: it counts from 1 at each start. */
  readonly revision: number
  /** What was different, in a line. */
  readonly summary: string
  /** SHA-256 of the text, in hex. */
  readonly hash: string
}

export interface RecordsView {
  audit(query: AuditRowsQuery): Promise<Found<Rows<AuditReport>>>
  transitions(query: PlaceRowsQuery): Promise<Found<Rows<TransitionReport>>>
  incidents(query: IncidentRowsQuery): Promise<Found<Rows<IncidentReport>>>
}

export interface ProblemReport {
  readonly severity: 'error' | 'warning'
  /** From 1. */
  readonly line: number
  readonly column: number
  /** `pools.erp.upstreams[0].url`; '' = the whole. */
  readonly path: string
  readonly message: string
}

/** What a configuration would change. */
export interface DiffReport {
  /** One line each; where there are many, not all. */
  readonly changes: readonly string[]
  /** Of all changes. */
  readonly total: number
}

export interface CheckReport {
  /** It can be used. */
  readonly valid: boolean
  readonly problems: readonly ProblemReport[]
  /** Against what is in use; null where it can't be used. */
  readonly diff: DiffReport | null
}

export interface ApplyOrder extends Order {
  /** Also into the file, so that it outlives the next reload and start. */
  readonly write: boolean
}

export interface ApplyReport {
  readonly outcome: ReloadOutcome
  /** Whether the file says the same now. */
  readonly written: boolean
  /** What counts at the next reload or start: one line. */
  readonly note: string
}

export interface ConfigurationHistory {
  /** What is in use: YAML without secrets. */
  running(): string
  check(text: string): CheckReport
  apply(text: string, order: ApplyOrder): Promise<Found<ApplyReport>>
  history(query: RowsQuery): Promise<Found<Rows<AppliedReport>>>
  /** YAML without secrets. */
  text(id: number): Promise<Found<{ readonly text: string }>>
  /** @param from, to ids; undefined = what is in use */
  diff(from: number | undefined, to: number | undefined): Promise<Found<DiffReport>>
  /** Applies the text of `id` again. */
  rollback(id: number, order: ApplyOrder): Promise<Found<ApplyReport>>
}
