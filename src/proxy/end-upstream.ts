// The drain of an upstream has come to its end, in this worker: what is in flight there goes on to its own end, but leaves no connection
// behind.

import { AVAILABILITY } from '../shared/upstream-table.ts'
import type { ClientEvents } from './exchange/client-events.ts'
import type { ExchangeContext } from './exchange/context.ts'
import { Timer } from './runtime/timer-wheel.ts'

/** @param exchanges all that this worker has now @param spreadMs tunnels and long polls are ended within this time */
export function endUpstream(
  context: ExchangeContext,
  slot: number,
  spreadMs: number,
  exchanges: Iterable<ClientEvents>,
): void {
  const { table, active, tunnels, wheel, random } = context
  // Enabled again while the message was under way.
  if (table.availability(slot) === AVAILABILITY.available) return
  for (const pool of active.pools) for (const endpoint of pool.endpoints) if (endpoint.slot === slot) endpoint.end()
  tunnels.endUpstream(slot, spreadMs)
  // Nobody has enabled it again.
  const isEnded = () => table.availability(slot) === AVAILABILITY.disabled
  for (const exchange of exchanges)
    wheel.arm(new Timer({ onDeadline: () => isEnded() && exchange.endPoll(slot) }), 1 + random() * spreadMs)
}
