// What control may ask of the store, and what it gets: rows, queries, health. Types only; how it is written is not said here.

import type { InDoubtRecord } from '../shared/messages.ts'

/** Everything but `commit` and the queries returns at once: no caller ever waits for a disk. */
export interface Store {
  /** Writes when it can, in order. Never throws, never waits; where the queue is full, what is oldest and least needed is dropped and counted. */
  append<K extends AppendKind>(kind: K, row: AppendRows[K]): void
  /**
   * All of the change or none of it. Resolves when it is durable (fsync). Rejects with a StoreError: `refused` (it contradicts
   * what is stored), `not-written` (nothing was changed), `unknown` (the disk has not answered; see StoreError.settled), `closed`.
   */
  commit(change: Change): Promise<Committed>
  /**
   * Newest first, as are all that have a page. Queries see what was taken before them, unless the store is degraded; they reject
   * with a StoreError `unavailable` where the file can't be read in time.
   */
  audit(query?: AuditQuery): Promise<Page<AuditRow>>
  transitions(query?: PlaceQuery): Promise<Page<TransitionRow>>
  incidents(query?: IncidentQuery): Promise<Page<IncidentRow>>
  inDoubt(query?: InDoubtQuery): Promise<Page<InDoubtRow>>
  configurations(query?: PageQuery): Promise<Page<ConfigurationRow>>
  /** With its text; undefined = there is none of that id (any more). */
  configuration(id: number): Promise<(ConfigurationRow & { readonly text: string }) | undefined>
  overrides(): Promise<readonly Override[]>
  windows(): Promise<readonly StoredWindow[]>
  secrets(): Promise<readonly StoredSecret[]>
  health(): StoreHealth
  /** For so long nothing is deleted for its age, ms: the clock that says how old it is was set just now. */
  keepAll(ms: number): void
  /** Takes nothing more, writes what waits for as long as it may. Resolves with the number of rows that were left behind. */
  close(): Promise<{ readonly unwritten: number }>
}

export interface StoreOptions {
  readonly path: string
  readonly retention?: Partial<Retention>
  /** Called after each change between ok and degraded, and where the reason has become another one. */
  readonly onHealth?: (health: StoreHealth) => void
  /** What people should know: a corrupt file was set aside, rows were lost. One line. */
  readonly onNotice?: (notice: StoreNotice) => void
  /** Epoch ms. */
  readonly now?: () => number
  readonly tuning?: Partial<StoreTuning>
}

export interface StoreNotice {
  readonly level: 'error' | 'warn' | 'info'
  readonly text: string
}

export type StoreHealth = {
  /** Rows that are not on disk yet. */
  readonly waiting: number
  /** Rows that were given up since the start. */
  readonly dropped: number
} & (
  | { readonly status: 'ok' }
  /** One line that says what is wrong and what to do. Traffic goes on; changes by people are refused. */
  | { readonly status: 'degraded'; readonly reason: string; readonly sinceMs: number }
)

/** How long and how many. Rows leave when either says so. */
export interface Limit {
  readonly days: number
  readonly rows: number
}

export interface Retention {
  readonly transitions: Limit
  readonly incidents: Limit
  /** The days count for resolved ones only. */
  readonly inDoubt: Limit
  readonly configurations: Limit
  /** At least 400: the file itself refuses earlier deletion. */
  readonly auditDays: number
}

/** Bounds, in milliseconds and numbers. Only tests need others. */
export interface StoreTuning {
  readonly openWithinMs: number
  readonly commitWithinMs: number
  readonly queryWithinMs: number
  readonly closeWithinMs: number
  /** How long another process may hold the file before it counts as a failure. */
  readonly busyMs: number
  /** A write that takes longer than this makes the store degraded. */
  readonly slowMs: number
  readonly firstRetryMs: number
  readonly longestRetryMs: number
  readonly tidyEveryMs: number
  /** How often a day's rows, or a week's of the audit, go for their age: seldom, since the clock that says so may be years ahead. */
  readonly agesEveryMs: number
  readonly queueRows: number
  readonly batchRows: number
}

export interface AppendRows {
  readonly transition: TransitionEntry
  readonly incident: IncidentEntry
  readonly 'in-doubt': InDoubtRecord
  /** What happened by itself, e.g. an ejection. What people ask for goes by `commit`. */
  readonly audit: AuditEntry
}
export type AppendKind = keyof AppendRows

export type AuditSource = 'file' | 'api' | 'cli' | 'schedule' | 'signal' | 'automatic' | 'startup'

/** Who did what to what, and why. `before` and `after`: anything that JSON can say. */
export interface AuditEntry {
  /** Epoch ms; default: now. */
  readonly atMs?: number
  readonly actor: string
  readonly source: AuditSource
  /** `upstream.drain`, `configuration.apply`. */
  readonly action: string
  /** `erp`, `erp/erp-1`, a window's name, `configuration`. */
  readonly subject: string
  readonly reason?: string | undefined
  readonly before?: unknown
  readonly after?: unknown
}

