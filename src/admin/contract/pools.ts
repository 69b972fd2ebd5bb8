// What the admin listener shows of a pool: its queue, its circuit breaker, its priorities, and its upstreams.

import type { PoolMaintenance } from './maintenance.ts'
import type { RecentReport, StatusClasses, UpstreamReport } from './upstreams.ts'

/** Its traffic is that of its upstreams. */
export interface PoolReport extends RecentReport {
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
  /** Nobody is left to take new work; null = somebody is. */
  readonly outage: PoolOutage | null
  /** What a maintenance window does to all of it; absent = nothing. */
  readonly maintenance?: PoolMaintenance | undefined
  readonly upstreams: readonly UpstreamReport[]
}

/** What users of a pool got since nobody was left, from vigia and from upstreams that finish what they have. */
export interface PoolOutage {
  /** ISO 8601. */
  readonly since: string
  readonly answers: StatusClasses
  readonly inDoubt: number
  /** Answered by a maintenance window; in no class. */
  readonly planned: number
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

export interface StandbyReport {
  readonly priority: number
  /** Since when it carries load, ISO 8601; null = it does not. */
  readonly since: string | null
  /** Requests that were sent there, since the start. */
  readonly requests: number
}

export interface PrioritiesReport {
  /** The first that carries load; null = none does. */
  readonly inUse: number | null
  /** The first that may carry load. */
  readonly floor: number
  /** One before the floor that could carry load again, and waits for an operator's failback; null = none. */
  readonly awaitsFailback: number | null
  /** All after the first. */
  readonly standby: readonly StandbyReport[]
}
