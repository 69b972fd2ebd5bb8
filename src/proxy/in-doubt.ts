// An unsafe request whose fate is unknown: the client is told, and people can find it. Never retried, never silently dropped.

import type { Runtime } from './runtime.ts'

export interface InDoubt {
  readonly requestId: string
  readonly route: string
  readonly pool: string
  readonly upstream: string
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** How the attempt failed. */
  readonly cause: string
}

export function reportInDoubt(runtime: Runtime, { method, path, pool, upstream, ...detail }: InDoubt): void {
  const message = `in doubt: ${method} ${path} may or may not have been carried out by ${pool}/${upstream}`
  runtime.report({ type: 'log', level: 'warn', message, detail })
}
