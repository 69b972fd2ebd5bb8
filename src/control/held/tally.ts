// What became of a route's held requests, as numbers that can be taken from each other. Pure.

import type { HeldTally } from './pause-event.ts'

const NOTHING: HeldTally = { held: 0, repeats: 0, refused: 0, forwarded: 0, dead: 0, inDoubt: 0, dropped: 0 }
const KEYS = Object.keys(NOTHING) as (keyof HeldTally)[]

/** Only what is counted. */
export function tallyOf(totals: HeldTally | undefined): HeldTally | undefined {
  return totals && tallySince(undefined, totals)
}

/** @param before undefined = nothing was counted yet */
export function tallySince(before: HeldTally | undefined, now: HeldTally): HeldTally {
  const tally = { ...NOTHING } as Record<keyof HeldTally, number>
  for (const key of KEYS) tally[key] = now[key] - (before ?? NOTHING)[key]
  return tally
}

/** `12 held, 3 refused`; what is 0 is left out. */
export function tallyWords(tally: HeldTally): string {
  const parts = WORDS.flatMap(([key, word]) => (tally[key] === 0 ? [] : [`${tally[key]} ${word}`]))
  return parts.join(', ') || 'nothing was held'
}

const WORDS: readonly (readonly [keyof HeldTally, string])[] = [
  ['held', 'held'],
  ['repeats', 'repeats of these'],
  ['refused', 'not held'],
  ['forwarded', 'forwarded'],
  ['dead', 'dead'],
  ['inDoubt', 'in doubt'],
  ['dropped', 'dropped'],
]
