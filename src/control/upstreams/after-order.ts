// What orders make of an entry: holds of operators, windows and the node itself, the deadline of a drain, an operator's weight.
// Each order is told once, as a transition, whether or not it changes what the upstream does. Probes and traffic have no say here.

import {
  atDeadline,
  type HoldOrder,
  type HoldSource,
  type Holds,
  holdFact,
  strictest,
  withHold,
  withoutHold,
} from '../../policy/upstream/holds.ts'
import { type OperatorWeight, weightWords } from '../../policy/upstream/weight-override.ts'
import { iso } from '../../util/words.ts'
import type { Entry } from './entry.ts'
import type { Overrides } from './pending-overrides.ts'
import { type Step, silently, transition, withState } from './step.ts'

export function afterHold(entry: Entry, order: HoldOrder, nowMs: number): Step {
  const { status, by, reason, deadlineMs } = order
  const until = deadlineMs === undefined ? '' : `, until ${iso(deadlineMs)}`
  const step = withHolds(entry, withHold(entry.holds, order, nowMs), nowMs, `${status} by ${by}: ${reason}${until}`, by)
  return order.source === 'operator' ? step : byItself(entry, step)
}

/** @param cause who lifts the hold and why, one line */
export function afterRelease(entry: Entry, source: HoldSource, nowMs: number, cause: string, by?: string): Step {
  const step = withHolds(entry, withoutHold(entry.holds, source), nowMs, cause, by)
  return source === 'operator' ? step : byItself(entry, step)
}

/** Time has passed. */
export function afterDeadline(entry: Entry, nowMs: number): Step {
  const holds = atDeadline(entry.holds, nowMs)
  const hold = strictest(holds)
  if (holds === entry.holds || hold === undefined) return silently(entry)
  const cause = `disabled by ${hold.by}: ${hold.reason}; the deadline of the drain has come`
  return byItself(entry, withHolds(entry, holds, nowMs, cause, hold.by))
}

/** @param value undefined = as configured again */
export function afterWeight(
  entry: Entry,
  value: OperatorWeight | undefined,
  { reason, by }: { readonly reason: string; readonly by: string },
  nowMs: number,
): Step {
  if (value === undefined && entry.weightOverride === undefined) return silently(entry)
  const weightOverride = value && { value, reason, by, sinceMs: nowMs }
  const what = value === undefined ? 'weight as configured again' : `weight ${weightWords(value)}`
  const cause = `${what}, by ${by}: ${reason}`
  return {
    entry: { ...entry, weightOverride },
    events: [transition(entry, entry.verdict.availability, cause, nowMs, by)],
  }
}

/** Orders from before a restart. What has been ordered since goes before them. */
export function afterRestore(entry: Entry, { hold, weight }: Overrides, nowMs: number): Step {
  const weighted = { ...entry, weightOverride: entry.weightOverride ?? weight }
  if (hold === undefined || entry.holds.some(({ source }) => source === hold.source)) return silently(weighted)
  const { status, by, reason, sinceMs } = hold
  const cause = `${status} by ${by}: ${reason}; ordered at ${iso(sinceMs)}, before vigia was started`
  return withHolds(weighted, [...entry.holds, hold], nowMs, cause, by)
}

function withHolds(entry: Entry, holds: Holds, nowMs: number, cause: string, by: string | undefined): Step {
  const { holds: before, verdict } = entry
  if (holds === before) return silently(entry)
  const step = withState({ ...entry, holds }, { ...entry.state, hold: holdFact(holds) }, nowMs, cause, by)
  const { availability, reason } = step.entry.verdict
  const events = [...step.events]
  if (availability === verdict.availability)
    events.push(transition(step.entry, availability, `${cause} (${availability} anyway: ${reason})`, nowMs, by))
  if (strictest(before)?.status !== 'disabled' && strictest(holds)?.status === 'disabled')
    events.push({ type: 'disabled', slot: entry.slot })
  return { entry: step.entry, events }
}

/** A hold that nobody has just ordered is news of its own; an order is told, and written down, as an order. */
function byItself({ holds: before }: Entry, { entry, events }: Step): Step {
  return entry.holds === before ? { entry, events } : { entry, events: [{ type: 'holds', entry, before }, ...events] }
}
