// An unsafe request whose fate is unknown: control is told all that people need to find out what became of it. Whether it is one
// decides policy/request/retry.ts; what the client is told, the exchange.

import { fieldValues } from '../../http/fields.ts'
import type { RequestHead } from '../../http/heads.ts'
import { TOTAL } from '../../shared/counter-cells.ts'
import type { InDoubtRecord } from '../../shared/messages.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { ExchangeRecord } from './record.ts'

/** The attempt of which nobody learned how it ended. */
export interface Doubt {
  readonly endpoint: Endpoint
  /** Of the request, head included, that were handed to the connection. */
  readonly bytesSent: number
  readonly stage: InDoubtRecord['stage']
  /** One line. */
  readonly cause: string
}

/** Longest values that a record keeps: a thousand of them stay in memory. */
const KEY_CHARS = 255
const PATH_CHARS = 2048

/** Counts it at its upstream, and tells control: to be called once for an exchange. */
export function reportInDoubt(runtime: Runtime, record: ExchangeRecord, doubt: Doubt): void {
  const { endpoint, bytesSent, stage, cause } = doubt
  const { requestId, path, route, pool, client, head } = record
  runtime.row.add(endpoint.slot, TOTAL.inDoubt, 1)
  runtime.report({
    type: 'in-doubt',
    record: {
      requestId,
      atMs: Date.now(),
      route,
      pool,
      upstream: endpoint.plan.name,
      method: head.method,
      path: path.slice(0, PATH_CHARS),
      idempotencyKey: keyOf(head),
      client,
      bytesSent,
      stage,
      cause,
    },
  })
}

/** As the client wrote it, its quotes included; what can't be printed is replaced. Undefined where there is none. */
function keyOf({ meaning }: RequestHead): string | undefined {
  const key = fieldValues(meaning.fields, 'idempotency-key')?.slice(0, KEY_CHARS)
  return key === undefined || key === '' ? undefined : key.replace(/[^\x20-\x7e]/g, '?')
}
