// When a sender should ask what became of a request that is held.

import type { HoldPlan } from '../../plan/hold.ts'

/** Nobody knows how long an outage takes. */
const UNKNOWN_S = 60
/** One that waits for a week need not be asked after for that long. */
const MOST_S = 86_400

/**
 * Whole seconds, at least 1.
 * @param untilMs end of the window, epoch ms; undefined = nobody knows
 * @param receipt how many of its key go before it, and when it is likely to be carried out, epoch ms; undefined = nobody knows
 */
export function comeBackS(
  { forward }: Pick<HoldPlan, 'forward'>,
  untilMs: number | undefined,
  { ahead, expectedMs }: { readonly ahead: number; readonly expectedMs: number | undefined },
  nowMs: number,
): number {
  if (expectedMs !== undefined) return bounded((expectedMs - nowMs) / 1000)
  const waitS = untilMs === undefined || untilMs <= nowMs ? UNKNOWN_S : (untilMs - nowMs) / 1000
  const seconds = waitS + forward.afterMs / 1000 + (ahead + 1) / forward.perSecond
  return bounded(seconds)
}

function bounded(seconds: number): number {
  return Math.min(MOST_S, Math.max(1, Math.ceil(seconds)))
}
