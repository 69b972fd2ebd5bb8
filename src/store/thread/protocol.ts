// What the store and its thread tell each other.

import type { AppendKind, AppendRows, Change, Committed, Retention, StoreNotice } from '../contract.ts'
import type { FaultKind } from '../sqlite-fault.ts'
import type { StoreErrorCode } from '../store-error.ts'

export interface ThreadStart {
  readonly path: string
  readonly busyMs: number
  readonly retention: Retention
  /** One Int32: the GATE of the batch under way. */
  readonly gate: SharedArrayBuffer
  /** Tells this run's batches from those of earlier ones. */
  readonly writer: string
}

/** Who comes first decides: the thread that begins to commit, or main whose caller has waited for long enough. */
export const GATE = { idle: 0, committing: 1, forbidden: 2 } as const

export type WriteItem =
  | { [K in AppendKind]: { readonly type: 'append'; readonly kind: K; readonly row: AppendRows[K] } }[AppendKind]
  | { readonly type: 'commit'; readonly change: Change }

export type ItemResult =
  | { readonly ok: true; readonly committed?: Committed }
  /** `refused`: by what is stored; otherwise the row itself can't be stored. */
  | { readonly ok: false; readonly refused: boolean; readonly text: string }

/** The methods of the Store that read. */
export type QueryName =
  | 'audit'
  | 'transitions'
  | 'incidents'
  | 'inDoubt'
  | 'configurations'
  | 'configuration'
  | 'overrides'
  | 'windows'
  | 'secrets'

export type ToThread =
  /** `number` counts up; the same number again = the same batch, whose fate is not known. */
  | { readonly type: 'write'; readonly number: number; readonly nowMs: number; readonly items: readonly WriteItem[] }
  | { readonly type: 'query'; readonly id: number; readonly query: QueryName; readonly argument: unknown }
  | { readonly type: 'tidy'; readonly nowMs: number; readonly ages: boolean }
  | { readonly type: 'close' }

export interface WriteFailure {
  readonly text: string
  readonly kind: FaultKind | 'forbidden' | 'unusable'
  /** Nothing of the batch is in the file. Otherwise nobody knows, and the same batch is to be sent again. */
  readonly certain: boolean
}

export type FromThread =
  | { readonly type: 'opened' }
  /** `code`: the file is not to be used at all; undefined = it may get better. */
  | { readonly type: 'not-opened'; readonly text: string; readonly code: StoreErrorCode | undefined }
  | { readonly type: 'written'; readonly number: number; readonly results: readonly ItemResult[] }
  | { readonly type: 'not-written'; readonly number: number; readonly failure: WriteFailure }
  | { readonly type: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly type: 'no-answer'; readonly id: number; readonly text: string }
  /** `more`: there is more to delete than one turn may. */
  | { readonly type: 'tidied'; readonly more: boolean; readonly aged: boolean }
  | { readonly type: 'notice'; readonly notice: StoreNotice }
  | { readonly type: 'closed' }
