// What is counted and logged when an exchange is over: once, and last.

import type { RoutePlan } from '../config/snapshot.ts'
import type { RequestHead } from '../http1/request-head.ts'
import { TOTAL } from '../shared/counters.ts'
import { SLOT_OF_VIGIA } from '../shared/upstream-table.ts'
import type { ClientSide } from './downstream.ts'
import type { Endpoint } from './endpoint.ts'
import type { Pool } from './pool.ts'
import type { Runtime } from './runtime.ts'

export interface FinishedExchange {
  readonly requestId: string
  readonly head: RequestHead
  /** Normalised, without the query. */
  readonly path: string
  readonly client: ClientSide
  readonly clientAddress: string
  readonly route: RoutePlan | undefined
  readonly pool: Pool | undefined
  /** The last one tried. */
  readonly endpoint: Endpoint | undefined
  /** 0 = the client got no answer. */
  readonly status: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly firstByteMs: number
  readonly totalMs: number
  readonly attempts: number
  /** How it ended: `complete`, `upgraded`, `client left`, `upstream cut` or the code of vigia's own answer. */
  readonly end: string
}

export function recordFinished(runtime: Runtime, exchange: FinishedExchange): void {
  const { row, accessLog } = runtime
  // Counted where it ended: at its last upstream, else its pool, else vigia itself.
  const slot = exchange.endpoint?.slot ?? exchange.pool?.slot ?? SLOT_OF_VIGIA
  if (exchange.status !== 0) row.finished(slot, exchange.status, exchange.totalMs / 1000)
  if (exchange.bytesIn > 0) row.add(slot, TOTAL.bytesIn, exchange.bytesIn)
  if (exchange.bytesOut > 0) row.add(slot, TOTAL.bytesOut, exchange.bytesOut)
  if (exchange.end === 'client left') row.add(slot, TOTAL.clientAborts, 1)
  if (exchange.end === 'in-doubt') row.add(slot, TOTAL.inDoubt, 1)
  if (!accessLog.enabled) return
  accessLog.write({
    requestId: exchange.requestId,
    client: exchange.clientAddress,
    listener: exchange.client.listener,
    route: exchange.route?.name ?? '',
    pool: exchange.pool?.plan.name ?? '',
    upstream: exchange.endpoint?.plan.name ?? '',
    method: exchange.head.method,
    host: exchange.head.host ?? '',
    path: exchange.path,
    status: exchange.status,
    bytesIn: exchange.bytesIn,
    bytesOut: exchange.bytesOut,
    firstByteMs: toMicroseconds(exchange.firstByteMs),
    totalMs: toMicroseconds(exchange.totalMs),
    attempts: exchange.attempts,
    end: exchange.end,
  })
}

function toMicroseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
