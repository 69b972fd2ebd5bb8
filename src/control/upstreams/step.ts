// A step: what something that happened makes of an entry, and what there is to tell of it. Pure, with time as an argument; the
// registry alone puts a step into effect. Other facts are turned into another availability here, for all steps alike.

import { deriveAvailability, type UpstreamState } from '../../policy/upstream/availability.ts'
import type { Entry } from './entry.ts'
import type { Notice, Transition, UpstreamEvent } from './upstream-event.ts'

export interface Step {
  readonly entry: Entry
  /** In the order in which they are told. */
  readonly events: readonly UpstreamEvent[]
}

/** There is nothing to tell. */
export function silently(entry: Entry): Step {
  return { entry, events: [] }
}

/** One step after the other, as one. */
export function andThen({ entry, events }: Step, next: (entry: Entry) => Step): Step {
  const second = next(entry)
  return { entry: second.entry, events: [...events, ...second.events] }
}

/**
 * With another state. Another availability is told as a transition.
 * @param cause why, one line; undefined = the state says it @param by who asked for it; undefined = nobody
 */
export function withState(entry: Entry, state: UpstreamState, nowMs: number, cause?: string, by?: string): Step {
  const verdict = deriveAvailability(state)
  const { availability: from } = entry.verdict
  const { availability: to, reason } = verdict
  const next: Entry = { ...entry, state, verdict, ...(from === to ? {} : since(entry, to, nowMs)) }
  const events: UpstreamEvent[] = []
  const { outlier: before } = entry.state
  if (before.status !== state.outlier.status) events.push({ type: 'outlier', entry: next, before })
  if (from === to) return { entry: next, events }
  // An order to drain says it all; where one was lifted, what the upstream is now has a reason of its own.
  const why = cause === undefined ? reason : state.hold.status === 'enabled' ? `${cause}; ${reason}` : cause
  return { entry: next, events: [...events, transition(next, from, why, nowMs, by)] }
}

export function transition(
  { pool, plan, verdict }: Entry,
  from: Transition['from'],
  cause: string,
  atMs: number,
  by?: string,
): UpstreamEvent {
  const { availability: to } = verdict
  return { type: 'transition', transition: { atMs, pool, upstream: plan.name, from, to, cause, by } }
}

export function notice(level: Notice['level'], { pool, plan }: Entry, text: string): UpstreamEvent {
  return { type: 'notice', notice: { level, pool, upstream: plan.name, text } }
}

/** It has come to an availability just now. */
function since(
  { cold, returnedMs }: Entry,
  to: Transition['to'],
  nowMs: number,
): Pick<Entry, 'sinceMs' | 'cold' | 'returnedMs'> {
  if (to === 'out' || to === 'disabled') return { sinceMs: nowMs, cold: true, returnedMs }
  const isBack = to === 'available' && cold
  return { sinceMs: nowMs, cold: cold && !isBack, returnedMs: isBack ? nowMs : returnedMs }
}
