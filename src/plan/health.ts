// Active health checks as compiled: what a probe asks, when, and what counts as healthy.

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
