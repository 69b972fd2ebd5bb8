// The compiled configuration: immutable, structured-cloneable (it travels to the workers), every unit resolved.
// Everything but `config/` reads this, never the YAML document.

import type { WindowPlan } from '../policy/maintenance/window-plan.ts'

export interface Snapshot {
  /** 1, 2, 3 ... one more for each applied configuration. */
  readonly revision: number
  /** Number of worker threads, already resolved from `auto`. */
  readonly workers: number
  /** Whether changes of the file, and of the files that it names, are applied as they come; undefined = they are not. */
  readonly watch?: boolean | undefined
  readonly listeners: readonly ListenerPlan[]
  /** First match wins. */
  readonly routes: readonly RoutePlan[]
  readonly pools: readonly PoolPlan[]
  /** CIDR ranges or single addresses whose X-Forwarded-* are believed. */
  readonly trustedProxies: readonly string[]
  readonly limits: Limits
  /** Deadlines of a connection that has no route yet. */
  readonly timeouts: Timeouts
  readonly headers: HeaderPlan
  readonly accessLog: AccessLogPlan
  readonly log: { readonly level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' }
  /** Address of the admin listener; undefined = none. */
  readonly admin: AdminPlan | undefined
  /** What is to be kept over a restart, and where; undefined = nothing is. Read at the start only. */
  readonly store?: StorePlan | undefined
  /** How long a shutdown waits for what is in flight, ms. */
  readonly shutdownMs: number
  /** Planned maintenance; undefined = none. */
  readonly maintenance?: readonly WindowPlan[] | undefined
  /** Of vigia's own pages, where a client says no language that there is; undefined = `en`. */
  readonly language?: Language | undefined
}

/** The languages of the pages that users see. */
export type Language = 'en' | 'pt' | 'es' | 'it' | 'de'

export interface StorePlan {
  /** Absolute. */
  readonly path: string
  readonly keepDays: {
    readonly audit: number
    readonly transitions: number
    readonly incidents: number
    readonly inDoubt: number
    readonly configurations: number
  }
}

export interface AdminPlan {
  readonly host: string
  readonly port: number
  /** Who may use it; undefined = there are no tokens: everyone reads, and only this machine changes something. */
  readonly tokens?: readonly AdminTokenPlan[] | undefined
}

/** Each may what the one before may. */
export type AdminRole = 'read' | 'operate' | 'admin'

export interface AdminTokenPlan {
  /** Stands as the author in all that is done with it. */
  readonly name: string
  readonly role: AdminRole
  /** Of the token, in lower-case hexadecimal. */
  readonly sha256: string
}

export interface ListenerPlan {
  readonly name: string
  readonly host: string
  readonly port: number
}

export interface RoutePlan {
  /** For logs and metrics: the configured name, or `routes[2]`. */
  readonly name: string
  readonly match: RouteMatch
  /** Index into `Snapshot.pools`. */
  readonly pool: number
  readonly timeouts: Timeouts
  /** Largest request body, bytes. */
  readonly bodyBytes: number
  /** What the route declares about sending its requests again; undefined = nothing, and no body is kept. */
  readonly retry?: RouteRetryPlan | undefined
  /** Its requests are held open on purpose: they count neither as in flight nor in latencies, take no place and never queue. */
  readonly longPoll?: boolean | undefined
  /** Rank in the pool's queue: a lower one is served first, equals in the order of arrival. Undefined = 0. */
  readonly queuePriority?: number | undefined
  /** It serves programs of partners: a maintenance window answers them in JSON, whatever they accept. */
  readonly integration?: boolean | undefined
  /** Who may use the route; undefined = everyone, all of it. */
  readonly access?: AccessPlan | undefined
  /** How often a client may ask; undefined = no limit. */
  readonly rateLimit?: RateLimitPlan | undefined
}

/** Refused requests are answered 403. A denial goes before a permission. */
export interface AccessPlan {
  /** Addresses and ranges; empty = every client. */
  readonly allow: readonly string[]
  readonly deny: readonly string[]
  /** Normalised paths with `*` for any characters, e.g. `/web/database*`. */
  readonly denyPaths: readonly string[]
}

/** Token bucket for each client address (each /64 of IPv6), over all workers. */
export interface RateLimitPlan {
  readonly perSecond: number
  /** Requests that may come at once. */
  readonly burst: number
}

export interface RouteRetryPlan {
  /** Bytes of a request's body that are kept for another attempt; a longer one is sent once. 0 = none. */
  readonly replayBytes: number
  /** The upstreams carry out a request with an Idempotency-Key at most once. */
  readonly idempotencyKey: boolean
  /** JSON-RPC calls that only read; undefined = bodies are not looked at. */
  readonly rpcReads: RpcReadsPlan | undefined
}

export interface RpcReadsPlan {
  /** Names of methods, a `*` for one or more segments; see policy/request/rpc-reads.ts. */
  readonly methods: readonly string[]
  /** Largest body that is looked at, bytes. */
  readonly bodyBytes: number
}

export interface RouteMatch {
  /** Listener names; empty = every listener. */
  readonly listeners: readonly string[]
  /** Lower-case host names without port; `*.example.com` = any name below it; empty = every host. */
  readonly hosts: readonly string[]
  /** Path prefix, matched by whole segments: `/web` matches `/web` and `/web/x`, not `/website`. `/` = every path. */
  readonly path: string
  /** Upper-case methods; empty = every method. */
  readonly methods: readonly string[]
}

/** All in milliseconds; 0 = no limit. */
export interface Timeouts {
  /** From a request's first byte to the end of its head. No per-route value: no route is known yet. */
  readonly headMs: number
  /** To establish a connection to an upstream (TCP and TLS). */
  readonly connectMs: number
  /** From the end of the sent request to the first byte of the response head. */
  readonly responseMs: number
  /** Between two movements of body bytes, in either direction; also of an upgraded connection once one side has finished sending. */
  readonly idleMs: number
  /** Between two movements of bytes in an upgraded connection. */
  readonly tunnelMs: number
  /** How long a client's connection may stay idle between two requests. */
  readonly keepAliveMs: number
  /** How long a client that closed its sending side still gets its answer, before it counts as gone. */
  readonly halfClosedMs: number
}

export interface Limits {
  /** Largest head (start line and header fields), bytes, of requests and of responses. */
  readonly headBytes: number
  /** Most header fields in a head. */
  readonly headerCount: number
  /** Longest request target, bytes. */
  readonly targetBytes: number
  /** Largest request body, bytes; a route may override it. */
  readonly bodyBytes: number
  /** Most connections from clients at once, per listener and worker; as many again wait unread, more are closed. */
  readonly connections: number
  /** Most connections of one client address (one /64 of IPv6) at once, over all listeners and workers; undefined = no limit. */
  readonly connectionsPerClient?: number | undefined
  /** Slower clients are cut off; undefined = only `Timeouts.idleMs` counts. */
  readonly minRate?: MinRatePlan | undefined
}

/** Least mean rate of a body that vigia waits for (request), or that it waits to get rid of (response). */
export interface MinRatePlan {
  readonly bytesPerSecond: number
  /** Not judged before so much time was spent waiting for the client, ms. */
  readonly graceMs: number
}

export interface HeaderPlan {
  /** Name that vigia puts into Via (RFC 9110 7.6.3); undefined = no Via. */
  readonly via: string | undefined
}

export interface AccessLogPlan {
  readonly enabled: boolean
  /** File path, or `stdout`. */
  readonly destination: string
  /** Undefined = every request gets its line. */
  readonly sampling?: LogSampling | undefined
}

/** Which requests get a line in the access log. */
export interface LogSampling {
  /** Of all requests, 0 to 1. */
  readonly share: number
  /** Those that took longer always get one; Infinity = not for that. */
  readonly slowerThanMs: number
  /** Those in which something went wrong always get one. */
  readonly errors: boolean
}

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
  /** A priority carries all the load while (available share) x this factor >= 1 (Envoy's overprovisioning factor). */
  readonly overprovisioning: number
  /** Most attempts per exchange, the first included. */
  readonly attempts: number
  /** Most idle connections that a worker keeps per upstream. */
  readonly idleConnections: number
  /** How long an idle upstream connection is kept, ms. */
  readonly idleConnectionMs: number
  /** Undefined = no budget, no retried statuses, no retried timeouts. */
  readonly retry?: RetryPlan | undefined
  /** Passive health; undefined = off. */
  readonly outlier?: OutlierPlan | undefined
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
  /** Transport failures in a row; 0 = not judged. */
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

/** How a client stays with its upstream, and what happens when that one is gone. */
export type AffinityPlan = { readonly gone: 'redistribute' | 'fail' } & (
  | ({ readonly kind: 'cookie' } & AffinityCookiePlan)
  /** What the application or the client's address says, by rendezvous hash. */
  | { readonly kind: 'follow'; readonly key: HashKey }
)

export interface AffinityCookiePlan {
  readonly name: string
  /** 0 = until the browser is closed. */
  readonly ttlMs: number
  /** Secrets: the first signs, all verify. */
  readonly keys: readonly string[]
  readonly sameSite: 'lax' | 'strict' | 'none'
  readonly path: string
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
  /** 0 = first; a higher number is used only when the lower ones can't carry the load. */
  readonly priority: number
  /** Most requests in flight at once, over all workers; undefined = no limit. */
  readonly maxConnections?: number | undefined
}

export interface UpstreamTls {
  readonly serverName: string
  readonly verify: boolean
  /** PEM text; undefined = the system's authorities. */
  readonly ca: string | undefined
}

export type BalancePlan =
  | { readonly kind: 'round-robin' | 'least-connections' | 'random-two' | 'peak-ewma' }
  | {
      readonly kind: 'hash'
      readonly key: HashKey
      /** No upstream gets more than this factor times the mean in-flight, e.g. 1.25; the next in the ranking takes over. */
      readonly boundedLoad: number
    }

export type HashKey =
  | { readonly from: 'address' }
  | { readonly from: 'header'; readonly name: string }
  | { readonly from: 'cookie'; readonly name: string }

export type HealthPlan =
  | { readonly kind: 'none' }
  | ({ readonly kind: 'tcp' } & ProbeTiming)
  | ({ readonly kind: 'http' } & HttpProbe & ProbeTiming)

export interface ProbeTiming {
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly rise: number
  readonly fall: number
  /** Share of the interval by which a probe is moved at random, 0..1. */
  readonly jitter: number
  /** Interval while the verdict is unsure (a streak has begun but not ended), ms. */
  readonly unsureIntervalMs: number
  /** Interval once the upstream has been down for a long time, ms. */
  readonly downIntervalMs: number
}

export interface HttpProbe {
  readonly method: string
  readonly path: string
  /** Host header; undefined = the upstream's authority. */
  readonly host: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  /** Inclusive ranges of statuses that count as healthy. */
  readonly statuses: readonly { readonly from: number; readonly to: number }[]
  /** What the response body must contain; undefined = anything. */
  readonly bodyContains: string | undefined
  /** Regular expression source that the response body must match; undefined = anything. */
  readonly bodyMatches: string | undefined
  /** Bytes of the response body that are read for the two checks above. */
  readonly bodyBytes: number
  /** Whether X-Vigia-State and X-Vigia-Weight on the answer are followed. */
  readonly hints?: boolean | undefined
  /** A 404 means: well, but drain me. */
  readonly drainOn404?: boolean | undefined
}
