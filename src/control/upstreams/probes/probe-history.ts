// What the probes of one upstream have found so far: the latest result, and the numbers for the metrics.

import { PROBE_BUCKETS_S, type ProbeTally } from '../../../metrics/source.ts'
import type { ProbeResult } from './probe.ts'

export interface ProbeHistory extends ProbeTally {
  /** The latest result; undefined = none yet. */
  readonly last: KnownProbe | undefined
  /** The latest, oldest first; at most `RECENT`. */
  readonly recent: readonly KnownProbe[]
}

/** When it ended, epoch ms. */
export type KnownProbe = ProbeResult & { readonly atMs: number }

const RECENT = 10

export const NO_PROBES: ProbeHistory = {
  last: undefined,
  recent: [],
  ok: 0,
  failed: 0,
  void: 0,
  durationSumS: 0,
  buckets: new Array(PROBE_BUCKETS_S.length + 1).fill(0),
}

/** @param atMs epoch ms of the probe's end */
export function withProbe(history: ProbeHistory, atMs: number, result: ProbeResult): ProbeHistory {
  const seconds = result.durationMs / 1000
  const found = PROBE_BUCKETS_S.findIndex(bound => seconds <= bound)
  const bucket = found === -1 ? PROBE_BUCKETS_S.length : found
  const last = { ...result, atMs }
  return {
    last,
    recent: [...history.recent.slice(1 - RECENT), last],
    ok: history.ok + (result.ok ? 1 : 0),
    failed: history.failed + (result.ok || result.isVoid ? 0 : 1),
    void: history.void + (result.isVoid ? 1 : 0),
    durationSumS: history.durationSumS + seconds,
    buckets: history.buckets.with(bucket, history.buckets[bucket]! + 1),
  }
}
