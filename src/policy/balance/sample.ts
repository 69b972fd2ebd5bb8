// Draws an upstream at random in proportion to the weights. Used by the algorithms that compare two draws.

import type { BalanceView } from './balancer.ts'

/** Among equals an index drawn blindly nearly always is one that may be chosen; after this many misses all are looked at. */
const BLIND_DRAWS = 8

/** An index other than `except`, or -1 where there is none. @param random uniform in [0, 1) */
export function sample(view: BalanceView, except: number, random: () => number): number {
  if (view.uniform) {
    for (let draw = 0; draw < BLIND_DRAWS; draw += 1) {
      const index = Math.floor(random() * view.size)
      if (index !== except && view.weights[index]! > 0) return index
    }
  }
  return sampleByWeight(view, except, random())
}

function sampleByWeight({ size, weights }: BalanceView, except: number, random01: number): number {
  let total = 0
  for (let index = 0; index < size; index += 1) {
    const weight = weights[index]!
    if (weight > 0 && index !== except) total += weight
  }
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