export interface AuditRow {
  /** Counts from 1 without a gap. */
  readonly seq: number
  readonly atMs: number
  readonly actor: string
  readonly source: AuditSource
  readonly action: string
  readonly subject: string
  readonly reason: string
  readonly before: unknown
  readonly after: unknown
  /** SHA-256 over the previous row's hash and this row, in hex. */
  readonly hash: string
}

export interface TransitionEntry {
  readonly atMs: number
  readonly pool: string
  readonly upstream: string
  readonly from: string
  readonly to: string
  readonly cause: string
  readonly detail?: unknown
}
export interface TransitionRow extends TransitionEntry {
  readonly id: number
}

/** Appended when it begins, and with the same key again when it ends or when more is known. */
export interface IncidentEntry {
  readonly key: string
  readonly atMs: number
  /** Undefined = it lasts. */
  readonly endMs: number | undefined
  readonly pool: string
  /** Undefined = of the pool. */
  readonly upstream: string | undefined
  readonly kind: string
  readonly cause: string
  readonly detail?: unknown
}
export interface IncidentRow extends IncidentEntry {
  readonly id: number
}

export interface InDoubtRow extends InDoubtRecord {
  readonly id: number
  /** Undefined = it is open. */
  readonly resolved:
    | { readonly atMs: number; readonly by: string; readonly how: string; readonly note: string }
    | undefined
}

/** What is written together. At least one audit entry: nothing changes without one. */
export interface Change {
  readonly audit: readonly [AuditEntry, ...AuditEntry[]]
  readonly overrides?: readonly OverrideChange[]
  readonly windows?: readonly WindowChange[]
  /** In the place of those with the same ids. */
  readonly secrets?: readonly StoredSecret[]
  readonly configuration?: ConfigurationEntry
  readonly resolve?: readonly InDoubtResolution[]
}

export interface Committed {
  /** Parallel to `change.audit`. */
  readonly audit: readonly { readonly seq: number; readonly hash: string }[]
  readonly configurationId: number | undefined
}

/** What an operator has ordered and a restart must not forget. Its owner gives the value its meaning. */
export interface Override {
  readonly pool: string
  /** Undefined = the pool itself. */
  readonly upstream: string | undefined
  /** `hold`, `weight`. */
  readonly kind: string
  readonly value: unknown
}
export type OverrideChange =
  | ({ readonly op: 'put' } & Override)
  | ({ readonly op: 'remove' } & Pick<Override, 'pool' | 'upstream' | 'kind'>)

export interface StoredWindow {
  readonly id: string
  readonly value: unknown
}
export type WindowChange =
  | ({ readonly op: 'put' } & StoredWindow)
  | ({ readonly op: 'remove' } & Pick<StoredWindow, 'id'>)

/** What must stay private: accounts and certificates with their keys. No audit row, history or answer of the admin API has it. */
export interface StoredSecret {
  readonly id: string
  readonly value: unknown
}

export interface ConfigurationEntry {
  readonly atMs?: number
  readonly actor: string
  readonly source: AuditSource
  readonly revision: number
  /** As written by people: variables not expanded. */
  readonly text: string
  readonly summary: string
}
export interface ConfigurationRow {
  readonly id: number
  readonly atMs: number
  readonly actor: string
  readonly source: AuditSource
  readonly revision: number
  readonly summary: string
  /** SHA-256 of the text, in hex. */
  readonly hash: string
}

export type InDoubtResolution = {
  readonly by: string
  /** `done`, `not-done`, `ignored`. */
  readonly how: string
  readonly note: string
} & (
  | { readonly id: number }
  /** All records of this request; a later word replaces an earlier one, and where none is stored it is no contradiction. */
  | { readonly requestId: string }
)

export interface PageQuery {
  /** 1 to 1000; default 100. */
  readonly limit?: number
  /** `next` of the page before. */
  readonly cursor?: number
}
export interface Page<T> {
  readonly rows: readonly T[]
  /** Undefined = that was all. */
  readonly next: number | undefined
}
export interface TimeQuery extends PageQuery {
  /** Epoch ms, inclusive. */
  readonly fromMs?: number
  /** Epoch ms, exclusive. */
  readonly toMs?: number
}
export interface AuditQuery extends TimeQuery {
  /** Itself and what is below it: `erp` finds `erp/erp-1` too. */
  readonly subject?: string
  readonly actor?: string
  readonly action?: string
}
export interface PlaceQuery extends TimeQuery {
  readonly pool?: string
  readonly upstream?: string
}
export interface IncidentQuery extends PlaceQuery {
  /** True = only those that last, false = only those that are over. */
  readonly open?: boolean
}
export interface InDoubtQuery extends PlaceQuery {
  readonly open?: boolean
}
