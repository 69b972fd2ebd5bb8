// What would happen to a request, as a worker says it of its configuration in use: the question and its answer. Types only, plain data.

import type { Timeouts } from '../../plan/bounds.ts'
import type { Coding } from '../../plan/compression.ts'
import type { HoldOrder, HoldPlan } from '../../plan/hold.ts'
import type { NoRetryReason, Proof } from '../../policy/request/retry.ts'
import type { ConsideredUpstream } from './request-story.ts'

export interface RouteQuestion {
  readonly kind: 'route'
  readonly method: string
  /** `https://host[:port]/path`, or a path. */
  readonly url: string
  /** As the client sends them. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  /** Address that the connection comes from. */
  readonly from: string
  /** Undefined = the one that the URL leads to. */
  readonly listener: string | undefined
}

/** Which part of a route's `match` a request does not fit. */
export type Mismatch = 'listeners' | 'hosts' | 'path' | 'methods' | 'clientCertificate'

export interface RouteExplanation {
  readonly request: ExplainedRequest
  /** What the client gets from vigia itself; undefined = it goes to an upstream, or waits for one. */
  readonly answer: ExplainedAnswer | undefined
  /** Routes that stand before the one that serves it, all where none does; at most 50. */
  readonly passedOver: readonly { readonly route: string; readonly because: readonly Mismatch[] }[]
  /** Likewise, beyond those. */
  readonly passedOverMore: number
  /** Undefined = it does not come so far. */
  readonly route: ExplainedRoute | undefined
  readonly pool: ExplainedPool | undefined
}

export interface ExplainedRequest {
  readonly method: string
  readonly target: string
  readonly host: string
  /** As routes are matched with; undefined = it has none that is clear. */
  readonly path: string | undefined
  readonly listener: string
  readonly listenerAddress: string
  /** False = no listener has the URL's scheme and port: this one stands in. */
  readonly listenerIsMeant: boolean
  readonly scheme: 'http' | 'https'
  /** As far as it is believed. */
  readonly client: string
  /** The connection comes from a trusted proxy: what that says of the client counts. */
  readonly isTrusted: boolean
}

export interface ExplainedAnswer {
  readonly status: number
  /** As in the access log's `end`; `redirect`, `acme-challenge`, `last-hop`, `held` and `cached` are answered in full. */
  readonly code: string
  /** Of a redirect. */
  readonly location: string | undefined
  readonly retryAfterS: number | undefined
}

export interface ExplainedRoute {
  readonly name: string
  /** What forbids it, and by which route's rules; undefined = nothing does. */
  readonly forbidden: { readonly route: string; readonly by: 'address' | 'path' | 'certificate' } | undefined
  /** Undefined = its path has one reading. */
  readonly readings: ExplainedReadings | undefined
  readonly access:
    | {
        readonly allow: number
        readonly deny: number
        readonly denyPaths: readonly string[]
        /** It wants one, or a certain one. */
        readonly clientCertificate: boolean
      }
    | undefined
  /** `waitMs`: how long this client would have to wait now; 0 = it may ask. */
  readonly rateLimit: { readonly perSecond: number; readonly burst: number; readonly waitMs: number } | undefined
  /** The window that answers it; undefined = none does, or the client passes. */
  readonly window: { readonly name: string; readonly reason: string; readonly untilMs: number | undefined } | undefined
  /** A window closes the route, and lets this client through. */
  readonly passesWindow: string | undefined
  readonly bodyBytes: number
  /** Its body is gathered before an upstream is chosen. */
  readonly gathersBody: boolean
  readonly timeouts: Timeouts
  readonly longPoll: boolean
  readonly queuePriority: number
  readonly hold: ExplainedHold | undefined
  readonly cache: ExplainedCache | undefined
  readonly compression: ExplainedCompression | undefined
  readonly repetition: ExplainedRepetition
  readonly fields: ExplainedFields
}

/** The ways in which upstreams may read its path beside vigia's: what protects one of them holds. */
export interface ExplainedReadings {
  /** More than anybody has who means well: it is refused where a route of the pool restricts anything. */
  readonly tooMany: boolean
  /** At most 20. */
  readonly paths: readonly string[]
  /** Other routes that they lead to. */
  readonly routes: readonly string[]
}

export interface ExplainedHold {
  /** False = by its head it is none that is held. */
  readonly mayBeHeld: boolean
  readonly during: HoldPlan['during']
  readonly order: HoldOrder
}

export interface ExplainedCache {
  /** Why the cache has nothing to do with it; undefined = it may answer it. */
  readonly bypassed: string | undefined
  /** What is stored for it now: `nothing`, or what it may be used for. */
  readonly stored: string
}

export interface ExplainedCompression {
  /** That its answer would get; undefined = the client takes none of the route's. */
  readonly coding: Coding | undefined
  readonly types: readonly string[]
  readonly minBytes: number
}

/** Whether it is sent again after a failure: the proof, or why not. */
export interface ExplainedRepetition {
  readonly attempts: number
  readonly declared: 'keyed' | 'poll' | undefined
  /** It is, if its body turns out to be one of the route's declared RPC reads. */
  readonly mayBeDeclaredRead: boolean
  /** The connection could not be established. */
  readonly unsent: Proof | NoRetryReason
  /** The connection broke after it was sent. */
  readonly broken: Proof | NoRetryReason
  /** The answer did not come in time. */
  readonly late: Proof | NoRetryReason
  /** Statuses of upstreams for which another one is asked, where it may be sent again. */
  readonly statuses: readonly number[]
  /** Nobody would know whether it was carried out, if it broke off. */
  readonly couldBeInDoubt: boolean
}

export interface ExplainedFields {
  /** Names of the client's that do not go up. */
  readonly removed: readonly string[]
  /** Names that vigia puts in, or gives another value. */
  readonly set: readonly string[]
}

export interface ExplainedPool {
  readonly name: string
  readonly balance: string
  readonly situation: 'usable' | 'none' | 'no-verdict-yet'
  /** At most 32. */
  readonly upstreams: readonly ExplainedUpstream[]
  readonly upstreamsMore: number
  readonly affinity: ExplainedAffinity | undefined
  readonly queue: { readonly max: number; readonly timeoutMs: number } | undefined
  readonly allDown: 'fail' | 'panic'
}

export interface ExplainedUpstream extends ConsideredUpstream {
  readonly inFlight: number
  /** 0 = no limit. */
  readonly limit: number
  /** Of new requests without an affinity, 0 to 1. */
  readonly share: number
}

export interface ExplainedAffinity {
  readonly kind: 'cookie' | 'follow'
  /** Name of the cookie or field; `address` */
  readonly by: string
  /** Whom this request belongs to, as things are; undefined = nobody yet. */
  readonly upstream: string | undefined
  /** What becomes of it while that one is gone. */
  readonly gone: 'redistribute' | 'fail'
}
