// One line for each finished exchange, as JSON. Never bodies, cookies, credentials or query values.
// The line is put together by hand: a general serialiser costs as much as the rest of the exchange.

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
  readonly firstByteMs: number
  readonly totalMs: number
  readonly attempts: number
  /** Why another attempt was safe: `not-sent`, `idempotent` or `declared`; '' where there was one attempt only. */
  readonly proof: string
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
  let stampedMs = 0
  let stamp = ''
  return {
    enabled: true,
    write: entry => {
      const nowMs = Date.now()
      if (nowMs !== stampedMs) {
        stampedMs = nowMs
        stamp = new Date(nowMs).toISOString()
      }
      log.writeLine(accessLine(stamp, entry))
    },
    reopen: () => log.reopen(),
    close: () => log.close(),
  }
}

/** @param time ISO 8601 */
export function accessLine(time: string, entry: AccessEntry): string {
  const { requestId, client, listener, route, pool, upstream, method, host, path, status } = entry
  return (
    `{"type":"access","time":"${time}","requestId":${quoted(requestId)},"client":${quoted(client)},"listener":${quoted(listener)},` +
    `"route":${quoted(route)},"pool":${quoted(pool)},"upstream":${quoted(upstream)},"method":${quoted(method)},"host":${quoted(host)},` +
    `"path":${quoted(path)},"status":${status},"bytesIn":${entry.bytesIn},"bytesOut":${entry.bytesOut},` +
    `"firstByteMs":${thousandths(entry.firstByteMs)},"totalMs":${thousandths(entry.totalMs)},"attempts":${entry.attempts},"proof":"${entry.proof}","end":${quoted(entry.end)}}`
  )
}

const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text)
}

function thousandths(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
