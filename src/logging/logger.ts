// vigia's own log (control plane only): JSON lines on stderr, or lines for people when stderr is a terminal.
// It never blocks the caller: when the reader of the log stalls, lines are dropped rather than probes delayed.

import { pino } from 'pino'
import { PinoPretty } from 'pino-pretty'
import { REDACTED_PATHS } from './redact.ts'

export type Logger = pino.Logger
export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'silent'

export interface LoggerOptions {
  readonly level: LogLevel
  /** File descriptor or file path. Default: stderr. */
  readonly destination?: number | string
  /** Lines for people instead of JSON. Default: whether stderr is a terminal. */
  readonly pretty?: boolean
}

/** Fields of a transition, which its message says in words. */
const SAID_ANYWAY = 'pool,upstream,from,to'
/** Most bytes that wait for a slow reader. */
const BUFFER_BYTES = 1024 * 1024

export function createLogger({ level, destination = 2, pretty }: LoggerOptions): Logger {
  const options: pino.LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: label => ({ level: label }) },
    redact: { paths: REDACTED_PATHS, censor: '[redacted]' },
  }
  if (pretty ?? (destination === 2 && process.stderr.isTTY)) {
    const colorize = destination === 2 && process.env.NO_COLOR === undefined
    return pino(
      options,
      PinoPretty({
        destination,
        sync: true,
        translateTime: 'SYS:yyyy-mm-dd HH:MM:ss o',
        singleLine: true,
        ignore: SAID_ANYWAY,
        colorize,
      }),
    )
  }
  const stream = pino.destination({ dest: destination, sync: false, maxLength: BUFFER_BYTES })
  // Nobody is left to tell that the log can't be written; the traffic goes on.
  stream.on('error', () => {})
  return pino(options, stream)
}

/** Resolves when what was logged so far has been written, or after `timeoutMs`. */
export function flushLog(logger: Logger, timeoutMs = 500): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, timeoutMs)
    const done = () => {
      clearTimeout(timer)
      resolve()
    }
    try {
      logger.flush(done)
    } catch {
      done()
    }
  })
}
