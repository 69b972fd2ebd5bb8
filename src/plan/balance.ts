// How load is spread over a pool, and how a client stays with its upstream, as compiled.

export type BalancePlan =
  | { readonly kind: 'round-robin' | 'least-connections' | 'random-two' | 'peak-ewma' }
  | {
      readonly kind: 'hash'
      readonly key: HashKey
      /** No upstream gets more than this factor times the mean in-flight, e.g. 1.25; the next in the ranking takes over. */
      readonly boundedLoad: number
    }

export type HashKey =
  | { readonly from: 'address' }
  | { readonly from: 'header'; readonly name: string }
  | { readonly from: 'cookie'; readonly name: string }

/** How a client stays with its upstream, and what happens when that one is gone. */
export type AffinityPlan = { readonly gone: 'redistribute' | 'fail' } & (
  | ({ readonly kind: 'cookie' } & AffinityCookiePlan)
  /** What the application or the client's address says, by rendezvous hash. */
  | { readonly kind: 'follow'; readonly key: HashKey }
)

export interface AffinityCookiePlan {
  readonly name: string
  /** 0 = until the browser is closed. */
  readonly ttlMs: number
  /** Secrets: the first signs, all verify. */
  readonly keys: readonly string[]
  readonly sameSite: 'lax' | 'strict' | 'none'
  readonly path: string
}
