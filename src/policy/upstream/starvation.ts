// Does an upstream serve one connection with each of its workers (gunicorn's and uWSGI's kind, Apache prefork, Starman)? There an
// idle connection is a worker that waits, and a new connection is accepted by the kernel but read by nobody. From outside that looks
// like a slow answer. What tells them apart: it comes as soon as an idle connection is closed, however long nothing had come by then. Where
// new connections are answered one after the other, those behind them wait for their turn, and what is closed meanwhile teaches nothing.

/** What one worker of vigia has seen of an upstream. */
export interface StarvationEvidence {
  /** Most connections, idle ones included, that were open when the upstream answered on a new one. It can hold so many. */
  readonly proven: number
  /** How long nothing comes on new connections before an idle one is closed for them, ms. */
  readonly patienceMs: number
  /** How often in a row the answer came once an idle connection was closed. */
  readonly strikes: number
}

/** What a new connection has waited, and what was open beside it. */
export interface Wait {
  /** For so long it has waited, and no other new connection was answered in any worker. */
  readonly stillMs: number
  /** Connections to the upstream that have carried an answer or begin to, idle ones included, over all workers. */
  readonly held: number
}

const PATIENCE_MS = 50
/** Any slow answer ends up here: what waits for longer does not mind one connection more or less. */
const MOST_PATIENCE_MS = 1000
/** The patience doubles with each, so that no answer that is merely slow fits all of them. */
const STRIKES = 3
const LIMIT_MS = 300_000
const LONGEST_LIMIT_MS = 3_600_000

export const NO_STARVATION: StarvationEvidence = { proven: 0, patienceMs: PATIENCE_MS, strikes: 0 }

/** Whether one idle connection is to be closed for a new one that waits. An upstream that has held more connections is only slow, at first. */
export function makesRoom({ proven }: StarvationEvidence, { stillMs, held }: Wait): boolean {
  return held >= proven || stillMs >= MOST_PATIENCE_MS
}

/** A new connection was answered, and nothing was closed for it. @param held it included */
export function sawServed(evidence: StarvationEvidence, held: number): StarvationEvidence {
  return held <= evidence.proven ? evidence : { ...evidence, proven: held, strikes: 0 }
}

/**
 * A new connection was answered after an idle one was closed for it.
 * @param wait up to that close @param thenMs from there to the answer
 */
export function sawRoomTaken(
  evidence: StarvationEvidence,
  { stillMs, held }: Wait,
  thenMs: number,
): StarvationEvidence {
  const { proven, patienceMs, strikes } = evidence
  // Several that waited together are one sign, and those that were served in turns none.
  if (stillMs < patienceMs) return evidence
  const longer = Math.min(patienceMs * 2, MOST_PATIENCE_MS)
  if (thenMs >= stillMs) return { proven, patienceMs: longer, strikes: 0 }
  return { proven: Math.min(proven, held), patienceMs: longer, strikes: strikes + 1 }
}

export function isStarved({ strikes }: StarvationEvidence): boolean {
  return strikes >= STRIKES
}

/** For how long no idle connection is kept, ms. @param times it has been found starved, this one included */
export function idleLimitMs(times: number): number {
  return Math.min(LIMIT_MS * 2 ** (times - 1), LONGEST_LIMIT_MS)
}
