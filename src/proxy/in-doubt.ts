// An unsafe request whose fate is unknown: the client is told, and people can find it. Never retried, never silently dropped.

import type { Endpoint } from './endpoint.ts'
import type { ExchangeRecord } from './exchange-record.ts'
import type { Runtime } from './runtime.ts'

/** @param cause how the attempt failed */
export function reportInDoubt(
  runtime: Runtime,
  { requestId, path, placement }: ExchangeRecord,
  method: string,
  endpoint: Endpoint,
  cause: string,
): void {
  const upstream = `${placement?.pool.plan.name}/${endpoint.plan.name}`
  runtime.report({
    type: 'log',
    level: 'warn',
    message: `in doubt: ${method} ${path} may or may not have been carried out by ${upstream}`,
    detail: { requestId, route: placement?.route.name, cause },
  })
}
