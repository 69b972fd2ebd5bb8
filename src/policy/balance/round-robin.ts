// Round-robin: each upstream in turn, as often as its weight says. Looks at weights only, not at load.

import type { Balancer, BalanceView } from './balancer.ts'
import { SmoothWeights } from './smooth-weights.ts'

export class RoundRobin implements Balancer {
  readonly #turns: SmoothWeights
  readonly #everyone: Int32Array
  /** Whose turn it is among equals; -1 = anybody's, else all workers would begin with the same upstream. */
  #next = -1

  constructor(size: number) {
    this.#turns = new SmoothWeights(size)
    this.#everyone = Int32Array.from({ length: size }, (_, index) => index)
  }

  pick(view: BalanceView, _key: number, _nowMs: number, random: () => number): number {
    return view.uniform
      ? this.#pickUniform(view, random)
      : this.#turns.next(this.#everyone, view.size, view.weights, random)
  }

  #pickUniform({ size, weights }: BalanceView, random: () => number): number {
    if (this.#next < 0) this.#next = Math.floor(random() * size)
    for (let left = size; left > 0; left -= 1) {
      const index = this.#next
      this.#next = index + 1 === size ? 0 : index + 1
      if (weights[index]! > 0) return index
    }
    return -1
  }

  observe(): void {}
}
