// A file without a name: nobody else can open it, and it is gone with its descriptor, however this process ends.

import { randomBytes } from 'node:crypto'
import { constants, openSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'

/** Linux (include/uapi/asm-generic/fcntl.h): the flag itself, which Node does not name, and that of a folder. */
const O_TMPFILE = process.platform === 'linux' ? 0o20000000 | constants.O_DIRECTORY : 0
/** Where there is no such flag, or the file system does not know it. */
const UNKNOWN = new Set(['EOPNOTSUPP', 'ENOTSUP', 'EISDIR', 'EINVAL', 'ENOENT'])
const { O_RDWR, O_EXCL, O_CREAT, O_NOFOLLOW } = constants

/** @returns its descriptor; throws the error of the file system */
export function openTemporary(directory: string): number {
  if (O_TMPFILE !== 0) {
    try {
      // O_EXCL: it can't be given a name later.
      return openSync(directory, O_TMPFILE | O_RDWR | O_EXCL, 0o600)
    } catch (error) {
      if (!UNKNOWN.has((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }
  const path = join(directory, `.vigia-${process.pid}-${randomBytes(12).toString('hex')}`)
  const descriptor = openSync(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  unlinkSync(path)
  return descriptor
}
