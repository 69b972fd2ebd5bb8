// The ground that every part of a worker's data plane stands on: shared memory, the clock wheel, chance, a way to tell control. What only
// exchanges need (exchange/context.ts) is not here, so that nothing below them can reach it.

import type { ClientConnections } from '../../shared/client-connections.ts'
import type { CounterRow, CounterTable } from '../../shared/counters.ts'
import type { FromWorker } from '../../shared/messages.ts'
import type { Permits } from '../../shared/permits.ts'
import type { RateTable } from '../../shared/rate-table.ts'
import type { SessionTable } from '../../shared/sessions.ts'
import type { UpstreamTable } from '../../shared/upstream-table.ts'
import type { TimerWheel } from './timer-wheel.ts'

export interface Runtime {
  /** What this worker counts. */
  readonly row: CounterRow
  /** The rows of all workers. */
  readonly counters: CounterTable
  /** What control says of upstreams. */
  readonly table: UpstreamTable
  /** Who holds which permit for upstreams, and who waits for one, over all workers. */
  readonly permits: Permits
  /** How often clients have asked lately, over all workers. */
  readonly rates: RateTable
  /** How many connections clients have, over all workers. */
  readonly clients: ClientConnections
  /** Of all upstreams: which sessions they served lately. */
  readonly sessions: SessionTable
  readonly wheel: TimerWheel
  /** Random, and the same for all workers of this process. */
  readonly instance: string
  /** Most descriptors that the process may have open; undefined = not known. */
  readonly descriptors: number | undefined
  /** @returns a number from 0 to 1, 1 excluded */
  readonly random: () => number
  report(message: FromWorker): void
  /** A request id that no other request of this installation has. */
  nextRequestId(): string
  /** Something failed for want of what this process or machine has run out of: counts it, and says so now and then. @param what one line */
  ownTrouble(what: string): void
  /** Says once what an unexpected exception broke; who calls has ended it. */
  unexpected(error: unknown, requestId: string | undefined): void
}
