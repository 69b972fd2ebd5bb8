// What the admin listener may ask of configurations: the one in use, those before it, what another one would change; and to put one into
// use. Control implements it. Nothing that is shown holds a secret.

import type { Found, Rows, RowsQuery } from './history.ts'
import type { Order } from './operations.ts'
import type { ReloadOutcome } from './reload.ts'

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

export interface ProblemReport {
  readonly severity: 'error' | 'warning'
  /** An included one; undefined = the text itself. */
  readonly file?: string
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

export interface Configurations {
  /** What is in use: YAML without secrets. */
  running(): Promise<string>
  check(text: string): Promise<CheckReport>
  apply(text: string, order: ApplyOrder): Promise<Found<ApplyReport>>
  history(query: RowsQuery): Promise<Found<Rows<AppliedReport>>>
  /** YAML without secrets. */
  text(id: number): Promise<Found<{ readonly text: string }>>
  /** @param from, to ids; undefined = what is in use */
  diff(from: number | undefined, to: number | undefined): Promise<Found<DiffReport>>
  /** Applies the text of `id` again. */
  rollback(id: number, order: ApplyOrder): Promise<Found<ApplyReport>>
}
