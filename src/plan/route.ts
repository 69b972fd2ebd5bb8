// A route as compiled: what it matches, who may use it, what it declares about its requests.

import type { Timeouts } from './bounds.ts'
import type { RouteBufferPlan } from './buffering.ts'
import type { RouteCachePlan } from './cache.ts'
import type { CompressionPlan } from './compression.ts'
import type { FieldsPlan } from './fields.ts'
import type { HoldPlan } from './hold.ts'
import type { PagesPlan } from './pages.ts'

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
  /** Undefined = its answers are passed on as they come. */
  readonly compress?: CompressionPlan | undefined
  /** Its answers are stored for others; undefined = they are not. */
  readonly cache?: RouteCachePlan | undefined
  /** Its requests are held while its pool does not serve; undefined = they are not. */
  readonly hold?: HoldPlan | undefined
  /** Goes over what its pool says of the same name. Undefined = nothing. */
  readonly headers?: FieldsPlan | undefined
  /** Of the bodies of its requests and answers; undefined = none is buffered. */
  readonly buffer?: RouteBufferPlan | undefined
  /** Of vigia's own pages for it, where it says something of its own: with what those of the whole say. */
  readonly pages?: PagesPlan | undefined
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
  /** Only clients with such a certificate; undefined = every client. */
  readonly clientCertificate?: CertificateMatch | undefined
}

/** A certificate that a client has presented, and that was accepted. What is not empty must hold. */
export interface CertificateMatch {
  /** One of them; each is attributes that it must have, all of them. */
  readonly subject: readonly NamePattern[]
  readonly issuer: readonly NamePattern[]
  /** One of its subject alternative names, with its kind: `DNS:edi.example.com`, `DNS:*.example.com`, `URI:spiffe://example/*`. */
  readonly san: readonly string[]
  /** SHA-256 of its DER form, lower-case hexadecimal. */
  readonly fingerprint: readonly string[]
}

/** Type in lower case, and value: `*.example.com` = any name below it, `*` = any. */
export type NamePattern = readonly (readonly [type: string, value: string])[]

/** Refused requests are answered 403. A denial goes before a permission. */
export interface AccessPlan {
  /** Addresses and ranges; empty = every client. */
  readonly allow: readonly string[]
  readonly deny: readonly string[]
  /** Normalised paths with `*` for any characters, e.g. `/web/database*`. */
  readonly denyPaths: readonly string[]
  /** Only clients with such a certificate; undefined = with or without. */
  readonly clientCertificate?: CertificateMatch | undefined
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
