// What the registry knows of each upstream of each pool, and how an entry begins. An entry is a value: what changes is the next one
// (step.ts), and which one counts the registry says.

import type { HealthPlan } from '../../plan/health.ts'
import type { PoolPlan, UpstreamPlan } from '../../plan/pool.ts'
import { type AgentHints, NO_HINTS } from '../../policy/upstream/agent-hints.ts'
import {
  type AddressFact,
  deriveAvailability,
  INITIAL_STATE,
  INITIAL_STATE_UNPROBED,
  type UpstreamState,
  type Verdict,
} from '../../policy/upstream/availability.ts'
import { type Holds, holdFact } from '../../policy/upstream/holds.ts'
import { newOutlierState, type OutlierState } from '../../policy/upstream/outlier.ts'
import type { UpstreamTotals } from '../../policy/upstream/outlier-verdicts.ts'
import { baseWeight, type WeightOverride } from '../../policy/upstream/weight-override.ts'
import type { HoldingSign } from '../../policy/upstream/worker-holding.ts'
import { NO_PROBES, type ProbeHistory } from './probes/probe-history.ts'

/** One upstream of one pool. */
export interface Entry {
  readonly pool: string
  readonly slot: number
  readonly plan: UpstreamPlan
  readonly health: HealthPlan
  /** Its probes begin with a PROXY header of this version; undefined = without one. */
  readonly proxyProtocol: PoolPlan['proxyProtocol']
  readonly state: UpstreamState
  readonly verdict: Verdict
  /** What people and the node itself ask for; `state.hold` follows from it. */
  readonly holds: Holds
  /** What the node said of itself on the newest good probe. */
  readonly hints: AgentHints
  /** Fields with hints that were not understood, and said so in the log. */
  readonly ignoredHints: ReadonlySet<string>
  /** When it came to the availability that it has, epoch ms. */
  readonly sinceMs: number
  /** When its probes found it unhealthy, epoch ms; undefined = they don't. */
  readonly unhealthySinceMs: number | undefined
  /** Likewise, and not one byte answers them. */
  readonly silent: boolean
  readonly probes: ProbeHistory
  readonly lastFailure: { readonly atMs: number; readonly error: string } | undefined
  /** When the log last said why an answer of it was refused, epoch ms; undefined = it never did. */
  readonly refusalToldMs: number | undefined
  /** What passive health knows of it. */
  readonly outlier: OutlierState
  /** How often it was ejected, all told. */
  readonly ejections: number
  /** It has been out or disabled since it was last available. One that was only drained kept its caches and processes warm. */
  readonly cold: boolean
  /** When it came back after having been out or disabled, epoch ms; undefined = it never was, or it is warm again. */
  readonly returnedMs: number | undefined
  /** An operator's weight, in the place of the configured one. */
  readonly weightOverride: WeightOverride | undefined
  /** Share of new work that it gets now: its weight, less while it is on trial, starts slowly or asks for less. */
  readonly weight: number
  /** Most requests in flight at once that it gets now: less than the configured number while it starts slowly; 0 = no limit. */
  readonly limit: number
  /** Undefined = it was never found starved by idle connections. */
  readonly idleLimit: IdleLimit | undefined
  /** By what it was found to hold a worker for each connection; undefined = it was not. */
  readonly holdsWorkers: HoldingSign | undefined
}

/** Idle connections to an upstream have kept new ones waiting. */
export interface IdleLimit {
  /** Until when none is kept, epoch ms. */
  readonly untilMs: number
  readonly times: number
  /** That time has not come yet. */
  readonly inForce: boolean
}

export interface RegistryPool {
  readonly plan: PoolPlan
  readonly slot: number
  readonly entries: readonly Entry[]
}

/** @param before what was asked for under this name before, and what is known of its address */
export function newEntry(
  pool: PoolPlan,
  plan: UpstreamPlan,
  slot: number,
  totals: UpstreamTotals,
  nowMs: number,
  before: Partial<Pick<Entry, 'holds' | 'weightOverride'>> & { readonly address?: AddressFact | undefined } = {},
): Entry {
  const { holds = [], weightOverride, address } = before
  const initial = pool.health.kind === 'none' ? INITIAL_STATE_UNPROBED : INITIAL_STATE
  const state = { ...initial, address, hold: holdFact(holds) }
  return {
    pool: pool.name,
    slot,
    plan,
    health: pool.health,
    proxyProtocol: pool.proxyProtocol,
    state,
    verdict: deriveAvailability(state),
    holds,
    hints: NO_HINTS,
    ignoredHints: new Set(),
    sinceMs: nowMs,
    unhealthySinceMs: undefined,
    silent: false,
    probes: NO_PROBES,
    lastFailure: undefined,
    refusalToldMs: undefined,
    outlier: newOutlierState(totals, nowMs),
    ejections: 0,
    cold: false,
    returnedMs: undefined,
    weightOverride,
    weight: baseWeight(plan.weight, weightOverride),
    limit: plan.maxConnections ?? 0,
    idleLimit: undefined,
    holdsWorkers: undefined,
  }
}

/** Whether a pool has nobody left that takes new work; undefined = not known yet: a first verdict is still to come. */
export function outOf({ entries }: RegistryPool): boolean | undefined {
  const states = entries.map(({ verdict }) => verdict.availability)
  if (states.includes('available')) return false
  return states.includes('unknown') || states.length === 0 ? undefined : true
}

/** It gets new work. */
export function takesWork({ verdict, weight }: Entry): boolean {
  return verdict.availability === 'available' && weight > 0
}
