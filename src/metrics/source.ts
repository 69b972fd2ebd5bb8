// What a scrape reads. Control implements it; the counters themselves come straight from shared memory.

import type { CounterTable } from '../shared/counters.ts'

export interface MetricsSource {
  readonly version: string
  readonly counters: CounterTable
  /** Pools and upstreams of the configuration in use. */
  pools(): readonly PoolSample[]
  /** Restarts of each worker since the start. */
  workerRestarts(): readonly number[]
  readonly revision: () => number
}

export interface PoolSample {
  readonly name: string
  readonly slot: number
  /** Most requests that wait at once; undefined = there is no queue. */
  readonly queueMax?: number | undefined
  readonly upstreams: readonly UpstreamSample[]
}

export const UPSTREAM_STATES = ['unknown', 'available', 'draining', 'out', 'disabled'] as const

export interface UpstreamSample {
  readonly name: string
  readonly slot: number
  readonly state: (typeof UPSTREAM_STATES)[number]
  readonly weight: number
  /** Most requests in flight at once that it gets now; undefined = no limit. */
  readonly limit?: number | undefined
  readonly probes: ProbeTally
}

/** Upper bounds of the probes' duration histogram, seconds; one more bucket holds the rest. */
export const PROBE_BUCKETS_S = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] as const

export interface ProbeTally {
  readonly ok: number
  readonly failed: number
  readonly durationSumS: number
  /** By bucket, not cumulative; one longer than PROBE_BUCKETS_S. */
  readonly buckets: readonly number[]
}
