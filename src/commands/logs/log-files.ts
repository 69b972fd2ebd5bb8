// The files of an access log, the rotated ones included, and their lines. Knows nothing of what is in them.

import { createReadStream } from 'node:fs'
import { open, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { createGunzip } from 'node:zlib'

export interface LogFile {
  readonly path: string
  /** When it was written last, epoch ms. */
  readonly changedMs: number
}

/** A longer line is no access line; what is read is bounded. */
const LONGEST_LINE = 1_048_576
/** `access.log.1`, `access.log.2.gz`, `access.log-20261128.gz` */
const ROTATED = /^[.-][\w.-]+$/

/** The log and what rotation has made of it, the oldest first. */
export async function logFiles(path: string): Promise<LogFile[]> {
  const name = basename(path)
  const names = await readdir(dirname(path)).catch(() => [])
  const own = names.filter(each => each === name || (each.startsWith(name) && ROTATED.test(each.slice(name.length))))
  const files = await Promise.all(
    own.map(async each => {
      const file = join(dirname(path), each)
      const found = await stat(file).catch(() => undefined)
      return found?.isFile() ? [{ path: file, changedMs: found.mtimeMs, isCurrent: each === name }] : []
    }),
  )
  return files
    .flat()
    .sort((a, b) => Number(a.isCurrent) - Number(b.isCurrent) || a.changedMs - b.changedMs)
    .map(({ path: file, changedMs }) => ({ path: file, changedMs }))
}

/** @param end of what is read of it, bytes; undefined = all of it */
export function openLog(path: string, end?: number): Readable {
  if (end === 0) return Readable.from([])
  if (!path.endsWith('.gz'))
    return createReadStream(path, { highWaterMark: 262_144, ...(end === undefined ? {} : { end: end - 1 }) })
  const zipped = createReadStream(path)
  const text = createGunzip()
  zipped.on('error', error => text.destroy(error))
  return zipped.pipe(text)
}

/** Where the last whole line of a file ends, bytes: there a follower begins. 0 = there is none, or no file. */
export async function endOfLines(path: string): Promise<number> {
  const handle = await open(path).catch(() => undefined)
  if (handle === undefined) return 0
  try {
    const piece = Buffer.alloc(65_536)
    for (let { size: at } = await handle.stat(); at > 0; ) {
      const from = Math.max(0, at - piece.length)
      const { bytesRead } = await handle.read(piece, 0, at - from, from)
      const found = piece.subarray(0, bytesRead).lastIndexOf(10)
      if (found !== -1) return from + found + 1
      at = from
    }
    return 0
  } finally {
    await handle.close()
  }
}

/** Batches of whole lines, without their ends; a last one without its end counts. Rejects as the stream does. */
export async function* linesOf(stream: Readable): AsyncGenerator<string[]> {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + decoder.write(chunk as Buffer)).split('\n')
    rest = lines.pop()!
    if (rest.length > LONGEST_LINE) rest = ''
    if (lines.length > 0) yield lines
  }
  if (rest !== '') yield [rest]
}
