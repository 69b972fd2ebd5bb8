// What an access line says of one finished exchange.

import type { Coding } from '../../plan/compression.ts'

/** What the client speaks. */
export type Protocol = 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2'

export interface AccessEntry {
  /** As in X-Request-Id and on vigia's own pages. */
  readonly requestId: string
  /** Of the trace that the client says the request belongs to, 32 hexadecimal digits; '' = it says none. */
  readonly traceId: string
  /** Its address, as trusted proxies tell it. */
  readonly client: string
  /** Of the client's connection: members of the line, each behind a comma; '' = nothing more than the others say. */
  readonly about: string
  /** Name of the listener that it came to. */
  readonly listener: string
  /** What the client speaks: HTTP/1.0, HTTP/1.1 or HTTP/2. */
  readonly protocol: Protocol
  /** Name of its route; '' = none matched. */
  readonly route: string
  /** Name of the pool; '' = none. */
  readonly pool: string
  /** The last that was tried; '' where no upstream was reached. */
  readonly upstream: string
  /** GET, POST ... */
  readonly method: string
  /** Name that it asked for (Host). */
  readonly host: string
  /** That it asked for, without the query. */
  readonly path: string
  /** Of the answer that the client got; 0 = it got none. */
  readonly status: number
  /** Of the request body, as it came. */
  readonly bytesIn: number
  /** Of the answer's body, as it was sent. */
  readonly bytesOut: number
  /** By which vigia has compressed the answer; '' = it did not. */
  readonly coding: Coding | ''
  /** Of the answer's body before that. */
  readonly bytesUncoded: number
  /** To the first byte of the response, ms. */
  readonly firstByteMs: number
  /** To the end of it, ms. */
  readonly totalMs: number
  /** How long it waited for a permit for an upstream, ms. */
  readonly queueMs: number
  /** How long the last attempt took to connect, ms; 0 = it rode a connection that was open. */
  readonly connectMs: number
  /** For how long its body was gathered before an upstream was chosen, ms; 0 = it was not. */
  readonly gatheringMs: number
  /** Bytes of its answer that its client took more slowly than its upstream gave them. */
  readonly bufferedBytes: number
  /** Until its upstream was free, although its client had not taken all, ms; 0 = they were done together. */
  readonly upstreamMs: number
  /** How often it was sent to an upstream, or tried to. */
  readonly attempts: number
  /** Why another attempt was safe: `not-sent`, `idempotent`, `declared` or `refused`; '' where there was one attempt only. */
  readonly proof: string
  /** What the cache was to it: `hit`, `miss` or the like; '' = its route has none. */
  readonly cache: string
  /** Id of the held request that it became, or that was carried out; '' = none. */
  readonly held: string
  /** How it ended: `complete`, `client left` ..., or the code of vigia's own answer. */
  readonly end: string
}

/** How long it took is known last. */
export type AccessFacts = Omit<AccessEntry, 'totalMs'>
