// vigia restore: puts a backup in the place of the store of a vigia that does not run, and says what is in it.

import { restore as restoreStore } from '../../store/backup/restore.ts'
import { EXIT } from '../words/exit-codes.ts'
import { contentLines, refusal, TERMINAL } from '../words/store-lines.ts'
import { userName } from '../words/user-name.ts'

export interface RestoreCommandOptions {
  /** The store's file. */
  readonly store: string
  /** Refuses a backup whose indexes or audit are not whole. */
  readonly verify: boolean
  /** Who asks, for the audit; default: the user of the operating system. */
  readonly by?: string
}

/** Resolves with the exit code; where it is not 0, the store is as it was. */
export async function restore(file: string, options: RestoreCommandOptions, io = TERMINAL): Promise<number> {
  const { store, verify, by = userName() } = options
  try {
    const { aside } = await restoreStore(file, store, {
      verify,
      actor: by,
      nowMs: Date.now(),
      onInspected: found => {
        io.out(`${file}: ${found.audit?.fault === undefined ? 'sound' : 'not sound'}`)
        for (const line of contentLines(found)) io.out(line)
      },
    })
    io.out(`${store} is restored from it${aside === undefined ? '' : `; the former one is ${aside}`}`)
    return EXIT.ok
  } catch (error) {
    refusal('nothing is restored', error, io)
    return EXIT.badConfiguration
  }
}
