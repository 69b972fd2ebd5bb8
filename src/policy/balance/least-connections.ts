// Least connections: the upstream with the fewest exchanges in flight for its weight; equals take turns.

import type { Balancer, BalanceView } from './balancer.ts'
import { SmoothWeights } from './smooth-weights.ts'

export class LeastConnections implements Balancer {
  readonly #turns: SmoothWeights
  /** Scratch: the upstreams that share the lowest load so far. */
  readonly #lowest: Int32Array
  /** Where the search among equals begins; -1 = anywhere, else all workers would begin with the same upstream. */
  #next = -1

  constructor(size: number) {
    this.#turns = new SmoothWeights(size)
    this.#lowest = new Int32Array(size)
  }

  pick(view: BalanceView, _key: number, _nowMs: number, random: () => number): number {
    return view.uniform ? this.#pickUniform(view, random) : this.#pickWeighted(view, random)
  }

  observe(): void {}

  /** Equals take turns: the first idle one after the last pick, else the first of those with the fewest in flight. */
  #pickUniform(view: BalanceView, random: () => number): number {
    const { size, weights } = view
    if (this.#next < 0) this.#next = Math.floor(random() * size)
    let best = -1
    let fewest = Number.POSITIVE_INFINITY
    for (let left = size, index = this.#next; left > 0; left -= 1) {
      if (weights[index]! > 0) {
        const inFlight = view.inFlight(index)
        if (inFlight < fewest) {
          best = index
          fewest = inFlight
          if (inFlight === 0) break
        }
      }
      index = index + 1 === size ? 0 : index + 1
    }
    if (best >= 0) this.#next = best + 1 === size ? 0 : best + 1
    return best
  }

  #pickWeighted(view: BalanceView, random: () => number): number {
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
