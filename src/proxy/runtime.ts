// What every part of a worker's data plane shares: counters, clock wheel, current configuration, a way to tell control.

import type { CounterRow } from '../shared/counters.ts'
import type { FromWorker } from '../shared/messages.ts'
import type { AccessLog } from './access-log.ts'
import type { Plan } from './plan.ts'
import type { TimerWheel } from './timer-wheel.ts'

export interface Runtime {
  readonly row: CounterRow
  readonly wheel: TimerWheel
  readonly accessLog: AccessLog
  /** The configuration in force; an exchange reads it once. */
  plan: Plan
  report(message: FromWorker): void
  /** A request id that no other request of this installation has. */
  nextRequestId(): string
  /** Ends what an unexpected exception broke; says so once. */
  unexpected(error: unknown, requestId: string | undefined): void
}
