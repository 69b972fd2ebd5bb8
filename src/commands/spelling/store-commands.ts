// How backup and restore are spelled. What each does is in its own file, loaded only when it is asked for.

import type { Command } from 'commander'
import type { BackupOptions } from '../store/backup.ts'
import type { RestoreCommandOptions } from '../store/restore.ts'
import type { Done } from './asking.ts'

export function addStoreCommands(program: Command, path: string, done: Done): void {
  program
    .command('backup')
    .description('copy the store (audit, history, orders, windows) of a vigia, running or not, into a file')
    .argument('<file>')
    .option('--store <file>', 'the store', path)
    .option('--force', 'replace a file of that name', false)
    .addHelpText('after', BACKUP_NOTES)
    .action(async (file: string, options: BackupOptions) =>
      done(await (await import('../store/backup.ts')).backup(file, options)),
    )
  program
    .command('restore')
    .description('put a backup in the place of the store of a vigia that does not run')
    .argument('<file>')
    .option('--store <file>', 'the store', path)
    .option('--verify', 'read all of it first, the audit chain too, and refuse what is not whole', false)
    .option('--by <name>', 'who asks (default: the user of the operating system)')
    .addHelpText('after', RESTORE_NOTES)
    .action(async (file: string, options: RestoreCommandOptions) =>
      done(await (await import('../store/restore.ts')).restore(file, options)),
    )
}

const BACKUP_NOTES = `
The copy is of one moment, whole, needs no other file, and was read through before it counts. It holds the configuration and
names of people: only its owner may read it. Keep a copy off site. Held requests (held.db) are not in it: an old copy of them would send again what has gone out since.

Exit code: 0 done, 1 no copy was made.`

const RESTORE_NOTES = `
The backup is copied and checked before anything changes; the former store is kept beside as FILE.before-restore-TIME.
Refused while a vigia uses the store. Held requests (held.db) stay as they are.

Exit code: 0 done, 1 nothing was changed.`
