// Goes on with a log as it grows, over its rotation: a file that was moved away is read to its end, then the new one of its name; one that
// was cut begins anew.

import { type FileHandle, open } from 'node:fs/promises'
import { StringDecoder } from 'node:string_decoder'

const PAUSE_MS = 250
const PIECE_BYTES = 262_144

interface Opened {
  readonly handle: FileHandle
  readonly inode: number
  at: number
  decoder: StringDecoder
  rest: string
}

/** Yields batches of whole lines until `signal` ends it. @param from byte in the file of now; what comes before is known */
export async function* follow(path: string, from: number, signal: AbortSignal): AsyncGenerator<string[]> {
  let opened = await openAt(path, from)
  const piece = Buffer.allocUnsafe(PIECE_BYTES)
  try {
    while (!signal.aborted) {
      if (opened !== undefined) {
        yield* grown(opened, piece)
        const next = await openAt(path, 0)
        if (next !== undefined && next.inode !== opened.inode) {
          // What went to the old one while the new one was opened.
          yield* grown(opened, piece)
          await opened.handle.close()
          opened = next
          continue
        }
        await next?.handle.close()
      } else opened = await openAt(path, 0)
      await pause(signal)
    }
  } finally {
    await opened?.handle.close()
  }
}

async function* grown(opened: Opened, piece: Buffer): AsyncGenerator<string[]> {
  const { size } = await opened.handle.stat()
  if (size < opened.at) {
    opened.at = 0
    opened.rest = ''
    opened.decoder = new StringDecoder('utf8')
  }
  for (;;) {
    const { bytesRead } = await opened.handle.read(piece, 0, piece.length, opened.at)
    if (bytesRead === 0) return
    opened.at += bytesRead
    const lines = (opened.rest + opened.decoder.write(piece.subarray(0, bytesRead))).split('\n')
    opened.rest = lines.pop()!
    if (lines.length > 0) yield lines
  }
}

/** Undefined = there is none now. */
async function openAt(path: string, at: number): Promise<Opened | undefined> {
  const handle = await open(path).catch(() => undefined)
  if (handle === undefined) return undefined
  const { ino: inode } = await handle.stat()
  return { handle, inode, at, decoder: new StringDecoder('utf8'), rest: '' }
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, PAUSE_MS)
    signal.addEventListener('abort', end)
  })
}
