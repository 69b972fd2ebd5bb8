// What may be read of the whole of this vigia: /status, readiness, requests in doubt, the scrape. Control implements it; admin never reaches
// further. All of it may be shown to whoever can reach the admin listener: no secrets, and of a request only what it takes to find out what
// became of it.

import type { BuffersReport } from './buffers.ts'
import type { CacheReport } from './cache.ts'
import type { AcmeReport, AuthorityReport, CertificateReport } from './certificates.ts'
import type { IntegrationsReport } from './held.ts'
import type { InDoubtReport } from './in-doubt.ts'
import type { MaintenanceSummary } from './maintenance.ts'
import type { PoolReport } from './pools.ts'
import type { StatusClasses } from './upstreams.ts'

export interface ControlView {
  status(): StatusReport
  readiness(): Readiness
  /** @param limit most entries; undefined = all that are kept */
  inDoubt(limit?: number): InDoubtReport
  /** The scrape for Prometheus. */
  metrics(): Promise<{ readonly contentType: string; readonly body: Buffer }>
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
  readonly accessLog: AccessLogReport
  /** Null = there is none: a restart forgets orders, and nothing is audited. */
  readonly store: StoreReport | null
  readonly pools: readonly PoolReport[]
  /** Absent = no listener has TLS. */
  readonly certificates?: readonly CertificateReport[] | undefined
  /** Absent = no listener asks clients for certificates. */
  readonly authorities?: readonly AuthorityReport[] | undefined
  /** Absent = none come by ACME. */
  readonly acme?: AcmeReport | undefined
  /** Absent = no route has a cache. */
  readonly cache?: CacheReport | undefined
  /** Absent = no route buffers bodies, and none has since the start. */
  readonly buffers?: BuffersReport | undefined
  /** Absent = no route holds requests, serves programs of partners, or is paused. */
  readonly integrations?: IntegrationsReport | undefined
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
  /** Why the file does not say what is in use; null = it does, or there is none. */
  readonly fileDiffers: FileDiffers | null
}

export interface FileDiffers {
  /**
   * `refused`: it was changed, and can't be used. `frozen`: a change freeze refused it; it is tried again when that ends. `not-in-file`: what
   * is in use came over the API. `last-good`: vigia could not be started with it, and was with the last one that could be used.
   */
  readonly why: 'refused' | 'frozen' | 'not-in-file' | 'last-good'
  /** ISO 8601. */
  readonly since: string
  /** One line; null = there is none. */
  readonly problem: string | null
  /** What a start would do now: fail, use what the file says, or the last good configuration. */
  readonly nextStart: 'fails' | 'file' | 'last-good'
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
  /**
   * Where the orders from before the start come from: `copy` = the store could not be read, and the copy beside it counts; `nowhere` =
   * they are not known, or not yet.
   */
  readonly ordersFrom: 'store' | 'copy' | 'nowhere'
}

export interface AccessLogReport {
  readonly enabled: boolean
  /** A path on vigia's machine, or `stdout`. */
  readonly destination: string
  /** Not every request gets a line. */
  readonly sampled: boolean
}

export interface WorkerReport {
  readonly worker: number
  /** `stalled`: it is ready, but stands still. */
  readonly state: 'starting' | 'ready' | 'stalled' | 'draining' | 'gone'
  readonly revision: number
  /** ISO 8601. */
  readonly since: string
  readonly restarts: number
  /** How often it stood still for a second or longer. */
  readonly stalls: number
}

export interface ClientsReport {
  /** Open now. */
  readonly connections: number
  /** Most at once, for each listener and worker. */
  readonly limit: number
  /** Why that is less than the configuration says, and what to do; null = it is not. */
  readonly limitWarning: string | null
  /** Malformed requests that were refused. */
  readonly rejects: number
  /** Connections closed at once because their client had too many. */
  readonly overLimit: number
  /** Answers of vigia itself to requests without a pool, by status class. */
  readonly answers: StatusClasses
}
