// Has the wall clock been set? Every clock of a machine runs on by itself; where the one on the wall has gone another way than the
// monotonic one, somebody (a person, NTP, a hypervisor) has set it, or the machine was suspended.

export interface ClockReading {
  /** Epoch ms. */
  readonly wallMs: number
  /** ms of a clock that nobody can set. */
  readonly monotonicMs: number
}

/** Less is no news, ms: NTP slews a clock by less than a millisecond a second, and facts of windows don't hang on it. */
export const LEAST_STEP_MS = 1000

/** By how much the wall clock was set between two readings, ms; negative = back, 0 = it was not. */
export function clockStepMs(former: ClockReading, now: ClockReading): number {
  const stepMs = Math.round(now.wallMs - former.wallMs - (now.monotonicMs - former.monotonicMs))
  return Math.abs(stepMs) < LEAST_STEP_MS ? 0 : stepMs
}
