// What every part of a worker's data plane shares: counters, clock wheel, current configuration, a way to tell control.

import type { ClientConnections } from '../shared/client-connections.ts'
import type { CounterRow } from '../shared/counters.ts'
import type { FromWorker } from '../shared/messages.ts'
import type { Places } from '../shared/places.ts'
import type { RateTable } from '../shared/rate-table.ts'
import type { SessionTable } from '../shared/sessions.ts'
import type { AccessLog } from './access-log/access-log.ts'
import type { ClosedRoutes } from './exchange/closed-routes.ts'
import type { Plan } from './plan-in-use.ts'
import type { TimerWheel } from './timer-wheel.ts'
import type { Tunnels } from './tunnel/tunnels.ts'

export interface Runtime {
  readonly row: CounterRow
  /** Who holds which place on upstreams, and who waits for one, over all workers. */
  readonly places: Places
  /** How often clients have asked lately, over all workers. */
  readonly rates: RateTable
  /** How many connections clients have, over all workers. */
  readonly clients: ClientConnections
  readonly wheel: TimerWheel
  readonly accessLog: AccessLog
  /** Of all upstreams: which sessions they served lately. */
  readonly sessions: SessionTable
  readonly tunnels: Tunnels
  /** The configuration in force; an exchange reads it once. */
  plan: Plan
  /** Routes that maintenance windows answer now; undefined = none. */
  closedRoutes: ClosedRoutes | undefined
  report(message: FromWorker): void
  /** A request id that no other request of this installation has. */
  nextRequestId(): string
  /** Ends what an unexpected exception broke; says so once. */
  unexpected(error: unknown, requestId: string | undefined): void
}
