// How much of its weight an upstream gets after it has come back: little at first (cold caches, empty connection pools,
// workers that still load), all of it at the end of the ramp. Decides the factor only; who has come back is not its business.

/** Less would leave a small pool's upstream without any request to warm up with. */
const LEAST = 0.1
/** Each step is a change of the shared table, after which every worker rebuilds its lists: so there are few. */
const STEPS = 20

/**
 * Factor of the weight (and of the limit of connections), 0.1 to 1, in steps of 0.05, never falling with time.
 * @param returnedMs when the upstream became available again after it had been out; undefined = it never was: at the
 *   start of vigia, or of the upstream's configuration, all begin alike and nobody else could carry the load
 * @param rampMs length of the ramp; 0 = none
 */
export function slowStartFactor(nowMs: number, returnedMs: number | undefined, rampMs: number): number {
  if (returnedMs === undefined || rampMs <= 0) return 1
  const passed = (nowMs - returnedMs) / rampMs
  // A clock that was set back must not stretch the ramp.
  if (passed >= 1 || passed < 0) return 1
  return Math.max(LEAST, Math.floor(passed * STEPS) / STEPS)
}

/** Most requests in flight on an upstream that has this share of its weight; 0 = no limit. */
export function slowStartLimit(maxConnections: number | undefined, factor: number): number {
  return maxConnections === undefined ? 0 : Math.max(1, Math.round(maxConnections * factor))
}
