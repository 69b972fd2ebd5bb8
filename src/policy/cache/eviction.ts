// Which stored answer goes first where room is needed.

export interface EvictionFacts {
  /** By the clock of the process, seconds: when it was asked for last, and from when on it is of no use to anybody. */
  readonly usedS: number
  readonly worthlessS: number
  readonly hits: number
}

/** What has been asked for again counts as used so much later: a flood of addresses that are asked for once pushes out its own. */
const AGAIN_S = 3600

/** The lowest goes first. @param nowS by the clock of the process */
export function evictionRank({ usedS, worthlessS, hits }: EvictionFacts, nowS: number): number {
  if (worthlessS <= nowS) return Number.NEGATIVE_INFINITY
  return hits === 0 ? usedS : usedS + AGAIN_S
}
