// vigia backup: copies the store of a vigia, running or not, into one file, and says what is in the copy.

import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { backUp } from '../../store/backup/backup.ts'
import { EXIT } from '../words/exit-codes.ts'
import { contentLines, refusal, TERMINAL } from '../words/store-lines.ts'

export interface BackupOptions {
  /** The store's file. */
  readonly store: string
  /** Replaces a file of that name. */
  readonly force: boolean
}

/** Resolves with the exit code; where it is 0, the copy is on the disk and was read through. */
export async function backup(file: string, { store, force }: BackupOptions, io = TERMINAL): Promise<number> {
  try {
    const report = await backUp(store, file, { force })
    io.out(`${file}: a sound copy of ${store}, ${Math.ceil(report.bytes / 1024)} KiB`)
    for (const line of contentLines(report)) io.out(line)
    const held = join(dirname(store), 'held.db')
    if (existsSync(held))
      io.out(`Held requests (${held}) are not in it: an old copy would send again what has gone out since.`)
    return EXIT.ok
  } catch (error) {
    refusal('no backup', error, io)
    return EXIT.badConfiguration
  }
}
