// How many retries a pool may have: a share of its recent requests and a small floor, so that an outage never doubles
// the load of the upstreams that are left. Which retries it counts is decided in retry.ts (isBudgeted).
//
// Finagle and Linkerd (ratio, minimum a second, 10 s) and Envoy (share of active requests, minimum) let every retry draw
// on the budget. Here one of which nothing was sent doesn't: what those budgets guard against is work done twice, and a
// refused connect is none. If it did, a dead node out of three would turn a third of all requests into failures of which the
// budget lets only a fifth try elsewhere, until the node is taken out. `attempts` still bounds them.

import type { RetryBudget } from '../../plan/pool.ts'
import { SlidingWindow } from './sliding-window.ts'

/**
 * Whether one more retry is within the budget.
 * @param requests begun within the window, first attempts only
 * @param retries within the window, those that are counted
 */
export function isWithinBudget(requests: number, retries: number, budget: RetryBudget): boolean {
  const { share, perSecond, windowMs } = budget
  return retries + 1 <= share * requests + (perSecond * windowMs) / 1000
}

/** One pool's budget over totals that all workers share; each worker holds its own and comes to the same result. */
export class RetryWindow {
  readonly #budget: RetryBudget
  readonly #window: SlidingWindow

  constructor(budget: RetryBudget) {
    this.#budget = budget
    this.#window = new SlidingWindow(budget.windowMs, 2)
  }

  /**
   * Notes the totals of now. Call it regularly (about once a second), not only when something has failed: what was not
   * sampled can't be told from what happened before the window.
   */
  sample(nowMs: number, requests: number, retries: number): void {
    this.#window.sample(nowMs, requests, retries)
  }

  /**
   * Whether a retry may be made now. Two workers that ask at the same moment may each take the last one.
   * @param requests total of the pool over all workers
   * @param retries total of the pool's counted retries over all workers
   */
  allows(nowMs: number, requests: number, retries: number): boolean {
    const window = this.#window
    return isWithinBudget(window.growth(nowMs, 0, requests), window.growth(nowMs, 1, retries), this.#budget)
  }
}
