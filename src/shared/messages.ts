// What control and workers tell each other. Only what is rare travels as a message; the rest is in shared memory.

import type { Snapshot } from '../config/snapshot.ts'

/** Where each pool and upstream of a snapshot lives in the shared tables; parallel to `snapshot.pools`. */
export interface Slots {
  readonly pools: readonly number[]
  readonly upstreams: readonly (readonly number[])[]
}

/** What a worker is started with. */
export interface WorkerStart {
  /** Index of the worker's counter row. */
  readonly worker: number
  readonly workers: number
  readonly upstreamTable: SharedArrayBuffer
  readonly counters: SharedArrayBuffer
  readonly snapshot: Snapshot
  readonly slots: Slots
}

export type ToWorker =
  | { readonly type: 'snapshot'; readonly snapshot: Snapshot; readonly slots: Slots }
  /** Stop accepting, finish what is in flight within `deadlineMs`, then exit. */
  | { readonly type: 'drain'; readonly deadlineMs: number }

export type FromWorker =
  /** Every listener of the snapshot with this revision is bound, every new exchange uses it. */
  | { readonly type: 'ready'; readonly revision: number }
  /** A listener could not be bound, or another fatal start error: one line for people. */
  | { readonly type: 'failed'; readonly revision: number; readonly reason: string; readonly code: string | undefined }
  /** An attempt on an upstream failed below HTTP (connect, TLS, reset, timeout, garbage). */
  | { readonly type: 'transport-failure'; readonly slot: number; readonly error: string }
  /** Everything in flight has ended, or the deadline cut it; `cut` exchanges were cut. */
  | { readonly type: 'drained'; readonly cut: number }
  | {
      readonly type: 'log'
      readonly level: 'error' | 'warn' | 'info'
      readonly message: string
      readonly detail: Readonly<Record<string, unknown>>
    }
