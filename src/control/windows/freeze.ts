// What a change freeze forbids, in words, and what is told where somebody overrides it with a reason. When a freeze is in force is
// policy; what it is asked about is decided by who asks. Pure.

import type { FreezeInForce } from '../../policy/maintenance/effects.ts'
import { type Refusal, refuse } from '../../util/refusal.ts'
import type { WindowEvent } from './window-event.ts'
import { whenWords } from './window-words.ts'

/** Who does in a freeze what it forbids, and why. */
export interface FreezeOverride {
  readonly by: string
  readonly reason: string
  /** Undefined = `api`. */
  readonly source?: 'api' | 'cli' | undefined
}

/** @param pool undefined = the configuration is to be changed */
export function freezeRefusal({ window, reason, untilMs, timeZone }: FreezeInForce, pool: string | undefined): Refusal {
  const until = untilMs === undefined ? '' : ` until ${whenWords(untilMs, timeZone)}`
  const what = pool === undefined ? 'the configuration' : `pool ${pool}`
  const why = reason === window ? '' : ` (${reason})`
  const message = `change freeze ${window}${why} protects ${what}${until}`
  return refuse('conflict', message, 'if it has to be, ask with override and a reason')
}

/** @param what is done all the same, in words */
export function freezeOverridden(
  { window, occurrenceKey: occurrence }: FreezeInForce,
  { by, reason, source }: FreezeOverride,
  what: string,
  atMs: number,
): WindowEvent {
  const cause = `overridden by ${by}: ${what}: ${reason}`
  return { type: 'window', atMs, window, kind: 'overridden', occurrence, by, reason, cause, source }
}
