// When a sender who wanted to be called is tried again, and when not any more. Pure.

/** In all: about a day. */
export const MOST_CALLS = 20
const FIRST_MS = 5_000
const LONGEST_MS = 7_200_000

/** `done`: it knows. `gone`: nobody is there to be told (RFC 9110 15.5.11). */
export type CallVerdict = 'done' | 'gone' | 'again'

/** @param status of its answer; undefined = there was none */
export function judgeCall(status: number | undefined): CallVerdict {
  if (status === undefined) return 'again'
  if (status >= 200 && status < 300) return 'done'
  return status === 410 ? 'gone' : 'again'
}

/** How long to wait before the next try, ms; undefined = there is none. @param tries there were, at least one @param chance from 0 to 1 */
export function nextCallMs(tries: number, chance: number): number | undefined {
  if (tries >= MOST_CALLS) return undefined
  const wait = Math.min(LONGEST_MS, FIRST_MS * 2 ** (tries - 1))
  // Those that failed together do not come back together.
  return Math.round(wait * (0.75 + chance / 2))
}
