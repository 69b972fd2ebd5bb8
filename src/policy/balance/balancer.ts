// The one interface of every balancing algorithm. Implementations hold only their own numbers: no clock, no randomness of their own.

/** What a balancer may know of the upstreams it chooses among. Index = position in the group. */
export interface BalanceView {
  readonly size: number
  /** Effective weight of each upstream; 0 = must not be chosen now. */
  readonly weights: Float64Array
  /** Every weight above 0 is the same: the usual case, in which choosing need not look at all of them. */
  readonly uniform: boolean
  /** Exchanges in flight on upstream `index`, over all workers. */
  inFlight(index: number): number
}

export interface Balancer {
  /**
   * Index of the upstream for the next attempt, or -1 where every weight is 0.
   * @param key 32-bit hash of the request's affinity key; only `hash` looks at it
   * @param nowMs monotonic time, milliseconds
   * @param random uniform in [0, 1)
   */
  pick(view: BalanceView, key: number, nowMs: number, random: () => number): number
  /** Tells how long an attempt on `index` took to its first byte. Most algorithms don't care. */
  observe(index: number, latencyMs: number, nowMs: number): void
}
