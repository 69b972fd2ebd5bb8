// What the admin listener needs to know of the control plane. Control implements it; admin never reaches further.
// Everything here may be shown to whoever can reach the admin listener: no secrets, no request data but
// what it takes to find out what became of a request.

import type { Resolution } from './control-operations.ts'
import type { MaintenanceSummary, PoolMaintenance } from './maintenance-view.ts'

export interface ControlView {
  status(): StatusReport
  readiness(): Readiness
  /** @param limit most records; all that are kept where it is not given */
  inDoubt(limit?: number): InDoubtReport
  /** The scrape for Prometheus. */
  metrics(): Promise<{ readonly contentType: string; readonly body: string }>
}

export interface InDoubtReport {
  /** Since the start. Those that a worker took with it when it died are not among them: the log tells their number. */
  readonly total: number
  /** Of these, the oldest ones, which are no longer kept. */
  readonly dropped: number
  /** Of those that are kept: nobody has settled them yet. */
  readonly open: number
  /** Newest first. */
  readonly records: readonly InDoubtEntry[]
}

/** An unsafe request whose fate is unknown. */
export interface InDoubtEntry {
  /** ISO 8601. */
  readonly at: string
  readonly requestId: string
  readonly route: string
  readonly pool: string
  readonly upstream: string
  readonly method: string
  /** Normalised, without the query; at most 2048 characters. */
  readonly path: string
  /** As the client wrote it, at most 255 characters. */
  readonly idempotencyKey: string | null
  /** The client's address. */
  readonly client: string
  /** Of the request, head included, that were handed to the connection. */
  readonly bytesSent: number
  /** `sent`: no byte of a response was seen; `responding`: it was cut, or was no HTTP. */
  readonly stage: 'sent' | 'responding'
  /** How the attempt failed: one line. */
  readonly cause: string
  /** What people found out about it; null = nothing yet. */
  readonly resolved: ResolutionReport | null
}

export interface ResolutionReport {
  readonly resolution: Resolution
  readonly note: string
  readonly by: string
  /** ISO 8601. */
  readonly at: string
}

export interface Readiness {
  readonly ready: boolean
  /** One line. */
  readonly reason: string
}

export type LifeState = 'starting' | 'ready' | 'draining'

export interface StatusReport {
  readonly version: string
  /** Revision of the configuration in use. */
  readonly revision: number
  readonly configuration: ConfigurationReport
  readonly state: LifeState
  /** ISO 8601. */
  readonly startedAt: string
  readonly uptimeS: number
  readonly listeners: readonly { readonly name: string; readonly address: string }[]
  readonly workers: readonly WorkerReport[]
  readonly clients: ClientsReport
  /** Null = there is none: a restart forgets orders, and nothing is audited. */
  readonly store: StoreReport | null
  readonly pools: readonly PoolReport[]
  /** Absent = no windows are planned. */
  readonly maintenance?: MaintenanceSummary | undefined
}

/** The configuration in use, and what became of the newest attempt to put another one into use. */
export interface ConfigurationReport {
  readonly revision: number
  /** ISO 8601. */
  readonly appliedAt: string
  /** Who asked for it: `file` = its files changed. */
  readonly source: 'start' | 'file' | 'signal' | 'api' | 'cli' | 'program'
  /** As it was named at the start; null = there is none. */
  readonly file: string | null
  /** Null = there was none. Where it is not ok, the configuration in use is not what the file says. */
  readonly lastReload: { readonly at: string; readonly ok: boolean; readonly error: string | null } | null
}

/** What must survive a restart: whether it is being written. Traffic does not depend on it. */
export interface StoreReport {
  /** `degraded`: changes by operators are refused, unless they ask for them all the same. */
  readonly state: 'ok' | 'degraded' | 'opening'
  /** What is wrong and what to do; null = it is ok. */
  readonly reason: string | null
  /** ISO 8601; null = it is ok. */
  readonly since: string | null
  /** Rows that are not on the disk yet. */
  readonly waiting: number
  /** Rows that were given up since the start. */
  readonly dropped: number
}

export interface WorkerReport {
  readonly worker: number
  readonly state: 'starting' | 'ready' | 'draining' | 'gone'
  readonly revision: number
  /** ISO 8601. */
  readonly since: string
  readonly restarts: number
}

export interface ClientsReport {
  /** Open now. */
  readonly connections: number
  /** Malformed requests that were refused. */
  readonly rejects: number
  /** Connections closed at once because their client had too many. */
  readonly overLimit: number
  /** Answers of vigia itself to requests without a pool, by status class. */
  readonly answers: StatusClasses
}

export interface StatusClasses {
  readonly '1xx': number
  readonly '2xx': number
  readonly '3xx': number
  readonly '4xx': number
  readonly '5xx': number
}

