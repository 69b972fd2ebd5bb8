// A pool as compiled: its upstreams, how load is spread over them, and what keeps users unaware of those that fail.

import type { AffinityPlan, BalancePlan } from './balance.ts'
import type { FieldsPlan } from './fields.ts'
import type { HealthPlan } from './health.ts'

export interface PoolPlan {
  readonly name: string
  readonly balance: BalancePlan
  readonly health: HealthPlan
  readonly upstreams: readonly UpstreamPlan[]
  /** When no upstream is available: `fail` = 503 at once, `panic` = try those that are out as well. */
  readonly allDown: 'fail' | 'panic'
  /** How long a request waits for the first verdict on any upstream, ms. */
  readonly firstVerdictMs: number
  /** Retry-After on a 503 of this pool, seconds. */
  readonly retryAfterS: number
  /**
   * What a later priority gets while an earlier one serves: nothing (`none`, as HAProxy's `backup`), or what that can't carry: where all
   * its upstreams are at their limit, and what `overprovisioning` says. Undefined = `none`.
   */
  readonly spill?: 'none' | 'capacity' | undefined
  /**
   * Only with `spill: capacity`: a priority carries all the load while (available share) x this factor >= 1 (Envoy's overprovisioning
   * factor); undefined = while anything of it is available.
   */
  readonly overprovisioning?: number | undefined
  /** Bounds of the heads of its answers; what is undefined, and undefined as a whole = as in `Snapshot.limits`. */
  readonly limits?: PoolLimits | undefined
  /** Most attempts per exchange, the first included. */
  readonly attempts: number
  /** Most idle connections that a worker keeps per upstream. */
  readonly idleConnections: number
  /** How long an idle upstream connection is kept, ms. */
  readonly idleConnectionMs: number
  /** After so long without a byte an upstream's machine is asked whether it is still there (TCP keepalive), ms; 0 or undefined = never. */
  readonly tcpKeepAliveMs?: number | undefined
  /** Connections to its upstreams begin with a PROXY header of this version, probes too; undefined = without one. */
  readonly proxyProtocol?: 'v1' | 'v2' | undefined
  /** Undefined = no budget, no retried statuses, no retried timeouts. */
  readonly retry?: RetryPlan | undefined
  /** Passive health; undefined = off. */
  readonly outlier?: OutlierPlan | undefined
  /** When what waits on an upstream that has gone silent ends; undefined = never. */
  readonly onDown?: OnDownPlan | undefined
  /** Undefined = none. */
  readonly affinity?: AffinityPlan | undefined
  /** How long an upstream that came back takes to get its whole weight, ms; 0 or undefined = none. */
  readonly slowStartMs?: number | undefined
  /** Where requests wait for a place on an upstream; undefined = nowhere: they are answered 503 at once. */
  readonly queue?: QueuePlan | undefined
  /** Undefined = no limit. */
  readonly breaker?: BreakerPlan | undefined
  /** Upstreams that planned maintenance must leave available; undefined = 1. */
  readonly minAvailable?: number | undefined
  /** Whether load returns by itself to a priority that can carry it again; undefined = `automatic`. */
  readonly failback?: 'automatic' | 'manual' | undefined
  /** What the upstreams run; undefined = something that vigia knows nothing of. */
  readonly application?: Application | undefined
  /** Normalised paths of static files, with `*` for any characters, that pass a window; undefined = none. */
  readonly assets?: readonly string[] | undefined
  /** Undefined = case counts, and nothing is cut off. */
  readonly paths?: PathsPlan | undefined
  /** Of bodies that say no length; undefined = `as-is` until an upstream is known to need one. */
  readonly requestBody?: RequestBodyForm | undefined
  /** What is done to the fields of its requests and answers, beside what their routes say; undefined = nothing. */
  readonly headers?: FieldsPlan | undefined
}

/** `length`: what says no length is gathered, and sent with one. */
export type RequestBodyForm = 'as-is' | 'length'

