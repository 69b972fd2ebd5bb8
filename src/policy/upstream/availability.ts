// What may be done with an upstream, derived from independent facts (address, probe, outlier, hold) that are never merged.

import type { ProbeState } from './health.ts'

/** The state of one (pool, upstream). Each fact has its own writer and knows nothing of the others. */
export interface UpstreamState {
  /** Undefined = there is an address to connect to. */
  readonly address?: AddressFact | undefined
  readonly probe: ProbeFact
  readonly outlier: OutlierFact
  readonly hold: HoldFact
}

/** Its name is being resolved, or has no address. */
export type AddressFact = { readonly status: 'pending' } | { readonly status: 'missing'; readonly reason: string }

export interface ProbeFact extends ProbeState {
  /** One line on the latest failure, kept until a success: `HTTP 503, expected 200-299`; undefined = none. */
  readonly lastError: string | undefined
}

export type OutlierFact =
  | { readonly status: 'admitted' }
  /** Out because of what real requests met, until then (epoch milliseconds). */
  | { readonly status: 'ejected'; readonly untilMs: number; readonly reason: string }
  /** Back from an ejection, on trial. */
  | { readonly status: 'probation' }

/** What the holds of people and of the node itself come to. */
export type HoldFact =
  | { readonly status: 'enabled' }
  /** `by`: an operator's name or the name of a window. */
  | { readonly status: 'draining' | 'disabled'; readonly reason: string; readonly by: string }

/** What a worker may do with an upstream; the same words as `AVAILABILITY` in the shared table. */
export type AvailabilityName = 'unknown' | 'available' | 'draining' | 'out' | 'disabled'

export interface Verdict {
  readonly availability: AvailabilityName
  /** One line for people. */
  readonly reason: string
}

/** A new upstream that is probed. */
export const INITIAL_STATE: UpstreamState = {
  probe: { status: 'unknown', streak: 0, lastError: undefined },
  outlier: { status: 'admitted' },
  hold: { status: 'enabled' },
}

/** A new upstream of a pool without probes: nothing will ever bring a verdict, so there is none to wait for. */
export const INITIAL_STATE_UNPROBED: UpstreamState = {
  ...INITIAL_STATE,
  probe: { status: 'healthy', streak: 0, lastError: undefined },
}

/** People overrule measurements; among measurements the bad news counts. */
export function deriveAvailability({ address, probe, outlier, hold }: UpstreamState): Verdict {
  if (hold.status === 'disabled') return { availability: 'disabled', reason: holdReason(hold) }
  if (address?.status === 'missing') return { availability: 'out', reason: `no address: ${address.reason}` }
  if (probe.status === 'unhealthy') {
    return { availability: 'out', reason: `unhealthy: ${probe.lastError ?? 'probes failed'}` }
  }
  if (outlier.status === 'ejected') return { availability: 'out', reason: `ejected: ${outlier.reason}` }
  // Draining comes before unknown: a session that belongs here is better tried than made to wait.
  if (hold.status === 'draining') return { availability: 'draining', reason: holdReason(hold) }
  if (address?.status === 'pending') return { availability: 'unknown', reason: 'its name is being resolved' }
  if (probe.status === 'unknown') return { availability: 'unknown', reason: 'no probe result yet' }
  if (outlier.status === 'probation') return { availability: 'available', reason: 'on probation after an ejection' }
  if (probe.streak === 0) return { availability: 'available', reason: 'not probed' }
  return { availability: 'available', reason: 'healthy' }
}

function holdReason(hold: Exclude<HoldFact, { status: 'enabled' }>): string {
  return `${hold.status} by ${hold.by}: ${hold.reason}`
}
