// What may be read of integrations and of the requests that are held for them, and asked of both. Control implements it. A row says what it
// takes to find out what became of a request; what the request says itself is for those who may read it.

import type { HeldState } from '../../shared/held/messages.ts'
import type { Refusal } from '../../util/refusal.ts'
import type { Found } from './history.ts'
import type { Done, Order, Recording } from './operations.ts'
import type { StatusClasses } from './upstreams.ts'

export const HELD_STATES = [
  'waiting',
  'sending',
  'answered',
  'in-doubt',
  'dead',
  'dropped',
] as const satisfies readonly HeldState[]

/** A route that holds requests, serves programs of partners, or is paused. */
export interface IntegrationReport {
  readonly route: string
  /** Null = the configuration does not name the route. */
  readonly pool: string | null
  /** Null = it is not paused. */
  readonly paused: PauseReport | null
  /** Null = it holds none: while it is paused, or its pool does not serve, its requests are refused. */
  readonly held: HeldReport | null
  /** What its clients got since the start, by status class. */
  readonly answers: StatusClasses
  /** Share of these answers that is no 5xx, from 0 to 1; null = there was none. One that is held was answered. */
  readonly availability: number | null
}

export interface PauseReport {
  readonly by: string
  readonly reason: string
  /** ISO 8601. */
  readonly since: string
  /** Null = until somebody resumes it. */
  readonly until: string | null
  /** What became of its requests meanwhile, as far as this vigia has seen it; null = it holds none. */
  readonly meanwhile: { readonly held: number; readonly refused: number; readonly forwarded: number } | null
}

export interface HeldReport {
  readonly waiting: number
  readonly sending: number
  readonly inDoubt: number
  readonly dead: number
  /** Of these four. */
  readonly bytes: number
  /** Of the oldest that waits, seconds; null = none does. */
  readonly oldestS: number | null
  /** Forwarded a second, over the last minute. */
  readonly perSecond: number
  /** When none will wait any more, ISO 8601; null = none does, or nobody knows. */
  readonly emptyAt: string | null
  readonly gate: GateReport
  /** Since the start. */
  readonly totals: {
    readonly held: number
    /** Of one that was held already: not held twice. */
    readonly repeats: number
    /** Could not be held, and were answered as without. */
    readonly refused: number
    readonly forwarded: number
    readonly answered: Omit<StatusClasses, '1xx'>
    readonly dead: number
    readonly inDoubt: number
    readonly dropped: number
  }
}

/** Whether what is held is sent now. */
export interface GateReport {
  readonly open: boolean
  /** Null = it is open. */
  readonly why: string | null
  /** ISO 8601; null = it is open, or nobody knows. */
  readonly until: string | null
}

export interface IntegrationsReport {
  readonly integrations: readonly IntegrationReport[]
  /** Null = nothing is held. */
  readonly store: HeldStoreReport | null
}

/** What keeps held requests. */
export interface HeldStoreReport {
  /** `degraded`: nothing new is held, and nothing that is held is sent. */
  readonly state: 'ok' | 'degraded'
  /** What is wrong and what to do; null = it is ok. */
  readonly reason: string | null
  /** ISO 8601; null = it is ok. */
  readonly since: string | null
  /** Senders who are still to be called back. */
  readonly callbacks: number
}

/** Times are ISO 8601. */
export interface HeldRowReport {
  readonly id: string
  readonly route: string
  /** What its order is kept by: the value that the route names; '' = the route. */
  readonly key: string
  readonly state: HeldState
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly client: string
  readonly requestId: string
  readonly bodyBytes: number
  readonly receivedAt: string
  readonly expiresAt: string
  readonly attempts: number
  /** When it is tried again; null = at once, or not any more. */
  readonly nextAt: string | null
  /** Of the upstream's answer; null = there is none. */
  readonly status: number | null
  readonly upstream: string | null
  readonly endedAt: string | null
  /** Why it waits, failed or was dropped; one line. */
  readonly note: string
}

export interface HeldRows {
  /** In the order of arrival. */
  readonly rows: readonly HeldRowReport[]
  /** For `cursor`; null = that was all. */
  readonly next: number | null
}

export interface HeldRowsQuery {
  readonly route?: string | undefined
  readonly state?: HeldState | undefined
  readonly key?: string | undefined
  readonly limit?: number | undefined
  readonly cursor?: number | undefined
}

/** Fields as they came, `[name, value]`; the value of one that may be personal or secret is null. */
export type ShownFields = readonly (readonly [name: string, value: string | null])[]

export interface HeldDetailReport extends HeldRowReport {
  readonly fields: ShownFields
  /** Of the upstream's answer; null = there is none. */
  readonly result: { readonly fields: ShownFields } | null
}

/** All that it says, but for secrets of its client. */
export interface HeldContentReport extends HeldDetailReport {
  readonly body: ShownBody
  readonly result: { readonly fields: ShownFields; readonly body: ShownBody } | null
}

/** Text where it is UTF-8; else base64. */
export type ShownBody = { readonly text: string } | { readonly base64: string }

export interface HeldDoneReport {
  readonly done: readonly string[]
  readonly left: readonly { readonly id: string; readonly why: string }[]
}

export type HeldResult = (Done & HeldDoneReport) | Refusal

export type HeldOrdering = Recording & { readonly by: string; readonly reason: string }

export interface RetryTime {
  /** What it has from then on; undefined = as its route says. */
  readonly ttlMs: number | undefined
  /** Not before that, epoch ms; undefined = as soon as it may. */
  readonly notBeforeMs: number | undefined
}

export interface PauseOrder extends Order {
  /** When it ends by itself, epoch ms; undefined = when somebody resumes it. */
  readonly untilMs: number | undefined
  /** `elapsed`: it was given as a length of time, and moves with a clock that is set. Undefined = as an instant. */
  readonly untilBy?: 'elapsed' | undefined
}

export type IntegrationResult = (Done & { readonly integration: IntegrationReport }) | Refusal

export interface HeldControl {
  integrations(): IntegrationsReport
  pause(route: string, order: PauseOrder): Promise<IntegrationResult>
  resume(route: string, order: HeldOrdering): Promise<IntegrationResult>
  list(query: HeldRowsQuery): Promise<Found<HeldRows>>
  show(id: string): Promise<Found<HeldDetailReport>>
  /** Written into the audit before it is given. */
  content(id: string, order: HeldOrdering): Promise<Found<HeldContentReport>>
  /** Also what is dead or in doubt. */
  retry(ids: readonly string[], time: RetryTime, order: HeldOrdering): Promise<HeldResult>
  drop(ids: readonly string[], order: HeldOrdering): Promise<HeldResult>
  /** What people found out about one in doubt. */
  settle(id: string, carriedOut: boolean, order: HeldOrdering): Promise<HeldResult>
}
