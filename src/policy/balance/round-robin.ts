// Round-robin: each upstream in turn, as often as its weight says. Looks at weights only, not at load.

import type { Balancer, BalanceView } from './balancer.ts'
import { SmoothWeights } from './smooth-weights.ts'

export class RoundRobin implements Balancer {
  readonly #turns: SmoothWeights
  readonly #everyone: Int32Array

  constructor(size: number) {
    this.#turns = new SmoothWeights(size)
    this.#everyone = Int32Array.from({ length: size }, (_, index) => index)
  }

  pick(view: BalanceView, _key: number, _nowMs: number, random: () => number): number {
    return this.#turns.next(this.#everyone, view.size, view.weights, random)
  }

  observe(): void {}
}
