// What the admin listener may ask of what vigia has kept: the audit trail, transitions, incidents; a page at a time. Control implements it.
// Secrets are masked before anything comes here.

import type { Refusal } from '../../util/refusal.ts'

/** Refused where the store can't be read, or what is asked for is not there. */
export type Found<T> = (T & { readonly ok: true }) | Refusal

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
export interface UpstreamRowsQuery extends SpanQuery {
  readonly pool?: string | undefined
  readonly upstream?: string | undefined
}
export interface IncidentRowsQuery extends UpstreamRowsQuery {
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
  /** Null = it lasts. */
  readonly durationMs: number | null
  /** `*` = all, where vigia itself did not run. */
  readonly pool: string
  /** Null = of the pool. */
  readonly upstream: string | null
  /** `upstream-out`, `pool-unavailable`, `vigia-down`. */
  readonly kind: string
  readonly cause: string
  /** Requests that failed meanwhile: users' answers 5xx for a pool, failed attempts for an upstream; null = it lasts, or nobody knows. */
  readonly failed: number | null
}
export interface HistoryView {
  audit(query: AuditRowsQuery): Promise<Found<Rows<AuditReport>>>
  transitions(query: UpstreamRowsQuery): Promise<Found<Rows<TransitionReport>>>
  incidents(query: IncidentRowsQuery): Promise<Found<Rows<IncidentReport>>>
}
