// How often a client may ask: a token bucket in its shortest form, GCRA. All that is remembered of a client is one time, its
// theoretical arrival time: when its bucket will be full again. Whose time it is and where it is kept is not decided here.

import type { RateLimitPlan } from '../../plan/route.ts'

/** A client that asks exactly at its rate must not be refused for what an addition of floats loses: this share of an interval. */
const SLACK = 0.001

/**
 * How long a client has to wait until it may ask, ms; 0 = it may now. Never longer than an empty bucket takes to fill, so that a
 * time that was kept under another limit (before a reload) does no harm.
 * @param arrivalMs its theoretical arrival time; any time in the past for a client that is not known
 */
export function rateWaitMs(arrivalMs: number, nowMs: number, { perSecond, burst }: RateLimitPlan): number {
  const intervalMs = 1000 / perSecond
  const owedMs = Math.min(arrivalMs - nowMs, burst * intervalMs)
  const waitMs = owedMs - (burst - 1) * intervalMs
  return waitMs <= SLACK * intervalMs ? 0 : waitMs
}

/** The theoretical arrival time of a client that asked, and was let, at `nowMs`. */
export function nextArrivalMs(arrivalMs: number, nowMs: number, { perSecond, burst }: RateLimitPlan): number {
  const intervalMs = 1000 / perSecond
  return Math.max(nowMs, Math.min(arrivalMs, nowMs + burst * intervalMs)) + intervalMs
}

/** Retry-After in whole seconds: never less than the wait, and at least 1. */
export function retryAfterS(waitMs: number): number {
  return Math.max(1, Math.ceil(waitMs / 1000))
}
