// What control asks workers for people who want to know, and what they answer: rare, so by message. Types only, plain data.

import type { NoRetryReason, Proof } from '../../policy/request/retry.ts'

/** What became of this request? Every worker is asked: nobody knows which of them had it. */
export interface RequestQuestion {
  readonly kind: 'request'
  readonly requestId: string
}

/** One attempt of a request. */
export interface TryStory {
  readonly upstream: string
  /** When it began, since the request had come, ms. */
  readonly afterMs: number
  readonly tookMs: number
  /** It rode a connection that had served an earlier request. */
  readonly reused: boolean
  /** Until its connection was established, ms; 0 = it was there already, or never came to be. */
  readonly connectMs: number
  /** Of the request, head included, that were handed to the connection. */
  readonly bytesSent: number
  /** Of its answer; 0 = none came. */
  readonly status: number
  /** How it failed, e.g. `reset: read ECONNRESET`; '' = it did not. */
  readonly failure: string
  /** Why another attempt was provably safe; '' = none followed. */
  readonly proof: Proof | ''
  /** The upstream had closed the idle connection just then: that is no fault of it, and costs no attempt. */
  readonly stale: boolean
  /** Why none followed although it failed; '' = one did, or it did not fail. */
  readonly last: NoRetryReason | ''
}

/** An upstream of the pool, as it stood when the request ended. */
export interface ConsideredUpstream {
  readonly upstream: string
  readonly availability: 'unknown' | 'available' | 'draining' | 'out' | 'disabled'
  /** In percent. */
  readonly weight: number
  readonly priority: number
}

/** What became of a request that was not plain: answered by vigia itself, tried again, failed, in doubt, cut, or answered 5xx. */
export interface RequestStory {
  readonly requestId: string
  /** When it ended, epoch ms. */
  readonly atMs: number
  readonly worker: number
  readonly client: string
  readonly listener: string
  readonly protocol: string
  readonly method: string
  readonly host: string
  /** Normalised, without the query. */
  readonly path: string
  /** '' = none was found. */
  readonly route: string
  readonly pool: string
  /** The last that it was sent to; '' = none. */
  readonly upstream: string
  /** 0 = the client got no answer. */
  readonly status: number
  /** As in the access log. */
  readonly end: string
  readonly cache: string
  readonly bytesIn: number
  readonly bytesOut: number
  readonly queueMs: number
  readonly firstByteMs: number
  readonly totalMs: number
  readonly tries: readonly TryStory[]
  /** Nobody knows whether it was carried out. */
  readonly inDoubt: boolean
  /** The maintenance window that answered it; undefined = none did. */
  readonly window: { readonly name: string; readonly reason: string; readonly untilMs: number | undefined } | undefined
  /** Undefined = it did not come so far as to choose. At most 32. */
  readonly considered: readonly ConsideredUpstream[] | undefined
}
