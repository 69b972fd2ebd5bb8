// Passive health: which upstreams of a pool are ejected for what requests met on them, for how long, and how they come back.
// A pure state machine over rare failure events and totals read about once a second. It judges transport failures; what
// the totals say of an upstream is judged in outlier-verdicts.ts. It neither probes nor routes.
//
// Ejection follows Envoy: base x number of ejections, a cap on the ejected share. Where it departs:
// - The last upstream that could serve is never ejected, whatever it does, and where the others have gone since, ejected ones
//   come back: an ejection may cost capacity, but never turns a request that might succeed into a certain 503. An upstream
//   that is truly dead is taken out by its probes, which also bring it back within one interval.
// - One client's requests never eject: failure-row.ts.
// - A return is a trial: a share of the weight until some requests went well; one failure and it is out again, for longer, but for one
//   that a client's own requests may have provoked: it takes a second client's.
// - Not any good probe ends an ejection (an upstream that passes probes but fails requests is just what this is for), but
//   a recovery does: probes that found it unhealthy and then healthy again say that it is another process by now.

import type { OutlierPlan } from '../../plan/pool.ts'
import type { OutlierFact } from './availability.ts'
import { addFailure, type FailureRow, isNotOneClients, NO_FAILURES, type TransportFailure } from './failure-row.ts'
import { gatewayStreak, judgeTrial, judgeWindow, since, type UpstreamTotals } from './outlier-verdicts.ts'

export interface OutlierState {
  readonly status: 'admitted' | 'ejected' | 'probation'
  /** When it came to this status, ms. */
  readonly sinceMs: number
  /** End of the ejection, ms; 0 unless ejected. */
  readonly untilMs: number
  /** Of the latest ejection, one line; empty = there was none. */
  readonly reason: string
  /** Ejections that lengthen the next one, as of `sinceMs`. */
  readonly ejections: number
  /** Transport failures in a row; on probation: since it began. */
  readonly failures: FailureRow
  /** Answers that had come by the time of the latest of them. */
  readonly responsesAtFailure: number
  /** Gateway errors in a row, up to `seen`. */
  readonly gatewayErrors: number
  /** Totals at the latest tick. */
  readonly seen: UpstreamTotals
  /** Beginning of the window that is judged, or of the trial. */
  readonly windowStartMs: number
  readonly windowStart: UpstreamTotals
}

/** One upstream of the pool. */
export interface OutlierMember {
  readonly state: OutlierState
  /** It could get new work if it were not ejected: enabled, its probes say healthy, weight > 0. */
  readonly usable: boolean
}

/** @param totals of now: what came before is not judged */
export function newOutlierState(totals: UpstreamTotals, nowMs: number): OutlierState {
  return {
    status: 'admitted',
    sinceMs: nowMs,
    untilMs: 0,
    reason: '',
    ejections: 0,
    failures: NO_FAILURES,
    responsesAtFailure: totals.responses,
    gatewayErrors: 0,
    seen: totals,
    windowStartMs: nowMs,
    windowStart: totals,
  }
}

/**
 * An attempt on upstream `index` failed below HTTP (one that met a merely stale connection is none). Returns its new state.
 * @param totals of that upstream, read now: an answer since the last failure ends the row
 */
export function afterFailure(
  members: readonly OutlierMember[],
  index: number,
  totals: UpstreamTotals,
  failure: TransportFailure,
  nowMs: number,
  plan: OutlierPlan,
): OutlierState {
  const { state, usable } = members[index]!
  const limit = plan.consecutiveFailures
  if (state.status === 'ejected' || limit === 0) return state
  const onTrial = state.status === 'probation'
  const goesOn = onTrial || totals.responses === state.responsesAtFailure
  const failures = addFailure(goesOn ? state.failures : NO_FAILURES, failure, Math.max(limit, 2))
  const counted: OutlierState = { ...state, failures, responsesAtFailure: totals.responses }
  const enough = failures.count >= limit || (onTrial && isNotOneClients(failures))
  if (enough && usable && mayEject(members, index, plan)) {
    const what = onTrial ? 'failed on probation' : `${failures.count} transport failures in a row`
    return eject(counted, `${what}: ${failure.error}`, totals, nowMs, plan)
  }
  return onTrial ? { ...restartWindow(counted, totals, nowMs), failures } : counted
}

/**
 * Time has passed: call it about once a second, and when an upstream has become unusable. Returns the new states.
 * @param totals of each upstream, read now
 */
