// How much of its pool's new work an upstream gets now: its weight (configured, or an operator's), lowered by what the node asks for,
// by a trial after an ejection and by a slow start. Its limit of requests in flight grows with the slow start, too.

import type { PoolPlan } from '../../plan/pool.ts'
import { probationFactor } from '../../policy/upstream/outlier.ts'
import { slowStartFactor, slowStartLimit } from '../../policy/upstream/slow-start.ts'
import { baseWeight } from '../../policy/upstream/weight-override.ts'
import { AVAILABILITY, type UpstreamTable } from '../../shared/upstream-table.ts'
import type { Entry } from './entry.ts'

/** @param pool undefined = no configuration in use has it any more */
export function withShare(entry: Entry, pool: PoolPlan | undefined, nowMs: number): Entry {
  const { plan, hints, outlier, returnedMs, weightOverride } = entry
  const trial = pool?.outlier === undefined ? 1 : probationFactor(outlier, pool.outlier)
  const warmth = slowStartFactor(nowMs, returnedMs, pool?.slowStartMs ?? 0)
  const weight = baseWeight(plan.weight, weightOverride) * hints.weight * trial * warmth
  return {
    ...entry,
    returnedMs: warmth === 1 ? undefined : returnedMs,
    // In thousandths, as the table holds it: else it would seem to differ from it for ever.
    weight: Math.round(weight * 1000) / 1000,
    limit: slowStartLimit(plan.maxConnections, warmth),
  }
}

/** Writes what workers go by. @returns whether the table said something else before */
export function publish(
  table: UpstreamTable,
  { slot, verdict, weight, limit, idleLimit, holdsWorkers }: Entry,
): boolean {
  table.setHoldsWorkers(slot, holdsWorkers !== undefined)
  table.limitIdle(slot, idleLimit?.inForce === true)
  const availability = AVAILABILITY[verdict.availability]
  const isKnown =
    table.availability(slot) === availability && table.weight(slot) === weight && table.limit(slot) === limit
  if (!isKnown) table.set(slot, availability, weight, limit)
  return !isKnown
}
