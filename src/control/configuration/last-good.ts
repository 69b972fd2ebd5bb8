// The last good configuration, in a file of its own (`vigia run --last-good`): read where the configuration file can't be used at a
// start. Whenever one is put into use the reloader writes it.

import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

/** A configuration is no larger; what is larger is not one. */
const MOST_BYTES = 16 * 1024 * 1024

/** Rejects where there is none that can be read. */
export async function readLastGood(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const stats = await file.stat()
    if (!stats.isFile() || stats.size > MOST_BYTES) throw new Error(`${path} is no configuration`)
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}
