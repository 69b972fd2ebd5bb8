// What the admin listener shows of requests in doubt, and of what people found out about them.

import type { Resolution } from './operations.ts'

export interface InDoubtReport {
  /** Since the start. Those that a worker took with it when it died are not among them: the log tells their number. */
  readonly total: number
  /** Of these, the oldest ones, which are no longer kept. */
  readonly dropped: number
  /** Of those that are kept: nobody has settled them yet. */
  readonly open: number
  /** Newest first. */
  readonly records: readonly InDoubtEntry[]
}

/** An unsafe request whose fate is unknown. */
export interface InDoubtEntry {
  /** ISO 8601. */
  readonly at: string
  readonly requestId: string
  readonly route: string
  readonly pool: string
  readonly upstream: string
  readonly method: string
  /** Normalised, without the query; at most 2048 characters. */
  readonly path: string
  /** As the client wrote it, at most 255 characters. */
  readonly idempotencyKey: string | null
  /** The client's address. */
  readonly client: string
  /** Of the request, head included, that were handed to the connection. */
  readonly bytesSent: number
  /** `sent`: no byte of a response was seen; `responding`: it was cut, or was no HTTP. */
  readonly stage: 'sent' | 'responding'
  /** How the attempt failed: one line. */
  readonly cause: string
  /** What people found out about it; null = nothing yet. */
  readonly resolved: ResolutionReport | null
}

export interface ResolutionReport {
  readonly resolution: Resolution
  readonly note: string
  readonly by: string
  /** ISO 8601. */
  readonly at: string
}
