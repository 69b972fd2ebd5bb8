// Reads files whose names somebody else may have chosen, without ever waiting for one: a pipe or a device may have nothing to say for ever,
// or no end. Only regular files are read, and of these no more than a configuration may have.

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { open } from 'node:fs/promises'

/** Bytes: 1 MiB. */
const LARGEST = 1024 * 1024
/** Some files below /proc are read in whole words only. */
const PAGE = 4096
const WHOLE = LARGEST + PAGE

export const TOO_LARGE = 'too large'
export const NO_FILE = 'not a file'

export type RegularFile = { readonly bytes: Buffer } | { readonly not: typeof TOO_LARGE | typeof NO_FILE }

/** Without O_NONBLOCK the open itself waits, for who writes into a pipe. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK

/** @param flags of open(2), besides those that it always has @throws the system's error */
export function readRegularFile(file: string, flags = 0): RegularFile {
  const fd = openSync(file, FLAGS | flags)
  try {
    const about = fstatSync(fd)
    if (!about.isFile()) return { not: NO_FILE }
    let buffer = bufferFor(about.size)
    let size = 0
    for (let read = 1; read > 0 && size <= LARGEST; size += read) {
      buffer = withRoom(buffer, size)
      read = readSync(fd, buffer, size, buffer.length - size, null)
    }
    return partOf(buffer, size)
  } finally {
    closeSync(fd)
  }
}

/** The same where the thread has something else to do meanwhile. Rejects with the system's error. */
export async function readRegularFileAside(file: string): Promise<RegularFile> {
  const handle = await open(file, FLAGS)
  try {
    const about = await handle.stat()
    if (!about.isFile()) return { not: NO_FILE }
    let buffer = bufferFor(about.size)
    let size = 0
    for (let read = 1; read > 0 && size <= LARGEST; size += read) {
      buffer = withRoom(buffer, size)
      read = (await handle.read(buffer, size, buffer.length - size, null)).bytesRead
    }
    return partOf(buffer, size)
  } finally {
    await handle.close()
  }
}

/** For what a file says is its size, which is a guess: that of a file below /proc is 0, and one that is being written grows. */
function bufferFor(size: number): Buffer {
  return Buffer.allocUnsafe(size === 0 ? WHOLE : Math.min(size + PAGE, WHOLE))
}

function withRoom(buffer: Buffer, used: number): Buffer {
  return used < buffer.length ? buffer : Buffer.concat([buffer], WHOLE)
}

function partOf(buffer: Buffer, size: number): RegularFile {
  return size > LARGEST ? { not: TOO_LARGE } : { bytes: buffer.subarray(0, size) }
}
