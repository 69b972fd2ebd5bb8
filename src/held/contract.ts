// What control may ask of the held requests, and what it is told. Types only; how they are kept is not said here, so that they can be kept
// elsewhere (a stream of JetStream) by another class.

import type { MessagePort } from 'node:worker_threads'
import type { HeldStorePlan, HoldPlan } from '../plan/hold.ts'
import type { HeldState } from '../shared/held/messages.ts'

export interface HeldRequests {
  /** The other end is a worker's; it closes when the worker has gone, or what keeps them has. */
  connect(): MessagePort
  /** By the route's name. Requests of a route that is gone wait until it is there again, or for their end. */
  configure(routes: ReadonlyMap<string, HoldPlan>): void
  /** Which routes may be forwarded now, and until when the others probably not. Closed until it is said. */
  gate(gates: ReadonlyMap<string, Gate>): void
  /** What people ask for, durable when it resolves. Rejects with a HeldError. */
  order(order: HeldOrder): Promise<HeldOrderDone>
  list(query: HeldQuery): Promise<HeldPage>
  /** With its fields and body where `withBody`; undefined = there is none (any more). */
  show(id: string, withBody: boolean): Promise<HeldDetail | undefined>
  /** A sender who wanted to be called has been, or never will be: no `held.call` comes for it any more. */
  called(id: string): void
  /** As of some moment in the last second. */
  counts(): HeldCounts
  /** Takes nothing more, ends what is being written. What is being forwarded has had its time before. */
  close(): Promise<void>
}

export interface HeldOptions extends HeldStorePlan {
  /** The shared table (shared/held/held-table.ts). */
  readonly table: SharedArrayBuffer
  readonly onEvent: (event: HeldEvent) => void
  readonly onHealth: (health: HeldHealth) => void
  /** One line for the log. */
  readonly onNotice?: (level: 'error' | 'warn', text: string) => void
}

export type HeldHealth =
  | { readonly status: 'ok' }
  /** Nothing new is held; one line says what is wrong and what to do. */
  | { readonly status: 'degraded'; readonly reason: string; readonly sinceMs: number }

export type Gate =
  | { readonly open: true }
  /** @see `untilMs` epoch ms; undefined = nobody knows */
  | { readonly open: false; readonly why: string; readonly untilMs: number | undefined }

/** By ids; `retry` also takes what is dead or in doubt, `settle` only what is in doubt. */
export type HeldOrder =
  | {
      readonly type: 'retry'
      readonly ids: readonly string[]
      /** From then on; undefined = as the route says. */
      readonly ttlMs: number | undefined
      /** Not before that, epoch ms; undefined = as soon as it may. Its key waits for it. */
      readonly notBeforeMs?: number | undefined
    }
  | { readonly type: 'drop'; readonly ids: readonly string[]; readonly reason: string }
  /** Somebody found out: it was carried out (it is answered), or not (it goes again). */
  | { readonly type: 'settle'; readonly id: string; readonly carriedOut: boolean; readonly note: string }

export interface HeldOrderDone {
  readonly done: readonly string[]
  /** Each with its reason, one line. */
  readonly left: readonly { readonly id: string; readonly why: string }[]
}

export interface HeldQuery {
  readonly route?: string
  readonly state?: HeldState
  readonly key?: string
  /** After this one, in the order of arrival. */
  readonly after?: number
  /** Default 100, at most 1000. */
  readonly limit?: number
}

export interface HeldPage {
  readonly rows: readonly HeldRow[]
  /** For `after`; undefined = there are no more. */
  readonly next: number | undefined
}

export interface HeldRow {
  readonly seq: number
  readonly id: string
  readonly route: string
  readonly keyText: string
  readonly state: HeldState
  readonly method: string
  /** Normalised path, without the query. */
  readonly path: string
  readonly client: string
  readonly requestId: string
  readonly bodyBytes: number
  readonly receivedMs: number
  readonly expiresMs: number
  readonly attempts: number
  /** Epoch ms; undefined = at once. */
  readonly notBeforeMs: number | undefined
  /** Of the upstream's answer. */
  readonly status: number | undefined
  readonly upstream: string | undefined
  readonly endedMs: number | undefined
  /** Why it waits, failed or was dropped; one line. */
  readonly note: string
}

export interface HeldDetail extends HeldRow {
  readonly fields: readonly string[]
  readonly body: Uint8Array | undefined
  readonly result: { readonly fields: readonly string[]; readonly body: Uint8Array | undefined } | undefined
}

/** By the route's name. */
export type HeldCounts = ReadonlyMap<string, RouteCounts>

export interface RouteCounts {
  readonly waiting: number
  readonly sending: number
  readonly inDoubt: number
  readonly dead: number
  /** Waiting, sending, in doubt, dead. */
  readonly bytes: number
  /** When the oldest that waits was received, epoch ms. */
  readonly oldestMs: number | undefined
  /** When it will probably be empty, epoch ms; undefined = nobody knows. */
  readonly emptyMs: number | undefined
  /** Since the start. */
  readonly totals: {
    readonly held: number
    readonly repeats: number
    readonly refused: number
    readonly forwarded: number
    readonly answered: Readonly<Record<'2xx' | '3xx' | '4xx' | '5xx', number>>
    readonly dead: number
    readonly inDoubt: number
    readonly dropped: number
  }
}

export type HeldEvent =
  /** The first that waits, and the last that no longer does. */
  | { readonly type: 'held.began' | 'held.emptied'; readonly route: string; readonly atMs: number }
  | { readonly type: 'held.dead' | 'held.in-doubt'; readonly row: HeldRow; readonly atMs: number }
  /**
   * It is answered, dead or dropped, and its sender wants to be told: `url` is its callback. Told when that is on the disk, and again after
   * each start of the thread until `called` says that it is done.
   */
  | { readonly type: 'held.call'; readonly row: HeldRow; readonly url: string; readonly atMs: number }
