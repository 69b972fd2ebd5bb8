// Whether held requests of a route may be sent now, why not, and until when probably not. Pure.

/** What counts for a route at this moment. Times are epoch ms. */
export interface RouteNow {
  /** What people had paused before the start is known. */
  readonly isPauseKnown: boolean
  /** Undefined = nobody has paused it. */
  readonly pause: { readonly untilMs: number | undefined } | undefined
  /** The window that answers it; undefined = none does. */
  readonly closed: { readonly window: string; readonly untilMs: number | undefined } | undefined
  readonly pool: string
  /** When its pool got somebody who takes new work; undefined = nobody does. */
  readonly servingSinceMs: number | undefined
  /** So long it has to, ms. */
  readonly afterMs: number
}

export type Gate =
  | { readonly open: true }
  | { readonly open: false; readonly why: string; readonly untilMs: number | undefined }

const OPEN: Gate = { open: true }

/** People come before windows, windows before the pool: the first that speaks against it is named, the last end counts. */
export function gateOf(route: RouteNow, nowMs: number): Gate {
  const { isPauseKnown, pause, closed, pool, servingSinceMs, afterMs } = route
  if (!isPauseKnown)
    return shut('whether it was paused before the start is not known until the store is open', undefined)
  const ends = [pause, closed].filter(each => each !== undefined).map(({ untilMs }) => untilMs)
  if (ends.length > 0) {
    const why = pause === undefined ? `window ${closed!.window}` : 'paused'
    // Where its pool is taken out by the window as well, it has to serve again first.
    return shut(why, ends.includes(undefined) ? undefined : Math.max(...(ends as number[])) + afterMs)
  }
  if (servingSinceMs === undefined) return shut(`nobody of pool ${pool} takes work`, undefined)
  const opensMs = servingSinceMs + afterMs
  if (opensMs <= nowMs) return OPEN
  return shut(`pool ${pool} has to serve for ${Math.round(afterMs / 1000)} s first (forward.after)`, opensMs)
}

function shut(why: string, untilMs: number | undefined): Gate {
  return { open: false, why, untilMs }
}
