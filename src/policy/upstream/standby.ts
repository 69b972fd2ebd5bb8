// When a later priority of a pool begins to carry load, and when that is over: from what its levels can carry, and from the requests
// that were counted there. A request may get there without a share of the load, where all others have failed it or are full.

export interface StandbyState {
  /** Epoch ms; undefined = it carries no load. */
  readonly sinceMs: number | undefined
  /** When something last went there, or was meant to. */
  readonly lastMs: number
  /** Requests that were sent there since `sinceMs`. */
  readonly requests: number
}

export interface StandbyNow {
  /** It has a share of the load, and everything before it has a verdict: a start must not look like an outage. */
  readonly hasShare: boolean
  /** Sent there since the last look. */
  readonly requests: number
  readonly nowMs: number
}

export const IDLE: StandbyState = { sinceMs: undefined, lastMs: 0, requests: 0 }

/** Without a request for so long, load that has no share any more is over. */
export const QUIET_MS = 10_000

export function nextStandby(state: StandbyState, { hasShare, requests, nowMs }: StandbyNow): StandbyState {
  const isUsed = hasShare || requests > 0
  if (state.sinceMs === undefined) return isUsed ? { sinceMs: nowMs, lastMs: nowMs, requests } : state
  if (isUsed) return { ...state, lastMs: nowMs, requests: state.requests + requests }
  return nowMs - state.lastMs >= QUIET_MS ? IDLE : state
}
