// What the probes of one upstream have found so far: the latest result, and the numbers for the metrics.

import { PROBE_BUCKETS_S, type ProbeTally } from '../../metrics/source.ts'
import type { ProbeResult } from './probes/probe.ts'

export class ProbeHistory {
  #last: (ProbeResult & { readonly atMs: number }) | undefined
  #ok = 0
  #failed = 0
  #durationSumS = 0
  readonly #buckets: number[] = new Array(PROBE_BUCKETS_S.length + 1).fill(0)

  /** @param atMs epoch ms of the probe's end */
  add(atMs: number, result: ProbeResult): void {
    this.#last = { ...result, atMs }
    if (result.ok) this.#ok += 1
    else this.#failed += 1
    const seconds = result.durationMs / 1000
    this.#durationSumS += seconds
    const bucket = PROBE_BUCKETS_S.findIndex(bound => seconds <= bound)
    this.#buckets[bucket === -1 ? PROBE_BUCKETS_S.length : bucket]! += 1
  }

  /** The latest result; undefined = none yet. */
  get last(): (ProbeResult & { readonly atMs: number }) | undefined {
    return this.#last
  }

  tally(): ProbeTally {
    return { ok: this.#ok, failed: this.#failed, durationSumS: this.#durationSumS, buckets: this.#buckets }
  }
}