export function afterTick(
  members: readonly OutlierMember[],
  totals: readonly UpstreamTotals[],
  nowMs: number,
  plan: OutlierPlan,
): OutlierState[] {
  // One after the other, so that two that would go at once don't exceed the cap together.
  const current = members.map(member => ({ ...member }))
  for (const [index, member] of current.entries()) {
    member.state = { ...next(current, index, totals, nowMs, plan), seen: totals[index]! }
  }
  if (current.some(({ usable, state }) => usable && state.status !== 'ejected'))
    return current.map(({ state }) => state)
  return current.map(({ usable, state }, index) => (usable ? endEjection(state, totals[index]!, nowMs) : state))
}

/** The probes found the upstream healthy after they had found it unhealthy. */
export function afterRecovery(state: OutlierState, totals: UpstreamTotals, nowMs: number): OutlierState {
  return endEjection(state, totals, nowMs)
}

/** Factor of the weight: a trickle on probation. */
export function probationFactor({ status }: OutlierState, plan: OutlierPlan): number {
  return status === 'probation' ? plan.probation.share : 1
}

/** The state as one of the facts that availability is derived from. */
export function outlierFact({ status, untilMs, reason }: OutlierState): OutlierFact {
  return status === 'ejected' ? { status, untilMs, reason } : { status }
}

function next(
  members: readonly OutlierMember[],
  index: number,
  totals: readonly UpstreamTotals[],
  nowMs: number,
  plan: OutlierPlan,
): OutlierState {
  const { state, usable } = members[index]!
  const own = totals[index]!
  if (state.status === 'ejected') {
    // Also where the clock was set back: the rest can't be known, and must not last until the clock has caught up.
    const over = nowMs >= state.untilMs || nowMs < state.sinceMs
    return over ? endEjection(state, own, nowMs) : state
  }
  const counted: OutlierState = { ...state, gatewayErrors: gatewayStreak(state, own) }
  const onTrial = state.status === 'probation'
  const verdict = onTrial
    ? judgeTrial(members, index, totals, plan)
    : (tooManyGatewayErrors(counted, plan) ?? judgeWindow(members, index, totals, plan))
  if (verdict !== undefined && usable && mayEject(members, index, plan)) {
    return eject(counted, onTrial ? `failed on probation: ${verdict}` : verdict, own, nowMs, plan)
  }
  const served = since(state.windowStart, own).responses
  if (onTrial && served >= plan.probation.successes) {
    // One that failed its trial but can't be spared is tried further.
    return restartWindow(verdict === undefined ? admit(counted, nowMs) : counted, own, nowMs)
  }
  const age = nowMs - state.windowStartMs
  return !onTrial && (age >= plan.windowMs || age < 0) ? restartWindow(counted, own, nowMs) : counted
}

function tooManyGatewayErrors({ gatewayErrors }: OutlierState, plan: OutlierPlan): string | undefined {
  const limit = plan.consecutiveGatewayErrors
  return limit > 0 && gatewayErrors >= limit ? `${gatewayErrors} gateway errors in a row` : undefined
}

/** Whether the pool can do without this one: never its last, and no more than the cap, though one always may go. */
function mayEject(members: readonly OutlierMember[], index: number, { maxEjected }: OutlierPlan): boolean {
  const others = members.filter((_, i) => i !== index)
  const ejected = others.filter(({ state }) => state.status === 'ejected').length
  const cap = Math.max(1, Math.floor(maxEjected * members.length))
  return ejected < cap && others.some(({ state, usable }) => usable && state.status !== 'ejected')
}

function eject(
  state: OutlierState,
  reason: string,
  totals: UpstreamTotals,
  nowMs: number,
  { ejectionMs, longestEjectionMs }: OutlierPlan,
): OutlierState {
  // One former ejection is forgotten for each base time that the upstream has been admitted again.
  const forgotten = state.status === 'admitted' ? Math.floor((nowMs - state.sinceMs) / ejectionMs) : 0
  const ejections = Math.max(0, state.ejections - Math.max(0, forgotten)) + 1
  return {
    ...restartWindow(state, totals, nowMs),
    status: 'ejected',
    sinceMs: nowMs,
    untilMs: nowMs + Math.min(ejectionMs * ejections, longestEjectionMs),
    reason,
    ejections,
  }
}

function endEjection(state: OutlierState, totals: UpstreamTotals, nowMs: number): OutlierState {
  if (state.status !== 'ejected') return state
  return { ...restartWindow(state, totals, nowMs), status: 'probation', sinceMs: nowMs, untilMs: 0 }
}

function admit(state: OutlierState, nowMs: number): OutlierState {
  return { ...state, status: 'admitted', sinceMs: nowMs }
}

/** Judges anew from here on. */
function restartWindow(state: OutlierState, totals: UpstreamTotals, nowMs: number): OutlierState {
  const row = { failures: NO_FAILURES, responsesAtFailure: totals.responses, gatewayErrors: 0 }
  return { ...state, ...row, windowStartMs: nowMs, windowStart: totals }
}
