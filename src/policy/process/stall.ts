// Does a thread stand still? Its event loop comes round many times a second and leaves the time each time; who looks at that must have
// been awake itself, or a suspended machine would have every thread accuse the others.

/** How long a thread may stay away before it counts as stalled, ms: no request of an ERP is to wait longer for vigia itself. */
export const STALLED_MS = 1000

/** For how long a thread has stood still, ms; 0 = it does not. @param beatMs when it last came round @param awakeMs since when who judges is awake */
export function stalledForMs(beatMs: number, awakeMs: number, nowMs: number): number {
  const silentMs = nowMs - Math.max(beatMs, awakeMs)
  return silentMs > STALLED_MS ? silentMs : 0
}

/** Since when who judges is awake, ms. @param lookedMs when it last looked */
export function awakeSinceMs(awakeMs: number, lookedMs: number, nowMs: number): number {
  return nowMs - lookedMs > STALLED_MS ? nowMs : awakeMs
}
