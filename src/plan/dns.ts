// How the names of upstreams are resolved, as compiled.

export interface DnsPlan {
  /** `ADDRESS` or `ADDRESS:PORT`; undefined = those of resolv.conf. */
  readonly servers: readonly string[] | undefined
  /** Of one try on one server, ms; undefined = as resolv.conf says, or a second. */
  readonly timeoutMs: number | undefined
  /** An answer counts for at least this long, whatever its TTL, ms. */
  readonly minTtlMs: number
  /** And at most for this long, ms. */
  readonly maxTtlMs: number
}