/** Applications whose web client is known: what it shows of an answer, and what its pages are made of. */
export type Application = 'odoo' | 'frappe' | 'tryton'

/** How the upstreams read the path of a request, beyond what any server may do: what protects a path holds for these readings too. */
export interface PathsPlan {
  readonly ignoreCase: boolean
  /** What they cut off the front: normalised paths without a slash at the end, a `*` for any characters of one segment. */
  readonly prefixes: readonly string[]
}

/** Silent: its probes fail, and nothing answers them. Counted from then on, ms; undefined = it waits for its own timeouts. */
export interface OnDownPlan {
  /** Requests without an answer. */
  readonly requestsMs: number | undefined
  /** Upgraded connections, and streams of routes with `longPoll`. */
  readonly sessionsMs: number | undefined
}

export interface PoolLimits {
  /** Largest head of an answer (status line and fields), bytes. */
  readonly headBytes?: number
  /** Most fields in it. */
  readonly headerCount?: number
}

export interface QueuePlan {
  /** Most requests that wait at once, over all workers. */
  readonly max: number
  readonly timeoutMs: number
}

/** Circuit breaker: what is more than this, over all workers, is answered 503 at once. Undefined = no limit. */
export interface BreakerPlan {
  /** Requests of the pool at once, those that wait included. */
  readonly requests: number | undefined
  /** Of these: requests that have no connection to an upstream yet. */
  readonly pending: number | undefined
}

/** Beside `PoolPlan.attempts`. */
export interface RetryPlan {
  /** Undefined = no limit but `attempts`. */
  readonly budget: RetryBudget | undefined
  /** Statuses of upstreams (of 502, 503 and 504) for which a repeatable request is tried again. */
  readonly statuses: readonly number[]
  /** Whether a repeatable request whose response timed out is sent again. */
  readonly timeouts: boolean
}

/** Retries allowed within a window: share x requests + perSecond x seconds. */
export interface RetryBudget {
  readonly share: number
  readonly perSecond: number
  readonly windowMs: number
}

/** When an upstream is ejected for what requests met on it, and how it comes back. */
export interface OutlierPlan {
  /** Transport failures in a row, one client's being no more than half of it; 0 = not judged. */
  readonly consecutiveFailures: number
  /** Answers 502, 503 or 504 in a row; 0 = not judged. */
  readonly consecutiveGatewayErrors: number
  /** Share of 5xx answers within the window; undefined = not judged. */
  readonly serverErrors: { readonly share: number; readonly minRequests: number } | undefined
  /** Mean time to the first byte against the median of the others; undefined = not judged. */
  readonly latency: { readonly factor: number; readonly aboveMs: number; readonly minRequests: number } | undefined
  /** Over which `serverErrors` and `latency` are judged. */
  readonly windowMs: number
  /** Length of the first ejection; the next ones are longer by as much, up to the longest. */
  readonly ejectionMs: number
  readonly longestEjectionMs: number
  /** Most of the pool's upstreams that are ejected at once, 0..1; one always may be. */
  readonly maxEjected: number
  /** On return: this share of the weight until so many requests went well. */
  readonly probation: { readonly share: number; readonly successes: number }
}

export interface UpstreamPlan {
  readonly name: string
  /** Undefined = plain HTTP. */
  readonly tls: UpstreamTls | undefined
  readonly host: string
  readonly port: number
  /** host[:port] as it goes into Host where the client sent none. */
  readonly authority: string
  /** 0 = no new work. */
  readonly weight: number
  /** 0 = first; see `PoolPlan.spill` for what higher numbers get. */
  readonly priority: number
  /** Most requests in flight at once, over all workers; undefined = no limit. */
  readonly maxConnections?: number | undefined
}

export interface UpstreamTls {
  /** Asked for (SNI), and looked for in the certificate; undefined = the certificate has to be for the address that is connected to. */
  readonly serverName: string | undefined
  readonly verify: boolean
  /** PEM text; undefined = the system's authorities. */
  readonly ca: string | undefined
}
