// Pseudo-random decisions that a seed repeats. For soaks and chaos runs; never for anything secret.

/** Uniform in [0, 1). */
export type Random = () => number

/** mulberry32. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A sequence of its own for each purpose, so that one more decision here does not change all others. */
export function branch(seed: number, purpose: string): Random {
  let hash = seed >>> 0
  for (const letter of purpose) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193) >>> 0
  return randomOf(hash)
}

export function pick<T>(list: readonly T[], random: Random): T {
  return list[Math.floor(random() * list.length)]!
}

/** One of the keys, each as often as its weight says. */
export function pickWeighted<K extends string>(weights: Readonly<Record<K, number>>, random: Random): K {
  const entries = Object.entries(weights) as [K, number][]
  let left = random() * entries.reduce((sum, [, weight]) => sum + weight, 0)
  for (const [key, weight] of entries) {
    left -= weight
    if (left < 0) return key
  }
  return entries.at(-1)![0]
}

/** A whole number from `low` to `high`, both included. */
export function whole(low: number, high: number, random: Random): number {
  return low + Math.floor(random() * (high - low + 1))
}
