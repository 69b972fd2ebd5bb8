// What /status says of a pool's queue and circuit breaker. Reads only.

import type { PoolReport } from '../../admin/contract/control-view.ts'
import { type CounterTable, TOTAL } from '../../shared/counters.ts'
import { PERMIT, type Permits } from '../../shared/permits.ts'
import type { RegistryPool } from '../upstreams/entry.ts'

export function overloadOf(
  { plan, slot }: RegistryPool,
  { counters, permits }: { readonly counters: CounterTable; readonly permits: Permits },
): Pick<PoolReport, 'queue' | 'breaker'> {
  const total = (index: number) => counters.total(slot, index)
  return {
    queue: {
      max: plan.queue?.max ?? null,
      queued: total(TOTAL.queued),
      waitedS: Math.round(total(TOTAL.queueSeconds) * 1000) / 1000,
      full: total(TOTAL.queueFull),
      timeouts: total(TOTAL.queueTimeouts),
    },
    breaker: {
      requests: permits.count(slot, PERMIT.taken),
      pending: permits.count(slot, PERMIT.pending),
      refusals: total(TOTAL.breakerRefusals),
    },
  }
}
