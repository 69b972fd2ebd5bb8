// What an answer of the hosts file or of DNS makes of what is known of a name: which addresses count, and when it is asked for again.

/** What came of asking for a name. */
export type NameAnswer =
  | {
      readonly kind: 'found'
      /** At least one. */
      readonly addresses: readonly string[]
      /** How long it counts, ms; Infinity = until a file changes. */
      readonly ttlMs: number
      /** Of this family no answer came; undefined = of both there is one. */
      readonly unanswered?: 'IPv4' | 'IPv6' | undefined
    }
  /** There is no such name, or it has no address. */
  | { readonly kind: 'not-found'; readonly why: string }
  /** DNS can't be asked, or answers with a failure. */
  | { readonly kind: 'away'; readonly why: string }

export interface NameState {
  /** In use; the same list for as long as the same addresses count. */
  readonly addresses: readonly string[]
  /** Why the newest answer brought no address; undefined = it did, or none has come yet. */
  readonly problem: NameProblem | undefined
  /** Answers without an address in a row. */
  readonly failures: number
}

export interface NameProblem {
  readonly kind: 'not-found' | 'away'
  /** One line. */
  readonly why: string
  /** Epoch ms. */
  readonly sinceMs: number
}

export interface TtlBounds {
  readonly minTtlMs: number
  readonly maxTtlMs: number
}

export const NEW_NAME: NameState = { addresses: [], problem: undefined, failures: 0 }

/** Most addresses of one name that are used. */
export const MOST_ADDRESSES = 16

/** Addresses of a name that is said not to exist any more stay in use for this long: HAProxy's `hold nx`. */
const HOLD_MS = 30_000
const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 10_000
/** Names that were asked for together are not always asked for together. */
const SPREAD = 0.1

export function afterAnswer(state: NameState, answer: NameAnswer, nowMs: number): NameState {
  if (answer.kind === 'found') {
    const addresses = sameOr(state.addresses, [...answer.addresses, ...stillCounting(state, answer.unanswered)])
    return { addresses, problem: undefined, failures: 0 }
  }
  const { kind, why } = answer
  const { problem: before } = state
  const sinceMs = before?.kind === kind ? before.sinceMs : nowMs
  const isOver = kind === 'not-found' && nowMs - sinceMs >= HOLD_MS
  return {
    addresses: isOver ? [] : state.addresses,
    problem: { kind, why, sinceMs },
    failures: state.failures + 1,
  }
}

/** The wall clock was set by so many ms: what fails has failed for as long as before. */
export function withClockMoved(state: NameState, byMs: number): NameState {
  const { problem } = state
  return problem === undefined ? state : { ...state, problem: { ...problem, sinceMs: problem.sinceMs + byMs } }
}

/**
 * Until the name is asked for again, ms; Infinity = not before a file changes.
 * @param random01 uniform in [0, 1)
 */
export function nextLookupMs(
  { failures }: NameState,
  answer: NameAnswer,
  { minTtlMs, maxTtlMs }: TtlBounds,
  random01: number,
): number {
  if (answer.kind === 'found' && answer.ttlMs === Number.POSITIVE_INFINITY) return answer.ttlMs
  const baseMs =
    answer.kind === 'found'
      ? Math.min(Math.max(answer.ttlMs, minTtlMs), maxTtlMs)
      : Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 10))
  return Math.round(baseMs * (1 + SPREAD * random01))
}

function stillCounting({ addresses }: NameState, family: 'IPv4' | 'IPv6' | undefined): readonly string[] {
  return family === undefined ? [] : addresses.filter(each => each.includes(':') === (family === 'IPv6'))
}

/** The order of a list says nothing: servers turn it round from answer to answer. */
function sameOr(before: readonly string[], addresses: readonly string[]): readonly string[] {
  const now = [...new Set(addresses)].slice(0, MOST_ADDRESSES)
  return now.length === before.length && now.every(each => before.includes(each)) ? before : now
}
