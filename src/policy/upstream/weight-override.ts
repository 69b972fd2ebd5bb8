// What an operator's weight makes of an upstream's configured one. Decides the number only: trial, slow start and what the node
// itself asks for still lower what comes out.

/** As a number of its own, or in percent of what the configuration says, also after that has changed. */
export type OperatorWeight = { readonly weight: number } | { readonly percent: number }

export interface WeightOverride {
  readonly value: OperatorWeight
  /** One line. */
  readonly reason: string
  /** Name of who asked. */
  readonly by: string
  /** Epoch ms. */
  readonly sinceMs: number
}

/** @param configured 0 to 1000 */
export function baseWeight(configured: number, override: Pick<WeightOverride, 'value'> | undefined): number {
  if (override === undefined) return configured
  const { value } = override
  return 'weight' in value ? value.weight : (configured * value.percent) / 100
}

/** `40`; `25% of its weight`. */
export function weightWords(value: OperatorWeight): string {
  return 'weight' in value ? String(value.weight) : `${value.percent}% of its weight`
}
