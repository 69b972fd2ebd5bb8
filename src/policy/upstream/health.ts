// Whether the probes of an upstream say that it is healthy. Only results in a row count.

export interface ProbeState {
  readonly status: 'unknown' | 'healthy' | 'unhealthy'
  /** Successes in a row (> 0) or failures in a row (< 0) up to the latest result; 0 = no result yet. */
  readonly streak: number
}

export interface Thresholds {
  /** Successes in a row that make an unhealthy upstream healthy. */
  readonly rise: number
  /** Failures in a row that make a healthy upstream unhealthy. */
  readonly fall: number
}

/** Before the first result. */
export const NO_VERDICT: ProbeState = { status: 'unknown', streak: 0 }

/**
 * Counts successes up and failures down; flips after `rise` or `fall` in a row.
 * Out of `unknown` the first result decides alone: requests wait for that verdict when vigia starts or an upstream is
 * added, and `rise` and `fall` exist to keep one odd result from overturning a verdict, of which there is none yet.
 */
export function observe(state: ProbeState, ok: boolean, { rise, fall }: Thresholds): ProbeState {
  if (state.status === 'unknown') return ok ? { status: 'healthy', streak: 1 } : { status: 'unhealthy', streak: -1 }
  const streak = ok ? Math.max(state.streak, 0) + 1 : Math.min(state.streak, 0) - 1
  if (streak >= rise) return { status: 'healthy', streak }
  if (streak <= -fall) return { status: 'unhealthy', streak }
  return { status: state.status, streak }
}

/** The latest results speak against the status, but have not overturned it yet. */
export function isUnsure({ status, streak }: ProbeState): boolean {
  switch (status) {
    case 'unknown':
      return true
    case 'healthy':
      return streak < 0
    case 'unhealthy':
      return streak > 0
  }
}
