// Least connections: the upstream with the fewest exchanges in flight for its weight; equals take turns.

import type { Balancer, BalanceView } from './balancer.ts'
import { SmoothWeights } from './smooth-weights.ts'

export class LeastConnections implements Balancer {
  readonly #turns: SmoothWeights
  /** Scratch: the upstreams that share the lowest load so far. */
  readonly #lowest: Int32Array

  constructor(size: number) {
    this.#turns = new SmoothWeights(size)
    this.#lowest = new Int32Array(size)
  }

  pick(view: BalanceView, _key: number, _nowMs: number, random: () => number): number {
    const { size, weights } = view
    const lowest = this.#lowest
    let count = 0
    let lowestLoad = Number.POSITIVE_INFINITY
    let busy = false
    for (let index = 0; index < size; index += 1) {
      const weight = weights[index]!
      if (weight <= 0) continue
      const inFlight = view.inFlight(index)
      if (inFlight > 0) busy = true
      const load = (inFlight + 1) / weight
      if (load > lowestLoad) continue
      if (load < lowestLoad) {
        lowestLoad = load
        count = 0
      }
      lowest[count] = index
      count += 1
    }
    if (!busy) count = this.#gatherEligible(view)
    if (count <= 1) return count === 0 ? -1 : lowest[0]!
    return this.#turns.next(lowest, count, weights, random)
  }

  observe(): void {}

  /** With nothing in flight all are equals: else the one of the highest weight would get every request of a quiet pool. */
  #gatherEligible({ size, weights }: BalanceView): number {
    let count = 0
    for (let index = 0; index < size; index += 1) {
      if (weights[index]! <= 0) continue
      this.#lowest[count] = index
      count += 1
    }
    return count
  }
}