export interface PoolReport {
  readonly name: string
  /** Upstreams that get new work. */
  readonly available: number
  /** Requests that wait for an upstream. */
  readonly waiting: number
  readonly queue: QueueReport
  readonly breaker: BreakerReport
  /** Answers that vigia gave for this pool itself, by status class. */
  readonly answers: StatusClasses
  /** Requests in doubt that nobody has settled; see InDoubtReport. */
  readonly inDoubtOpen: number
  /** Unsafe requests whose fate is unknown, since the start. */
  readonly inDoubt: number
  /** Whether load returns by itself to a priority that can carry it again. */
  readonly failback: 'automatic' | 'manual'
  readonly priorities: PrioritiesReport
  /** What a maintenance window does to all of it; absent = nothing. */
  readonly maintenance?: PoolMaintenance | undefined
  readonly upstreams: readonly UpstreamReport[]
}

/** Requests that found no place on an upstream. */
export interface QueueReport {
  /** Most that wait at once; null = none may. */
  readonly max: number | null
  /** Had to wait, since the start, and how long in all, seconds. */
  readonly queued: number
  readonly waitedS: number
  /** Answered 503: the queue was full, or there was none; waited too long. */
  readonly full: number
  readonly timeouts: number
}

/** What counts against the circuit breaker now; 0 where it has no such limit. */
export interface BreakerReport {
  readonly requests: number
  readonly pending: number
  /** Answered 503 by it, since the start. */
  readonly refusals: number
}

export interface PrioritiesReport {
  /** The first that carries load; null = none does. */
  readonly inUse: number | null
  /** The first that may carry load. */
  readonly floor: number
  /** One before the floor that could carry load again, and waits for an operator's failback; null = none. */
  readonly awaitsFailback: number | null
}

export type UpstreamState = 'unknown' | 'available' | 'draining' | 'out' | 'disabled'

export interface UpstreamReport {
  readonly name: string
  /** scheme://host:port */
  readonly url: string
  readonly state: UpstreamState
  /** Why it is in this state: one line. */
  readonly why: string
  /** When it came into this state, ISO 8601. */
  readonly since: string
  /** As configured. */
  readonly weight: number
  /** What it gets now: less while it is on trial, starts slowly or asks for less; another one where an operator says so. */
  readonly effectiveWeight: number
  /** An operator's weight; null = none. */
  readonly weightOverride: WeightReport | null
  readonly priority: number
  /** What operators, and the node itself, ask for; the strictest counts. */
  readonly holds: readonly HoldReport[]
  /** Null = it is not being drained. */
  readonly drain: DrainReport | null
  readonly lastProbe: ProbeReport | null
  /** Newest failure that traffic met below HTTP. */
  readonly lastFailure: { readonly at: string; readonly error: string } | null
  readonly probes: { readonly ok: number; readonly failed: number }
  readonly inFlight: number
  /** Most requests that it gets at once now; null = no limit. */
  readonly limit: number | null
  /** Requests that count against the limit. */
  readonly places: number
  /** Requests of long-poll routes; not in `inFlight`. */
  readonly longPolls: number
  readonly connections: number
  readonly tunnels: number
  /** Answers per second, of the last ten seconds. */
  readonly rate: number
  /** 99 of 100 answers of the last ten seconds were complete by then, ms; null = there was none. */
  readonly p99Ms: number | null
  readonly responses: StatusClasses
  readonly failures: { readonly connect: number; readonly transport: number; readonly timeout: number }
  readonly retries: number
  readonly inDoubt: number
  readonly clientAborts: number
  readonly connectionsOpened: number
  readonly connectionsReused: number
  readonly bytesIn: number
  readonly bytesOut: number
}

export interface ProbeReport {
  /** ISO 8601. */
  readonly at: string
  readonly ok: boolean
  readonly status: number | null
  readonly error: string | null
  readonly durationMs: number
}

export interface WeightReport {
  /** What it stands for: the number, or the percentage of the configured weight. */
  readonly weight: number
  /** Null = the number itself was asked for. */
  readonly percent: number | null
  readonly reason: string
  readonly by: string
  /** ISO 8601. */
  readonly since: string
}

export interface HoldReport {
  readonly source: 'operator' | 'agent' | 'window'
  readonly status: 'draining' | 'disabled'
  readonly reason: string
  readonly by: string
  /** ISO 8601. */
  readonly since: string
  /** When the drain ends, or ended, ISO 8601. */
  readonly deadline: string | null
  /** False = the store does not have it yet: a restart would forget it. Absent = it has, or there is none. */
  readonly recorded?: false
}

/** A drain that goes on, or has come to its deadline. */
export interface DrainReport {
  /** ISO 8601. */
  readonly since: string
  readonly by: string
  readonly reason: string
  /** ISO 8601; null = it lasts until the upstream is enabled again. */
  readonly deadline: string | null
  readonly remaining: {
    readonly inFlight: number
    readonly longPolls: number
    readonly tunnels: number
    /** Sessions with affinity seen in the last minutes: an estimate. */
    readonly sessions: number
  }
  /** Since when nothing is left, or when that will probably be, ISO 8601; null = what is left does not fall. */
  readonly freeAt: string | null
}
