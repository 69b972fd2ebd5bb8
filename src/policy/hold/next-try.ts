// When a held request that was not carried out is tried again: after twice as long each time, spread so that those that failed together do
// not come back together.

import type { ForwardPlan } from '../../plan/hold.ts'

/** @param failures in a row, this one included @param chance from 0 up to 1 @returns ms, from half of the time to all of it */
export function nextTryMs({ firstMs, mostMs }: ForwardPlan['retry'], failures: number, chance: number): number {
  const wholeMs = Math.min(mostMs, firstMs * 2 ** Math.max(0, failures - 1))
  return wholeMs * (0.5 + chance / 2)
}
