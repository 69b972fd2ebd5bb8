// Where access lines go: stdout or a file, written asynchronously in chunks of whole lines, from any thread.
// It never blocks an exchange: when the disk or the reader can't follow, lines are dropped and counted.

import { fstatSync } from 'node:fs'
import { pino } from 'pino'

export interface AccessLog {
  /** Writes one line, given without its newline. */
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
/** A write of up to PIPE_BUF bytes is atomic on a pipe: lines of several workers don't get mixed. */
const PIPE = { minLength: 3072, maxWrite: 4096 } as const
/** A file appends every write as a whole: the larger, the fewer system calls. */
const FILE = { minLength: 65_536, maxWrite: 262_144 } as const
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
    maxLength: BUFFER_BYTES,
    periodicFlush: FLUSH_MS,
    ...(toStdout && !fstatSync(1).isFile() ? PIPE : FILE),
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
  return {
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
