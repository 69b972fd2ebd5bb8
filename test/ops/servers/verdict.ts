// What the trials of one server say: what only clients of the proxy saw, and what became of the orders.

import type { Case } from './cases.ts'
import type { Outcomes, Seen } from './trials.ts'

const NONE = /no answer/
/** What a client of a proxy gets where a direct one gets nothing. */
const IN_ITS_PLACE = /^50[24] |no answer/

/**
 * What clients of the proxy saw and direct ones did not, as `case: outcome xN`. Where the server itself sometimes answers
 * nothing, the proxy has to say something in its place.
 */
export function onlyThrough(through: Outcomes, direct: Outcomes): string[] {
  const found: string[] = []
  for (const [name, seen] of through) {
    const known = [...(direct.get(name)?.keys() ?? [])]
    const silent = known.filter(each => NONE.test(each)).length
    for (const [outcome, count] of seen) {
      if (known.includes(outcome) && !NONE.test(outcome)) continue
      if (silent === known.length || (silent > 0 && IN_ITS_PLACE.test(outcome))) continue
      found.push(`${name}: ${outcome} x${count}`)
    }
  }
  return found
}

/** Of the cases whose outcome is known: what clients got in place of it, but for what the server's own trouble leaves to say. */
export function wrongOf(through: Outcomes, cases: readonly Case[]): string[] {
  return cases.flatMap(({ name, right, isStrict }) => {
    const seen = !isStrict ? [] : [...(through.get(name) ?? [])]
    const wrong = seen.filter(([outcome]) => !outcome.startsWith(right!) && !IN_ITS_PLACE.test(outcome))
    return wrong.map(([outcome, count]) => `${name}: ${outcome} x${count}, not ${right}`)
  })
}

export interface Orders {
  readonly acknowledged: number
  /** Acknowledged, and not carried out. */
  readonly lost: number
  /** Carried out more than once. */
  readonly doubled: number
}

/** @param carriedOut ids of all journals */
export function ordersOf(seen: readonly Seen[], carriedOut: readonly string[]): Orders {
  const acknowledged = seen.flatMap(each => each.acknowledged)
  const once = new Set(carriedOut)
  return {
    acknowledged: acknowledged.length,
    lost: acknowledged.filter(id => !once.has(id)).length,
    doubled: carriedOut.length - once.size,
  }
}

/** How often an outcome that matches was seen. */
export function countOf(outcomes: Outcomes, which: RegExp): number {
  let count = 0
  for (const seen of outcomes.values()) for (const [outcome, times] of seen) if (which.test(outcome)) count += times
  return count
}

export function total(outcomes: Outcomes): number {
  return countOf(outcomes, /(?:)/)
}
