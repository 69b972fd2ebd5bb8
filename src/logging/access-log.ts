// Where access lines go: JSON lines on stdout or in a file, written asynchronously in chunks of whole lines, from any thread.
// It never blocks an exchange: when the disk or the reader can't follow, lines are dropped and counted.

import { pino } from 'pino'
import { REDACTED_PATHS } from './redact.ts'

export interface AccessLog {
  /** Writes one line; the time is added. */
  readonly logger: pino.Logger
  /** Writes a line that is already one complete JSON object, without its newline. */
  writeLine(line: string): void
  /** Lines that were dropped because the destination could not follow. */
  readonly dropped: number
  /** Opens the file again, after it was moved away by a log rotation. Does nothing for stdout. */
  reopen(): void
  /** Writes what is buffered, then closes the destination. Resolves when done, or after two seconds. */
  close(): Promise<void>
}

/** Lines wait at most this long in the buffer. */
const FLUSH_MS = 200
/** Bytes that start a write before that. */
const CHUNK_BYTES = 3072
/** A write of up to PIPE_BUF bytes is atomic on a pipe: lines of several workers don't get mixed. */
const WRITE_BYTES = 4096
/** Most bytes that wait for a slow disk. */
const BUFFER_BYTES = 8 * 1024 * 1024
const CLOSE_MS = 2000

/** @param destination `stdout` or the path of a file, which is created and appended to */
export function openAccessLog(destination: string): AccessLog {
  const toStdout = destination === 'stdout'
  const stream = pino.destination({
    dest: toStdout ? 1 : destination,
    sync: false,
    mkdir: true,
    append: true,
    minLength: CHUNK_BYTES,
    maxWrite: WRITE_BYTES,
    maxLength: BUFFER_BYTES,
    periodicFlush: FLUSH_MS,
  })
  let dropped = 0
  let failed = false
  stream.on('drop', () => {
    dropped += 1
  })
  // A full disk or a closed pipe costs the lines, never the traffic.
  stream.on('error', () => {
    failed = true
  })
  const logger = pino(
    {
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      // In the level's place: tells these lines from vigia's own where both end in one stream.
      formatters: { level: () => ({ type: 'access' }) },
      redact: { paths: REDACTED_PATHS, censor: '[redacted]' },
    },
    stream,
  )
  return {
    logger,
    writeLine: line => {
      stream.write(`${line}\n`)
    },
    get dropped() {
      return dropped
    },
    reopen: () => {
      if (!toStdout) stream.reopen()
    },
    close: () =>
      new Promise(resolve => {
        if (failed) return resolve()
        const timer = setTimeout(resolve, CLOSE_MS)
        const done = () => {
          clearTimeout(timer)
          if (!toStdout) stream.end()
          resolve()
        }
        stream.flush(done)
      }),
  }
}
