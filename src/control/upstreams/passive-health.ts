// Joins what policy/upstream/outlier.ts decides to what the registry knows: members of a pool, totals of its upstreams over all
// workers, and what a judgement makes of an entry.

import type { TransportFailure } from '../../policy/upstream/failure-row.ts'
import { afterFailure, type OutlierMember, type OutlierState, outlierFact } from '../../policy/upstream/outlier.ts'
import type { UpstreamTotals } from '../../policy/upstream/outlier-verdicts.ts'
import { baseWeight } from '../../policy/upstream/weight-override.ts'
import { TOTAL } from '../../shared/counter-cells.ts'
import type { CounterTable } from '../../shared/counters.ts'
import type { Entry, RegistryPool } from './entry.ts'
import { andThen, notice, type Step, silently, withState } from './step.ts'

/** How the error of an attempt begins whose answer was no HTTP, or not as vigia takes it. */
const REFUSED = 'garbage: '
/** Between two lines of the log that say why answers of one upstream are refused. */
const REFUSAL_PAUSE_MS = 10_000

export function membersOf(entries: readonly Entry[]): OutlierMember[] {
  return entries.map(({ state, outlier, plan, hints, weightOverride }) => ({
    state: outlier,
    usable:
      state.hold.status === 'enabled' &&
      state.probe.status !== 'unhealthy' &&
      baseWeight(plan.weight, weightOverride) * hints.weight > 0,
  }))
}

export function totalsOf(counters: CounterTable, slot: number): UpstreamTotals {
  return {
    responses: counters.total(slot, TOTAL.answers),
    serverErrors: counters.total(slot, TOTAL.serverErrors),
    gatewayErrors: counters.total(slot, TOTAL.gatewayErrors),
    firstByteMs: counters.total(slot, TOTAL.firstByteMs),
  }
}

/** Requests that were sent to it, long polls and upgrades included. */
export function sentTo(counters: CounterTable, slot: number): number {
  return counters.total(slot, TOTAL.connectionsOpened) + counters.total(slot, TOTAL.connectionsReused)
}

/** Traffic failed on it below HTTP. One that is leaving its pool is no longer judged. @param pool undefined = it is gone */
export function afterTransportFailure(
  entry: Entry,
  failure: TransportFailure,
  pool: RegistryPool | undefined,
  totals: UpstreamTotals,
  nowMs: number,
): Step {
  return andThen(noted(entry, failure.error, nowMs), failed => judged(failed, entry, failure, pool, totals, nowMs))
}

/** Why an answer was refused is found nowhere else by who only reads the log; an upstream that sends many such answers says it seldom. */
function noted(entry: Entry, error: string, nowMs: number): Step {
  const failed = { ...entry, lastFailure: { atMs: nowMs, error } }
  const { refusalToldMs = Number.NEGATIVE_INFINITY } = entry
  if (!error.startsWith(REFUSED) || nowMs - refusalToldMs < REFUSAL_PAUSE_MS) return silently(failed)
  const told = { ...failed, refusalToldMs: nowMs }
  return {
    entry: told,
    events: [notice('warn', told, `sent an answer that is refused: ${error.slice(REFUSED.length)}`)],
  }
}

/** @param before as the pool knows it */
function judged(
  failed: Entry,
  before: Entry,
  failure: TransportFailure,
  pool: RegistryPool | undefined,
  totals: UpstreamTotals,
  nowMs: number,
): Step {
  const plan = pool?.plan.outlier
  const index = pool?.entries.indexOf(before) ?? -1
  if (pool === undefined || plan === undefined || index === -1) return silently(failed)
  return afterJudgement(failed, afterFailure(membersOf(pool.entries), index, totals, failure, nowMs, plan), nowMs)
}

export function afterJudgement(entry: Entry, outlier: OutlierState, nowMs: number): Step {
  const { status: before } = entry.outlier
  const { status } = outlier
  const ejections = entry.ejections + (before !== 'ejected' && status === 'ejected' ? 1 : 0)
  const judged = { ...entry, outlier, ejections }
  if (before === status) return silently(judged)
  return withState(judged, { ...judged.state, outlier: outlierFact(outlier) }, nowMs)
}
