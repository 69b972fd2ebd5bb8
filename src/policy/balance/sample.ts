// Draws an upstream at random in proportion to the weights. Used by the algorithms that compare two draws.

import type { BalanceView } from './balancer.ts'

/** Sum of the weights, of those that are > 0. */
export function totalWeight({ size, weights }: BalanceView): number {
  let total = 0
  for (let index = 0; index < size; index += 1) {
    const weight = weights[index]!
    if (weight > 0) total += weight
  }
  return total
}

/**
 * An index other than `except`, or -1 where there is none.
 * @param total sum of the weights, that of `except` left out
 * @param random01 uniform in [0, 1)
 */
export function sample({ size, weights }: BalanceView, total: number, except: number, random01: number): number {
  let left = random01 * total
  let drawn = -1
  for (let index = 0; index < size; index += 1) {
    const weight = weights[index]!
    if (weight <= 0 || index === except) continue
    // Rounding may leave a little over after the last one, which then is the one drawn.
    drawn = index
    left -= weight
    if (left < 0) break
  }
  return drawn
}
