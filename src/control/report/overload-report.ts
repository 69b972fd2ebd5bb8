// What /status says of a pool's queue and circuit breaker. Reads only.

import type { PoolReport } from '../../admin/contract/pools.ts'
import { type CounterTable, TOTAL } from '../../shared/counters.ts'
import { PLACE, type Places } from '../../shared/places.ts'
import type { RegistryPool } from '../upstreams/entry.ts'

export function overloadOf(
  { plan, slot }: RegistryPool,
  { counters, places }: { readonly counters: CounterTable; readonly places: Places },
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
      requests: places.count(slot, PLACE.taken),
      pending: places.count(slot, PLACE.pending),
      refusals: total(TOTAL.breakerRefusals),
    },
  }
}
