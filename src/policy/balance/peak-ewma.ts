// Peak EWMA (Finagle, linkerd): draws two upstreams by weight and takes the one that is expected to answer sooner.
// A latency above the average counts in full at once, one below only little by little; the average fades with time,
// so that an upstream that was slow is tried again. The caller reports a failure as a high latency.

import type { Balancer, BalanceView } from './balancer.ts'
import { sample } from './sample.ts'

/** Time in which the past loses about two thirds of its say. */
const DECAY_MS = 10_000

/** Two idle upstreams whose latencies differ by less than this factor are equally fast: the rest is noise and fading. */
const SAME_SPEED = 1.25

const UNKNOWN = -1

export class PeakEwma implements Balancer {
  /** Average latency at `#stampsMs`, ms; `UNKNOWN` = none reported yet. */
  readonly #latenciesMs: Float64Array
  readonly #stampsMs: Float64Array

  constructor(size: number) {
    this.#latenciesMs = new Float64Array(size).fill(UNKNOWN)
    this.#stampsMs = new Float64Array(size)
  }

  pick(view: BalanceView, _key: number, nowMs: number, random: () => number): number {
    const first = sample(view, -1, random)
    if (first === -1) return -1
    const firstWeight = view.weights[first]!
    const second = sample(view, first, random)
    if (second === -1) return first
    let firstLatencyMs = this.#fadedMs(first, nowMs)
    let secondLatencyMs = this.#fadedMs(second, nowMs)
    // An upstream without a latency is taken to be as fast as the other: it is neither flooded nor left aside.
    if (firstLatencyMs < 0 || secondLatencyMs < 0) firstLatencyMs = secondLatencyMs = 1
    const firstInFlight = view.inFlight(first)
    const secondInFlight = view.inFlight(second)
    // The draw has honoured the weights already: idle upstreams are compared by latency alone.
    if (firstInFlight === 0 && secondInFlight === 0) {
      return secondLatencyMs * SAME_SPEED < firstLatencyMs ? second : first
    }
    const firstCost = (firstLatencyMs * (firstInFlight + 1)) / firstWeight
    const secondCost = (secondLatencyMs * (secondInFlight + 1)) / view.weights[second]!
    return secondCost < firstCost ? second : first
  }

  observe(index: number, latencyMs: number, nowMs: number): void {
    const averageMs = this.#latenciesMs[index]!
    if (averageMs === UNKNOWN || latencyMs > averageMs) {
      this.#latenciesMs[index] = latencyMs
    } else {
      const past = this.#pastShare(index, nowMs)
      this.#latenciesMs[index] = averageMs * past + latencyMs * (1 - past)
    }
    this.#stampsMs[index] = nowMs
  }

  #fadedMs(index: number, nowMs: number): number {
    return this.#latenciesMs[index]! * this.#pastShare(index, nowMs)
  }

  #pastShare(index: number, nowMs: number): number {
    return Math.exp(Math.min(0, this.#stampsMs[index]! - nowMs) / DECAY_MS)
  }
}
