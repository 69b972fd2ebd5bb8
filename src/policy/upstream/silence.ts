// What follows for the requests and tunnels of an upstream that has gone silent: its probes find it unhealthy, and not one byte answers
// them. It may be frozen, without power, or cut off; what waits on it would wait for its whole timeout.

import type { OnDownPlan } from '../../plan/pool.ts'

export interface Silence {
  /** Since it was found silent, or has last answered a request all the same, ms. */
  readonly forMs: number
  /** Another upstream of the pool is available. */
  readonly hasWitness: boolean
}

/** What is to end; what may be repeated is sent elsewhere in any case. */
export interface SilenceVerdict {
  readonly move: boolean
  readonly endRequests: boolean
  readonly endSessions: boolean
}

const PATIENCE: SilenceVerdict = { move: false, endRequests: false, endSessions: false }

/**
 * Without another upstream that is available nothing is ended, however long it lasts: where all are silent it is rather vigia itself that
 * is cut off or stood still, what waits may yet be answered, and nobody could serve those clients anyway.
 */
export function judgeSilence({ forMs, hasWitness }: Silence, { requestsMs, sessionsMs }: OnDownPlan): SilenceVerdict {
  if (!hasWitness) return PATIENCE
  return {
    move: true,
    endRequests: requestsMs !== undefined && forMs >= requestsMs,
    endSessions: sessionsMs !== undefined && forMs >= sessionsMs,
  }
}
