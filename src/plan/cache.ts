// What is cached, as compiled.

/** Of a route. */
export interface RouteCachePlan {
  /** How long an answer with status 200 is fresh that says nothing of it, ms; undefined = such answers are not stored. */
  readonly ttlMs: number | undefined
  /** For how long beyond its freshness an answer may stand in where its upstream fails, ms; 0 = as long as it says itself. */
  readonly staleIfErrorMs: number
  /** Largest body that is stored. */
  readonly maxBytes: number
  /** How long a request waits for another one that fetches the same, ms; 0 = not at all. */
  readonly waitMs: number
}

/** Of the whole process. */
export interface CachePlan {
  /** Of what is stored, fields included. Read at the start only. */
  readonly bytes: number
}
