// The choice of an upstream: who makes it, what it depends on, what comes of it.

import type { RoutePlan } from '../../plan/route.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { Stickiness } from './affinity.ts'
import type { Permit, PoolPermits } from './permits.ts'
import { NEWCOMER } from './waiter.ts'

/** The upstream of the next attempt, and the permit that was taken for it; undefined = it has no limit. */
export interface Choice {
  readonly endpoint: Endpoint
  readonly permit: Permit | undefined
}

/**
 * What comes of a choice where there is no upstream: none may be used, none is known well enough yet, or those that may be used have no
 * permit left (or others wait for it).
 */
export type NoChoice = 'none' | 'no-verdict-yet' | 'full'

/** What of a request bears on the choice. */
export interface RoutedRequest {
  readonly route: RoutePlan
  /** Hash of the key of `balance: hash`. */
  readonly key: number
  /** Undefined = the pool has no affinity. */
  readonly stickiness: Stickiness | undefined
}

/** An exchange that needs an upstream. */
export interface Seeker {
  readonly placement: RoutedRequest
  /** Upstreams that it has tried already; undefined = none. */
  readonly tried: readonly Endpoint[] | undefined
  /** The upstream on which its client's connection is logged in; undefined = none. */
  readonly login: Endpoint | undefined
  /** Where it stands among those that wait. */
  readonly rank: number
}

/** The choice that is being made now. A pool has one and uses it again: nothing is made for a request. */
export class Selection {
  /** Hash of the key of `balance: hash`. */
  key = 0
  /** Hash of what an affinity follows, which goes before the balancer; undefined = there is nothing. */
  follow: number | undefined = undefined
  tried: readonly Endpoint[] | undefined = undefined
  rank = NEWCOMER
  /** Undefined = no permit is needed. */
  permits: PoolPermits | undefined = undefined
  nowMs = 0
  readonly random: () => number

  constructor(random: () => number) {
    this.random = random
  }

  begin({ placement: { key }, tried, rank }: Seeker, follow: number | undefined, nowMs: number): void {
    this.key = key
    this.follow = follow
    this.tried = tried
    this.rank = rank
    this.nowMs = nowMs
  }
}
