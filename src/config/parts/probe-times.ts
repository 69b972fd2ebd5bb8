// The times of a probe with their defaults, some of which follow from others. Shared by the cross-checks and compile.

import type { ProbeTiming } from '../../plan/health.ts'
import { DEFAULTS } from '../defaults.ts'
import type { ProbeDocument } from '../schema.ts'
import { parseDuration } from '../units.ts'

/** Asks more often while unsure, less often when down for long. */
const UNSURE_SHARE = 1 / 4
const DOWN_FACTOR = 5

export function probeTimes(health: ProbeDocument): ProbeTiming {
  const { rise, fall, jitter } = DEFAULTS.health
  const intervalMs = parseDuration(health.interval ?? DEFAULTS.health.interval)!
  const timeoutMs =
    health.timeout === undefined
      ? Math.min(parseDuration(DEFAULTS.health.timeout)!, intervalMs)
      : parseDuration(health.timeout)!
  return {
    intervalMs,
    timeoutMs,
    rise: health.rise ?? rise,
    fall: health.fall ?? fall,
    jitter: health.jitter ?? jitter,
    unsureIntervalMs:
      health.unsureInterval === undefined
        ? Math.max(1, Math.round(intervalMs * UNSURE_SHARE))
        : parseDuration(health.unsureInterval)!,
    downIntervalMs: health.downInterval === undefined ? intervalMs * DOWN_FACTOR : parseDuration(health.downInterval)!,
  }
}
