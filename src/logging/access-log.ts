// Where access lines go: stdout or a file, written asynchronously in chunks of whole lines, from any thread.
// It never blocks an exchange: when the disk or the reader can't follow, lines are dropped, counted, and their number is said.

import { fstatSync } from 'node:fs'
import { ChunkWriter } from './chunk-writer.ts'
import { LineBuffer } from './line-buffer.ts'

export interface AccessLog {
  readonly lines: LineBuffer
  /** Opens the file again, after it was moved away by a log rotation. Does nothing for stdout. */
  reopen(): void
  /** Writes what is buffered, then closes the destination. Resolves when done, or after two seconds. */
  close(): Promise<void>
}

/** Lines wait at most this long in the buffer. */
const FLUSH_MS = 200
/** A write of up to PIPE_BUF bytes is atomic on a pipe: lines of several workers don't get mixed. */
const PIPE_CHUNK_BYTES = 4096
/** A file appends every write as a whole: the larger, the fewer system calls; two of them still fit a core's cache. */
const FILE_CHUNK_BYTES = 131_072
/** Most bytes that wait for a slow disk. */
const HELD_BYTES = 8 * 1024 * 1024
const CLOSE_MS = 2000
/** How often it is said that lines are dropped. */
const SAY_DROPPED_MS = 10_000

export interface LogDestination {
  /** `stdout` or the path of a file, which is created and appended to. */
  readonly destination: string
  /** The file must be no link, and when it is made nobody else may read it. */
  readonly guarded?: true | undefined
}

/** @param say what people should know: one line */
export function openAccessLog(
  { destination, guarded }: LogDestination,
  say: (level: 'warn' | 'info', message: string) => void,
): AccessLog {
  const toStdout = destination === 'stdout'
  const chunkBytes = toStdout && !fstatSync(1).isFile() ? PIPE_CHUNK_BYTES : FILE_CHUNK_BYTES
  const path = toStdout ? undefined : destination
  const writer = new ChunkWriter({ path, guarded, chunkBytes, heldBytes: HELD_BYTES, say })
  const lines = new LineBuffer(chunkBytes, writer)
  let said = 0
  let saidMs = -Infinity
  const timer = setInterval(() => {
    lines.flush()
    if (lines.dropped > said && performance.now() - saidMs >= SAY_DROPPED_MS) sayDropped()
  }, FLUSH_MS)
  timer.unref()

  function sayDropped(lost = 0): void {
    const count = lines.dropped - said + lost
    if (count === 0) return
    said = lines.dropped
    saidMs = performance.now()
    const why = writer.trouble ?? `${destination} does not take them as fast as they come`
    say('warn', `access log: ${count} lines were dropped: ${why}`)
  }

  return {
    lines,
    reopen: () => writer.reopen(),
    close: async () => {
      clearInterval(timer)
      lines.flush()
      sayDropped(await writer.close(CLOSE_MS))
    },
  }
}
