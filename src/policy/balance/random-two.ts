// Random two: draws two upstreams by weight and takes the one with fewer exchanges in flight for its weight.
// Unlike least-connections it does not send everybody to the same upstream when loads are known late.

import type { Balancer, BalanceView } from './balancer.ts'
import { sample } from './sample.ts'

export class RandomTwo implements Balancer {
  pick(view: BalanceView, _key: number, _nowMs: number, random: () => number): number {
    const first = sample(view, -1, random)
    if (first === -1) return -1
    const firstWeight = view.weights[first]!
    const second = sample(view, first, random)
    if (second === -1) return first
    const firstInFlight = view.inFlight(first)
    const secondInFlight = view.inFlight(second)
    // The draw has honoured the weights already; comparing idle upstreams by weight again would favour the heavy twice.
    if (firstInFlight === 0 && secondInFlight === 0) return first
    return (secondInFlight + 1) / view.weights[second]! < (firstInFlight + 1) / firstWeight ? second : first
  }

  observe(): void {}
}
