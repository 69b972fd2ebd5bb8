// Joins what policy/upstream/outlier.ts decides to what the registry knows: members of a pool, and totals of its upstreams over all workers.

import type { UpstreamState } from '../../policy/upstream/availability.ts'
import type { OutlierMember, OutlierState } from '../../policy/upstream/outlier.ts'
import type { UpstreamTotals } from '../../policy/upstream/outlier-verdicts.ts'
import { type CounterTable, TOTAL } from '../../shared/counters.ts'

export interface Judged {
  readonly state: UpstreamState
  readonly outlier: OutlierState
  readonly plan: { readonly weight: number }
  readonly hints: { readonly weight: number }
}

export function membersOf(entries: readonly Judged[]): OutlierMember[] {
  return entries.map(({ state, outlier, plan, hints }) => ({
    state: outlier,
    usable: state.hold.status === 'enabled' && state.probe.status !== 'unhealthy' && plan.weight * hints.weight > 0,
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
