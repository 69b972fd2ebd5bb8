// What goes on at an upstream that has left the configuration, in words. Nothing of it is cut: it comes to its own end, at the latest
// when vigia stops.

import { GAUGE } from '../../shared/counter-cells.ts'
import type { CounterTable } from '../../shared/counters.ts'
import type { Entry } from './entry.ts'

/** One line; undefined = nothing goes on there. */
export function leftWords({ pool, plan, slot }: Entry, counters: CounterTable): string | undefined {
  const parts = [
    count(counters.gauge(slot, GAUGE.inFlight), 'request in flight', 'requests in flight'),
    count(counters.gauge(slot, GAUGE.longPolls), 'long poll', 'long polls'),
    count(counters.gauge(slot, GAUGE.tunnels), 'tunnel', 'tunnels'),
  ].filter(text => text !== undefined)
  if (parts.length === 0) return undefined
  const what = new Intl.ListFormat('en').format(parts)
  return `upstream ${pool}/${plan.name} has left the configuration; ${what} there go on to their own end`
}

function count(number: number, one: string, many: string): string | undefined {
  return number === 0 ? undefined : `${number} ${number === 1 ? one : many}`
}
