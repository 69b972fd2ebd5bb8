// Where access lines go: stdout or a file, written asynchronously in chunks of whole lines, from any thread.
// It never blocks an exchange: when the disk or the reader can't follow, lines are dropped and counted.

import { fstatSync } from 'node:fs'
import { pino } from 'pino'
import { LineBuffer } from './line-buffer.ts'

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
const PIPE_CHUNK_BYTES = 4096
/** A file appends every write as a whole: the larger, the fewer system calls. */
const FILE_CHUNK_BYTES = 65_536
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
    contentMode: 'buffer',
    // Write at once: what is handed over is a chunk already.
    minLength: 1,
  })
  const chunkBytes = toStdout && !fstatSync(1).isFile() ? PIPE_CHUNK_BYTES : FILE_CHUNK_BYTES
  // Bytes, not strings: strings that are put together live until they are written, and the garbage collector copies them.
  // In this mode it takes bytes, whatever its type says.
  const lines = new LineBuffer(chunkBytes, chunk => stream.write(chunk as unknown as string))
  const timer = setInterval(() => lines.flush(), FLUSH_MS)
  timer.unref()
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
    writeLine: line => lines.add(line),
    get dropped() {
      return dropped
    },
    reopen: () => {
      if (!toStdout) stream.reopen()
    },
    close: () =>
      new Promise(resolve => {
        clearInterval(timer)
        lines.flush()
        if (failed) return resolve()
        const patience = setTimeout(resolve, CLOSE_MS)
        const done = () => {
          clearTimeout(patience)
          if (!toStdout) stream.end()
          resolve()
        }
        stream.flush(done)
      }),
  }
}
