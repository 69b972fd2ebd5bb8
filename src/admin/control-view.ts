// What the admin listener needs to know of the control plane. Control implements it; admin never reaches further.
// Everything here may be shown to whoever can reach the admin listener: no secrets, no request data.

export interface ControlView {
  status(): StatusReport
  readiness(): Readiness
  /** The scrape for Prometheus. */
  metrics(): Promise<{ readonly contentType: string; readonly body: string }>
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
  readonly state: LifeState
  /** ISO 8601. */
  readonly startedAt: string
  readonly uptimeS: number
  readonly listeners: readonly { readonly name: string; readonly address: string }[]
  readonly workers: readonly WorkerReport[]
  readonly clients: ClientsReport
  readonly pools: readonly PoolReport[]
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
  /** Answers that vigia gave for this pool itself, by status class. */
  readonly answers: StatusClasses
  readonly upstreams: readonly UpstreamReport[]
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
  readonly weight: number
  readonly priority: number
  readonly lastProbe: ProbeReport | null
  /** Newest failure that traffic met below HTTP. */
  readonly lastFailure: { readonly at: string; readonly error: string } | null
  readonly probes: { readonly ok: number; readonly failed: number }
  readonly inFlight: number
  readonly connections: number
  readonly tunnels: number
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
