// Puts a text in the place of a file, whole or not at all: who reads it meanwhile reads the former one. Keeps what a link points to,
// and who may read it.

import { randomUUID } from 'node:crypto'
import { open, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** Where nobody has said who may read it, only the owner may: there may be secrets in it. */
const PRIVATE = 0o600

/** Resolves with one line where it can't be done; then the file is as it was. Never rejects. */
export async function replaceFile(path: string, text: string): Promise<string | undefined> {
  const real = await realpath(path).catch(() => path)
  const next = join(dirname(real), `.${basename(real)}.${randomUUID()}`)
  try {
    const mode = await stat(real).then(
      ({ mode }) => mode & 0o777,
      () => PRIVATE,
    )
    const file = await open(next, 'wx', mode)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(next, real)
    return undefined
  } catch (error) {
    await rm(next, { force: true }).catch(() => {})
    return `${path} can't be written: ${(error as NodeJS.ErrnoException).code ?? String(error)}`
  }
}
