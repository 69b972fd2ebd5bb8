// What an operator's weight makes of an upstream's configured one. Decides the number only; trial, slow start and the node's own
// wish still lower what comes out.

/** As a number of its own, or in percent of what the configuration says, also after that has changed. */
export type WeightWish = { readonly weight: number } | { readonly percent: number }

export interface WeightOverride {
  readonly wish: WeightWish
  /** One line. */
  readonly reason: string
  /** Name of who asked. */
  readonly by: string
  /** Epoch ms. */
  readonly sinceMs: number
}

/** @param configured 0 to 1000 */
export function baseWeight(configured: number, override: WeightOverride | undefined): number {
  if (override === undefined) return configured
  const { wish } = override
  return 'weight' in wish ? wish.weight : (configured * wish.percent) / 100
}

/** `40`; `25% of its weight`. */
export function weightWords(wish: WeightWish): string {
  return 'weight' in wish ? String(wish.weight) : `${wish.percent}% of its weight`
}
