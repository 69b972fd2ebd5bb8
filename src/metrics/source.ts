// What a scrape reads. Control implements it; the counters themselves come straight from shared memory.

import type { CounterTable } from '../shared/counters.ts'

export interface AdminTotals {
  /** Requests without a right token. */
  readonly refusals: number
  /** Connections closed or refused for want of places. */
  readonly turnedAway: number
}

export interface MetricsSource {
  readonly version: string
  readonly counters: CounterTable
  /** Pools and upstreams of the configuration in use. */
  pools(): readonly PoolSample[]
  routes(): readonly RouteSample[]
  /** What the admin listener has refused since the start; undefined = nobody can tell. */
  admin?(): AdminTotals
  /** Requests in doubt that nobody has resolved. */
  inDoubtOpen(): number
  /** Absent = there is none. */
  cache?(): CacheSample
  /** Absent = nobody can tell. */
  buffers?(): BuffersSample
  /** One after the other. */
  workers(): readonly WorkerSample[]
  /** How the control plane stood still, since the start. */
  controlStalls(): { readonly count: number; readonly seconds: number }
  readonly revision: () => number
  /** Maintenance windows; absent = there are none. */
  windows?(): readonly WindowSample[]
  /** Integrations; absent = there are none. */
  held?(): HeldSamples
  /** Host names of upstreams; absent = there are none. */
  names?(): NameSamples
  /** Certificates of the listeners; absent = there are none. */
  certificates?(): readonly CertificateSample[]
  /** Authorities of clients; absent = there are none. */
  authorities?(): readonly AuthoritySample[]
  /** Certificates by ACME; undefined = there are none. */
  acme?(): AcmeSample | undefined
  reloads(): ReloadSample
  /** Why the file does not say what is in use; undefined = it does, or there is none. */
  fileDiffers?(): (typeof FILE_DIFFERS)[number] | undefined
  /** Undefined = there is none. */
  store(): StoreSample | undefined
}

export interface AcmeSample {
  /** Orders since the start, by what came of them. */
  readonly issued: number
  readonly failed: number
  readonly names: readonly {
    readonly name: string
    /** In a row. */
    readonly failures: number
    /** When the next order begins, epoch ms; undefined = not known yet. */
    readonly nextMs: number | undefined
  }[]
}

export interface HeldSamples {
  /** Undefined = nothing is held. */
  readonly up: boolean | undefined
  /** Senders who are still to be called back. */
  readonly callbacks: number
  readonly routes: readonly HeldRouteSample[]
}

export interface HeldRouteSample {
  readonly name: string
  readonly paused: boolean
  /** Undefined = it holds nothing. */
  readonly gateOpen: boolean | undefined
  readonly counts:
    | {
        readonly waiting: number
        readonly sending: number
        readonly inDoubt: number
        readonly dead: number
        readonly bytes: number
        /** 0 = none waits. */
        readonly oldestS: number
        /** Undefined = nobody knows. */
        readonly emptyS: number | undefined
        readonly totals: {
          readonly held: number
          readonly repeats: number
          readonly refused: number
          readonly forwarded: number
          readonly answered: Readonly<Record<string, number>>
          readonly dead: number
          readonly inDoubt: number
          readonly dropped: number
        }
      }
    | undefined
}

export interface WorkerSample {
  readonly restarts: number
  /** It stands still. */
  readonly isStalled: boolean
  /** How often it did. */
  readonly stalls: number
}

export interface StoreSample {
  readonly up: boolean
  readonly waiting: number
  readonly dropped: number
}

export interface ReloadSample {
  readonly tally: Readonly<Record<'applied' | 'unchanged' | 'refused', number>>
  /** When the configuration in use was applied, epoch ms. */
  readonly appliedMs: number
  /** The newest reload; undefined = there was none. */
  readonly last: { readonly error: string | undefined } | undefined
}

export interface RouteSample {
  readonly name: string
  /** Name of its pool. */
  readonly pool: string
  /** Its slot among the routes; several may share one. */
  readonly slot: number
}

export interface CacheSample {
  readonly entries: number
  readonly bytes: number
  readonly capacityBytes: number
  /** Null = there is nothing. */
  readonly oldestS: number | null
  readonly evicted: number
}

