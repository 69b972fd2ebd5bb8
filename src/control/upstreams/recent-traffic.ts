// What each upstream has had to do of late: answers per second and how long the slowest took to begin (a stream may last for hours, and
// that is no latency), from the totals in shared memory, looked at once a second. For people who look at the status; Prometheus computes its own from the totals.

import { quantile } from '../../policy/upstream/quantile.ts'
import { DURATION_BUCKETS_S, TOTAL } from '../../shared/counter-cells.ts'
import type { CounterTable } from '../../shared/counters.ts'

export interface Recent {
  /** Answers per second. */
  readonly ratePerS: number
  /** Half of them had begun by then, ms; undefined = there was none. Within the bucket bounds of the histogram. */
  readonly p50Ms: number | undefined
  /** 99 of 100 had begun by then, ms; undefined = there was none. Within the bucket bounds of the histogram. */
  readonly p99Ms: number | undefined
}

interface Sample {
  readonly atMs: number
  /** By bucket of the times to the first byte. */
  readonly counts: readonly number[]
}

/** Over so many seconds. */
const SAMPLES = 10
const BUCKETS = Array.from({ length: DURATION_BUCKETS_S.length + 1 }, (_, at) => TOTAL.secondBucket + at)

export class RecentTraffic {
  readonly #counters: CounterTable
  /** By slot, the oldest first. */
  #samples = new Map<number, readonly Sample[]>()

  constructor(counters: CounterTable) {
    this.#counters = counters
  }

  /** To be called about once a second. @param slots of all upstreams; others are forgotten @param nowMs monotonic */
  tick(slots: readonly number[], nowMs: number): void {
    this.#samples = new Map(
      slots.map(slot => {
        const former = this.#samples.get(slot) ?? []
        return [slot, [...former.slice(-SAMPLES), this.#sample(slot, nowMs, former.at(-1)?.counts)]]
      }),
    )
  }

  /** Of several together, where more than one is named. */
  of(...slots: readonly number[]): Recent {
    let ratePerS = 0
    const sums = BUCKETS.map(() => 0)
    for (const slot of slots) {
      const samples = this.#samples.get(slot) ?? []
      const [first, last] = [samples[0], samples.at(-1)]
      if (first === undefined || last === undefined || last.atMs <= first.atMs) continue
      // Nothing has come: most of many upstreams are idle.
      if (first.counts === last.counts) continue
      let answers = 0
      for (const [at, count] of last.counts.entries()) {
        const more = count - first.counts[at]!
        answers += more
        sums[at]! += more
      }
      ratePerS += (1000 * answers) / (last.atMs - first.atMs)
    }
    const msOf = (q: number) => {
      const found = quantile(DURATION_BUCKETS_S, sums, q)
      return found === undefined ? undefined : 1000 * found
    }
    return { ratePerS, p50Ms: msOf(0.5), p99Ms: msOf(0.99) }
  }

  /** @param former where nothing has come since, its counts are kept once: most of many upstreams are idle */
  #sample(slot: number, atMs: number, former: readonly number[] | undefined): Sample {
    const isSame =
      former !== undefined && BUCKETS.every((total, at) => this.#counters.total(slot, total) === former[at])
    return { atMs, counts: isSame ? former : BUCKETS.map(total => this.#counters.total(slot, total)) }
  }
}
