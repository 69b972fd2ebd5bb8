// One exchange that waits: for what, since when, and where it stands in the order. It keeps its rank over all its waits, so that an
// exchange whose attempt failed does not lose its turn.

import { performance } from 'node:perf_hooks'
import type { Waits } from '../../policy/request/queue-order.ts'

/** The exchange itself. */
export interface Waiting {
  /** Looks again for what it waits for; it does not throw. */
  onTurn(): void
}

/** The rank of who has never waited: everybody who waits comes first. */
export const NEWCOMER = Number.POSITIVE_INFINITY

export class Waiter implements Waits {
  readonly owner: Waiting
  rank = NEWCOMER
  lanes: readonly number[] = []
  waitsFor: 'nothing' | 'verdict' | 'permit' = 'nothing'
  /** How long it has waited for each in waits that are over, ms. */
  verdictMs = 0
  permitMs = 0
  #sinceMs = 0

  constructor(owner: Waiting) {
    this.owner = owner
  }

  begin(what: 'verdict' | 'permit'): void {
    this.waitsFor = what
    this.#sinceMs = performance.now()
  }

  /** @returns how long this wait took, ms */
  end(): number {
    const ms = performance.now() - this.#sinceMs
    if (this.waitsFor === 'permit') this.permitMs += ms
    else this.verdictMs += ms
    this.waitsFor = 'nothing'
    return ms
  }
}