export interface BuffersSample {
  /** Of all workers now, and what they may take. */
  readonly memoryBytes: number
  readonly memoryLimitBytes: number
  readonly diskBytes: number
  readonly diskLimitBytes: number
  readonly files: number
  /** Since the start. */
  readonly requests: number
  readonly answers: number
  readonly answerBytes: number
  readonly spooledBytes: number
  readonly savedSeconds: { readonly requests: number; readonly answers: number }
  /** How often, by why. */
  readonly troubles: Readonly<Record<string, number>>
}

export interface WindowSample {
  readonly name: string
  /** In force, or overrun. */
  readonly active: boolean
  /** Epoch ms; undefined = nothing is to come. */
  readonly nextStartMs: number | undefined
}

export interface NameSamples {
  readonly names: readonly NameSample[]
  /** How often names were asked for, by what came of it. */
  readonly lookups: Readonly<Record<'found' | 'not-found' | 'away', number>>
}

export interface NameSample {
  readonly host: string
  /** How many are in use. */
  readonly addresses: number
  /** The newest answer brought some. */
  readonly up: boolean
}

export interface CertificateSample {
  readonly listener: string
  /** The first of its names. */
  readonly name: string
  readonly keyType: 'rsa' | 'ecdsa'
  /** Epoch ms. */
  readonly fromMs: number
  /** Epoch ms. */
  readonly untilMs: number
  /** Its files hold another one that can't be used. */
  readonly refused: boolean
}

/** An authority of clients, or a list of one. */
export interface AuthoritySample {
  readonly kind: 'authority' | 'revocation-list'
  readonly name: string
  /** Epoch ms. */
  readonly fromMs: number
  /** Epoch ms; infinite = it does not say. */
  readonly untilMs: number
  /** Its files hold something else that can't be used. */
  readonly refused: boolean
}

export interface PoolSample {
  readonly name: string
  readonly slot: number
  /** Most requests that wait at once; undefined = there is no queue. */
  readonly queueMax?: number | undefined
  readonly levels: LevelSample
  /** How often nobody was left to take new work, and for how long, since the start; one that lasts included. */
  readonly outages: { readonly count: number; readonly seconds: number }
  readonly upstreams: readonly UpstreamSample[]
}

export interface LevelSample {
  /** The first priority that carries load; undefined = none does. */
  readonly inUse: number | undefined
  /** The first that may. */
  readonly floor: number
  readonly awaitsFailback: boolean
  /** The priorities after the first: whether each carries load, and how many requests were sent there. */
  readonly standby: readonly { readonly priority: number; readonly active: boolean; readonly requests: number }[]
}

export const FILE_DIFFERS = ['refused', 'frozen', 'not-in-file', 'last-good'] as const

export const UPSTREAM_STATES = ['unknown', 'available', 'draining', 'out', 'disabled'] as const

export interface UpstreamSample {
  readonly name: string
  readonly slot: number
  readonly state: (typeof UPSTREAM_STATES)[number]
  /** Of new work, now. */
  readonly weight: number
  /** How often it was ejected. */
  readonly ejections: number
  /** No idle connection to it is kept, because they kept new ones waiting. */
  readonly idleLimited: boolean
  /** It is known to hold a worker for each connection. */
  readonly holdsWorkers?: boolean
  /** When its drain ends, epoch ms; undefined = there is none, or it has no end. */
  readonly drainDeadlineMs?: number | undefined
  /** Most requests in flight at once that it gets now; undefined = no limit. */
  readonly limit?: number | undefined
  readonly probes: ProbeTally
}

/** Upper bounds of the probes' duration histogram, seconds; one more bucket holds the rest. */
export const PROBE_BUCKETS_S = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] as const

export interface ProbeTally {
  readonly ok: number
  readonly failed: number
  /** They failed by vigia's own trouble, and say nothing of the upstream. */
  readonly void: number
  readonly durationSumS: number
  /** By bucket, not cumulative; one longer than PROBE_BUCKETS_S. */
  readonly buckets: readonly number[]
}
