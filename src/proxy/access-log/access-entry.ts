// What an access line says of one finished exchange.

import type { Coding } from '../../plan/compression.ts'

/** What the client speaks. */
export type Protocol = 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2'

export interface AccessEntry {
  readonly requestId: string
  /** Of the trace that the client says the request belongs to, 32 hexadecimal digits; '' = it says nothing. */
  readonly traceId: string
  readonly client: string
  /** Of the client's connection: members of the line, each behind a comma; '' = nothing more than the others say. */
  readonly about: string
  readonly listener: string
  readonly protocol: Protocol
  readonly route: string
  readonly pool: string
  /** '' where no upstream was reached. */
  readonly upstream: string
  readonly method: string
  readonly host: string
  /** Without the query. */
  readonly path: string
  readonly status: number
  readonly bytesIn: number
  readonly bytesOut: number
  /** By which vigia has compressed the answer, and its bytes before that; '' = it did not. */
  readonly coding: Coding | ''
  readonly bytesUncoded: number
  /** To the first byte of the response and in all, ms. */
  readonly firstByteMs: number
  readonly totalMs: number
  /** How long it waited for a permit for an upstream, ms. */
  readonly queueMs: number
  /** How long the last attempt took to connect, ms; 0 = it rode a connection that was open. */
  readonly connectMs: number
  /** For how long its body was gathered before an upstream was chosen, ms; 0 = it was not. */
  readonly gatheringMs: number
  /** Bytes of its answer that its client took more slowly than its upstream gave them. */
  readonly bufferedBytes: number
  /** Until its upstream was free although its client had not taken all, ms; 0 = they were done together. */
  readonly upstreamMs: number
  readonly attempts: number
  /** Why another attempt was safe: `not-sent`, `idempotent` or `declared`; '' where there was one attempt only. */
  readonly proof: string
  /** What the cache was to it (CacheOutcome); '' = its route has none. */
  readonly cache: string
  /** How the exchange ended, in words: `complete`, `client left`, or an answer's code. */
  readonly end: string
}

/** How long it took is known last. */
export type AccessFacts = Omit<AccessEntry, 'totalMs'>
