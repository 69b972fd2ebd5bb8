// One line for each finished exchange, as JSON. Never bodies, cookies, credentials or query values.

import { type LogDestination, openAccessLog } from '../../logging/access-log.ts'
import type { LogSampling } from '../../plan/log.ts'
import { hashKey } from '../../policy/balance/hash.ts'
import { isLogged } from '../../policy/request/log-sampling.ts'
import type { AccessFacts } from './access-entry.ts'
import { AccessLine } from './access-line.ts'

export interface AccessLog {
  readonly enabled: boolean
  /** Which exchanges get a line; undefined = all. */
  sampling: LogSampling | undefined
  /** @param nowMs monotonic time, ms */
  write(entry: AccessFacts, totalMs: number, nowMs: number): void
  /** Opens the file again, after a log rotation has moved it away. */
  reopen(): void
  close(): Promise<void>
}

export const NO_ACCESS_LOG: AccessLog = {
  enabled: false,
  sampling: undefined,
  write() {},
  reopen() {},
  close: () => Promise.resolve(),
}

/** @param say what people should know of the log itself: one line */
export function accessLogTo(
  destination: LogDestination,
  sampling: LogSampling | undefined,
  say: (level: 'warn' | 'info', message: string) => void,
): AccessLog {
  const log = openAccessLog(destination, say)
  const { lines } = log
  const line = new AccessLine()
  let lookedMs = -Infinity
  let timeMs = 0
  return {
    enabled: true,
    sampling,
    write(entry, totalMs, nowMs) {
      if (this.sampling !== undefined && !isLogged(this.sampling, entry, totalMs, hashKey)) return
      // Lines of the same millisecond share its time: one look at the clock for all of them.
      if (nowMs - lookedMs >= 1) {
        lookedMs = nowMs
        timeMs = Date.now()
      }
      const chunk = lines.begin(line.most(entry))
      if (chunk !== undefined) lines.end(line.write(chunk, lines.at, timeMs, entry, totalMs))
    },
    reopen: () => log.reopen(),
    close: () => log.close(),
  }
}
