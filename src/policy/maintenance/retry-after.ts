// When a client that met a window should come back. Needs neither calendar nor clock, so that a worker can ask for each answer.

/**
 * Whole seconds to the end, rounded up, at least 1, and later by up to a tenth: not all who were turned away come back
 * in the same second. Without a known end, or past it, two minutes. `random` is in [0, 1).
 */
export function retryAfterS(untilMs: number | undefined, nowMs: number, random: number): number {
  const leftMs = untilMs === undefined || untilMs <= nowMs ? UNKNOWN_MS : untilMs - nowMs
  const seconds = Math.ceil(leftMs / 1000)
  // + 1 because `random` never is 1: the tenth itself is among the answers.
  return seconds + Math.floor(random * (Math.floor(seconds / 10) + 1))
}

const UNKNOWN_MS = 120_000
