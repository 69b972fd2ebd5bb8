// Upstreams of a pool on which a request has just failed: passed over until one of them answers, or for a moment at most. A dead upstream
// has nothing in flight, so the balancer would love it best, until control has a verdict. Here is no verdict: only an order of preference.

import type { Endpoint } from '../upstream/endpoint.ts'

/** Longer than a probe takes to say what is true. */
const SUSPECT_MS = 1000

export class Suspects {
  readonly #untilMs = new Map<Endpoint, number>()

  /** @param nowMs monotonic */
  add(endpoint: Endpoint, nowMs: number): void {
    this.#untilMs.set(endpoint, nowMs + SUSPECT_MS)
  }

  /** It has answered. */
  clear(endpoint: Endpoint): void {
    if (this.#untilMs.size > 0) this.#untilMs.delete(endpoint)
  }

  /** `tried`, and those that are suspect now; undefined = nobody is. */
  with(tried: readonly Endpoint[] | undefined, nowMs: number): readonly Endpoint[] | undefined {
    if (this.#untilMs.size === 0) return undefined
    for (const [endpoint, untilMs] of this.#untilMs) if (untilMs <= nowMs) this.#untilMs.delete(endpoint)
    return this.#untilMs.size === 0 ? undefined : [...(tried ?? []), ...this.#untilMs.keys()]
  }
}
