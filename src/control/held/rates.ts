// How fast held requests go out: forwardings a second over the last minute, by route.

import type { HeldCounts } from '../../held/contract.ts'

const SPAN_MS = 60_000

interface Sample {
  readonly atMs: number
  readonly forwarded: number
}

export class Rates {
  readonly #samples = new Map<string, Sample[]>()

  /** To be called about once a second. @param nowMs monotonic */
  tick(counts: HeldCounts, nowMs: number): void {
    for (const [route, { totals }] of counts) {
      const samples = this.#samples.getOrInsertComputed(route, () => [])
      samples.push({ atMs: nowMs, forwarded: totals.forwarded })
      while (samples.length > 2 && samples[1]!.atMs <= nowMs - SPAN_MS) samples.shift()
    }
    for (const route of this.#samples.keys()) if (!counts.has(route)) this.#samples.delete(route)
  }

  /** A second; 0 = nothing is known of it. */
  of(route: string): number {
    const samples = this.#samples.get(route) ?? []
    const [first, last] = [samples[0], samples.at(-1)]
    if (first === undefined || last === undefined || last.atMs === first.atMs) return 0
    return (last.forwarded - first.forwarded) / ((last.atMs - first.atMs) / 1000)
  }
}
