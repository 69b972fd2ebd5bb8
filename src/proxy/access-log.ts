// One line for each finished exchange, as JSON. Never bodies, cookies, credentials or query values.

import { type AccessLog as LogDestination, openAccessLog } from '../logging/access-log.ts'

export interface AccessEntry {
  readonly requestId: string
  readonly client: string
  readonly listener: string
  readonly route: string
  readonly pool: string
  /** '' where no upstream was reached. */
  readonly upstream: string
  readonly method: string
  readonly host: string
  /** Without the query. */
  readonly path: string
  readonly status: number
  readonly bytesIn: number
  readonly bytesOut: number
  /** To the first byte of the response and in all, ms. */
  readonly firstByteMs: number | undefined
  readonly totalMs: number
  readonly attempts: number
  /** How the exchange ended, in words: `complete`, `client left`, or an answer's code. */
  readonly end: string
}

export interface AccessLog {
  readonly enabled: boolean
  write(entry: AccessEntry): void
  /** Opens the file again, after a log rotation has moved it away. */
  reopen(): void
  close(): Promise<void>
}

export const NO_ACCESS_LOG: AccessLog = { enabled: false, write() {}, reopen() {}, close: () => Promise.resolve() }

export function accessLogTo(destination: string): AccessLog {
  const log: LogDestination = openAccessLog(destination)
  return {
    enabled: true,
    write: entry => log.logger.info(entry),
    reopen: () => log.reopen(),
    close: () => log.close(),
  }
}
