// How a route's requests are held while its pool does not serve, and carried out afterwards, as compiled.

/** `order`: earlier requests of its key are held. */
export type HoldReason = 'window' | 'outage' | 'queue-full' | 'paused' | 'order'

/** Of a route. Requests that are not of it are answered as without. */
export interface HoldPlan {
  /** While what is they are held. */
  readonly during: readonly Exclude<HoldReason, 'paused' | 'order'>[]
  /** What a paused route does. */
  readonly paused: 'hold' | 'refuse'
  /** Upper case. */
  readonly methods: readonly string[]
  /** Longest body, bytes. */
  readonly bodyBytes: number
  /** After it a request that was not carried out is a dead letter, ms. */
  readonly ttlMs: number
  readonly maxRequests: number
  /** Of heads and bodies, bytes. */
  readonly maxBytes: number
  readonly order: HoldOrder
  readonly dedupe: 'idempotency-key' | 'body' | 'off'
  readonly answer: HoldAnswer
  readonly forward: ForwardPlan
  readonly result: { readonly keepMs: number; readonly bodyBytes: number }
  /** What becomes of the requests behind one in doubt of the same key. */
  readonly inDoubt: 'stop' | 'go-on'
  /** Hosts that a client's `callback` may name, lower case; empty = nobody is called. */
  readonly callback: { readonly hosts: readonly string[]; readonly secret: string } | undefined
  /** XML-RPC and SOAP may be held: `answer` is one that their clients understand. */
  readonly rpc: boolean
}

/** Requests with the same key keep their order. */
export type HoldOrder =
  | { readonly by: 'route' }
  /** The client's address (each /64 of IPv6). */
  | { readonly by: 'client' }
  | { readonly by: 'header'; readonly name: string }
  /** A JSON pointer into the body (RFC 6901). */
  | { readonly by: 'json'; readonly pointer: string }

export interface HoldAnswer {
  readonly status: number
  readonly contentType: string
  /** With `{id}` and `{request-id}` for the held request's and the request's id; undefined = vigia's own JSON. */
  readonly body: string | undefined
}

export interface ForwardPlan {
  readonly perSecond: number
  readonly concurrency: number
  /** So long the pool has to serve before anything is sent, ms. */
  readonly afterMs: number
  readonly retry: { readonly attempts: number; readonly firstMs: number; readonly mostMs: number }
}

/** Where held requests are. Read at the start only. */
export interface HeldStorePlan {
  /** Absolute. */
  readonly path: string
  /** Absolute paths of files with keys of 32 bytes: the first encrypts, all decrypt. Empty = nothing is encrypted. */
  readonly keyFiles: readonly string[]
}
