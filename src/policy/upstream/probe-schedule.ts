// When an upstream is probed next: sooner while the verdict is unsure, ever later while it stays down.

import type { ProbeTiming } from '../../plan/health.ts'
import { isUnsure, type ProbeState } from './health.ts'

/** No configuration makes probes come closer together than this. */
export const SHORTEST_PROBE_DELAY_MS = 10

/**
 * An upstream that has been down for longer than this many intervals is probed less often: then the delay is the time
 * it has been down divided by this number, so that a recovery is seen within a tenth of the outage, up to `downIntervalMs`.
 */
const LONG_DOWN_INTERVALS = 10

/**
 * Milliseconds from a probe's end to the start of the next.
 * @param downForMs how long the upstream has been unhealthy; ignored for any other status
 * @param random01 uniform in [0, 1): spreads the probes of many upstreams
 */
export function nextProbeDelayMs(
  state: ProbeState,
  timing: Pick<ProbeTiming, 'intervalMs' | 'unsureIntervalMs' | 'downIntervalMs' | 'jitter'>,
  downForMs: number,
  random01: number,
): number {
  const jittered = baseDelayMs(state, timing, downForMs) * (1 + timing.jitter * (2 * random01 - 1))
  return Math.max(SHORTEST_PROBE_DELAY_MS, Math.round(jittered))
}

function baseDelayMs(
  state: ProbeState,
  { intervalMs, unsureIntervalMs, downIntervalMs }: Omit<Parameters<typeof nextProbeDelayMs>[1], 'jitter'>,
  downForMs: number,
): number {
  if (isUnsure(state)) return Math.min(unsureIntervalMs, intervalMs)
  if (state.status === 'healthy') return intervalMs
  return Math.max(intervalMs, Math.min(downIntervalMs, downForMs / LONG_DOWN_INTERVALS))
}
