// The compiled configuration: immutable, structured-cloneable (it travels to the workers), every unit resolved.
// Everything but `config/` reads this, never the YAML document.

export interface Snapshot {
  /** 1, 2, 3 ... one more for each applied configuration. */
  readonly revision: number
  /** Number of worker threads, already resolved from `auto`. */
  readonly workers: number
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
  readonly admin: { readonly host: string; readonly port: number } | undefined
  /** How long a shutdown waits for what is in flight, ms. */
  readonly shutdownMs: number
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
  /** Between two movements of body bytes, in either direction. */
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
}

export interface HeaderPlan {
  /** Name that vigia puts into Via (RFC 9110 7.6.3); undefined = no Via. */
  readonly via: string | undefined
}

export interface AccessLogPlan {
  readonly enabled: boolean
  /** File path, or `stdout`. */
  readonly destination: string
}

export interface PoolPlan {
  readonly name: string
  readonly balance: BalancePlan
  readonly health: HealthPlan
  readonly upstreams: readonly UpstreamPlan[]
  /** When no upstream is available: `fail` = 503 at once, `panic` = try all but disabled ones. */
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
}
