// The words of planned maintenance beside the plan itself: what one occurrence of a window is, and the facts that people and probes add
// to the calendar. No decision is made here.

import type { WindowPlan } from '../../plan/window.ts'

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
