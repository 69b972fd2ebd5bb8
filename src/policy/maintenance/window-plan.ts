// The words of planned maintenance: what a window is (as configured, structured-cloneable), what one occurrence of it is, and
// the facts that people and probes add to the calendar. No decision is made here.

export interface WindowPlan {
  /** Unique among all windows: overrides and occurrence keys refer to it. */
  readonly name: string
  /** A freeze leaves the traffic alone: it forbids changes of the configuration and drains in its scope. */
  readonly kind: 'maintenance' | 'freeze'
  /** What users and colleagues read; empty = the name is all there is. */
  readonly reason: string
  /** IANA name, e.g. `America/Sao_Paulo`; no bare offset, which knows no clock changes. */
  readonly timeZone: string
  /** Local date and time of the first occurrence, without offset: `2026-12-06T02:00`. */
  readonly start: string
  readonly length: WindowLength
  /** RFC 5545 RRULE without DTSTART (`start` is it); undefined = takes place once. */
  readonly recurrence: string | undefined
  /** Local starts that are left out, in the form of `start`. */
  readonly exceptDates: readonly string[]
  readonly scope: WindowScope
  /** What requests in scope meet: upstreams that are merely out, or a 503 that says why and until when. */
  readonly behaviour: 'drain' | 'answer'
  /** How long before the start what is in scope is drained, ms. */
  readonly leadMs: number
  /** At the end: reopen, or stay closed until somebody confirms. */
  readonly overrun: 'reopen' | 'confirm'
  /** After the end, stay closed until the probes of what is in scope pass. */
  readonly onlyWhenHealthy: boolean
  readonly bypass: WindowBypass
}

export type WindowLength =
  /** Time that passes: four hours are four hours, also in a night with 23 or 25. */
  | { readonly by: 'elapsed'; readonly ms: number }
  /** What the clock on the wall shows: 22:00 to 06:00 ends at 06:00, also in a night with 23 or 25 hours. */
  | { readonly by: 'wall-clock'; readonly end: string }

export type WindowScope =
  | { readonly kind: 'everything' }
  | { readonly kind: 'pool'; readonly pool: string }
  | { readonly kind: 'upstream'; readonly pool: string; readonly upstream: string }
  | { readonly kind: 'route'; readonly route: string }

/** Who passes all the same, to verify a release before it opens. */
export interface WindowBypass {
  /** CIDR ranges or single addresses of clients. */
  readonly addresses: readonly string[]
  readonly header: { readonly name: string; readonly value: string } | undefined
}

/** One time that a window takes place. */
export interface Occurrence {
  /** Window and local start: the same whatever the zone's rules become, so overrides find it again. */
  readonly key: string
  readonly window: string
  /** The local start as the rule gave it, with seconds; on a gap's day the clock on the wall may never show it. */
  readonly localStart: string
  readonly startMs: number
  /** Exclusive. */
  readonly endMs: number
  /** When the lead-in begins; `startMs` where there is none. */
  readonly leadFromMs: number
  /** The local start does not exist on that day; `startMs` is later by the length of the gap. */
  readonly shifted: boolean
}

/** What is known besides the calendar. With the calendar and the time it gives the state, so all of it is stored. */
export interface Overrides {
  /** Occurrence key -> when somebody ended it. Before its start: it is cancelled. */
  readonly endedEarly: ReadonlyMap<string, number>
  /** Keys of occurrences that somebody confirmed to be done; it counts also if given before the end. */
  readonly confirmed: ReadonlySet<string>
  /**
   * Keys of occurrences that are over for good. Whoever applies the state adds a key when an occurrence that ran has
   * become `over`: a probe that fails an hour later must not close what was opened. An operator may add one by force.
   */
  readonly reopened: ReadonlySet<string>
  /** Keys of occurrences that the guard holds back (`mayStart`); kept there until they are over. */
  readonly postponed: ReadonlySet<string>
  /** Names of windows in whose scope a probe fails now. */
  readonly unhealthy: ReadonlySet<string>
  /** Window name -> when vigia first knew it: what had ended before that never needs a confirmation. */
  readonly knownSinceMs: ReadonlyMap<string, number>
}

/** Something about a plan that its author should read. */
export interface WindowProblem {
  readonly field: keyof WindowPlan
  readonly message: string
}

/** The calendar alone decides. */
export const NO_OVERRIDES: Overrides = {
  endedEarly: new Map(),
  confirmed: new Set(),
  reopened: new Set(),
  postponed: new Set(),
  unhealthy: new Set(),
  knownSinceMs: new Map(),
}
