// What a worker that died took with it: the requests that it had in flight. Nobody can name them any more; this counts them, so
// that somebody knows that there is something to look for, and on which upstreams.

import { GAUGE } from '../../shared/counter-cells.ts'
import type { CounterRow } from '../../shared/counters.ts'
import { MAX_SLOTS } from '../../shared/upstream-table.ts'

export interface LostRequests {
  readonly total: number
  /** By `pool/upstream`; those of upstreams that have left the configuration are in the total only. */
  readonly upstreams: Readonly<Record<string, number>>
}

interface NamedSlots {
  readonly plan: { readonly name: string }
  readonly entries: readonly { readonly slot: number; readonly plan: { readonly name: string } }[]
}

/** To be asked before the row's gauges are dropped. */
export function lostRequests(row: CounterRow, pools: readonly NamedSlots[]): LostRequests {
  let total = 0
  for (let slot = 0; slot < MAX_SLOTS; slot += 1) total += inFlight(row, slot)
  const upstreams: Record<string, number> = {}
  for (const pool of pools) {
    for (const { slot, plan } of pool.entries) {
      const lost = inFlight(row, slot)
      if (lost > 0) upstreams[`${pool.plan.name}/${plan.name}`] = lost
    }
  }
  return { total, upstreams }
}

function inFlight(row: CounterRow, slot: number): number {
  return row.gauge(slot, GAUGE.inFlight) + row.gauge(slot, GAUGE.longPolls)
}
