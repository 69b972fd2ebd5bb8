// Turns the command line into a command and its exit code. Holds no logic of its own: each command is loaded only when asked for.

import { Command, CommanderError } from 'commander'
import { EXIT } from './commands/exit-codes.ts'
import type { DrainOptions } from './commands/live/drain.ts'
import { addLiveCommands, takeTokens } from './commands/live/live-commands.ts'
import { addMaintenanceCommands } from './commands/live/maintenance-commands.ts'
import type { OperateOptions, Verb } from './commands/live/operate.ts'
import { addRecordCommands } from './commands/live/record-commands.ts'
import type { BackupOptions } from './commands/store/backup.ts'
import type { RestoreCommandOptions } from './commands/store/restore.ts'
import { VERSION } from './commands/version.ts'

const DEFAULT_CONFIG = './vigia.yaml'
const DEFAULT_ADMIN = 'http://127.0.0.1:9900'
const DEFAULT_STORE = './vigia.db'

/** Runs the command that `argv` (as in process.argv) asks for; resolves with the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.ok
  const program = describe(result => {
    code = result
  })
  try {
    await program.parseAsync(argv)
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    throw error
  }
}

function describe(done: (code: number) => void): Command {
  const program = new Command('vigia')
    .description(
      'vigia stands in front of the web nodes of an ERP, watches them, and keeps failing ones out of the way.',
    )
    .version(`vigia ${VERSION} (Node.js ${process.version})`, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help; "vigia COMMAND --help" says more about one command')
    .helpCommand(false)
    .showSuggestionAfterError()
    .showHelpAfterError('(vigia --help lists the commands)')
    .exitOverride()
    .addHelpText('after', EXAMPLES)

  program
    .command('run')
    .description('start the load balancer and keep it running')
    .option('-c, --config <file>', 'configuration file', DEFAULT_CONFIG)
    .addHelpText('after', RUN_NOTES)
    .action(async (options: { config: string }) => done(await (await import('./commands/run.ts')).run(options)))
  program
    .command('check')
    .description('check a configuration file and list everything that is wrong with it')
    .option('-c, --config <file>', 'configuration file', DEFAULT_CONFIG)
    .addHelpText('after', '\nExit code: 0 when vigia can run with it, 1 when not.')
    .action(async (options: { config: string }) => done(await (await import('./commands/check.ts')).check(options)))
  program
    .command('status')
    .description('show pools and upstreams of a running vigia')
    .option('--admin <url>', 'where its admin listener is', DEFAULT_ADMIN)
    .option('--json', 'print the whole report as JSON', false)
    .option('-w, --watch', 'show it again and again, until Ctrl-C', false)
    .addHelpText(
      'after',
      '\nExit code: 0 when every upstream is available, 1 when one is not, 2 when vigia does not answer.',
    )
    .action(async (options: { admin: string; json: boolean; watch: boolean }) =>
      done(await (await import('./commands/live/status.ts')).status(options)),
    )
  operation(program, 'drain', '<pool[/upstream]>', 'give an upstream no new work, and let what it has come to its end')
    .requiredOption('--reason <text>', 'why, for the log and for whoever asks')
    .option('--deadline <when>', 'when the rest is closed: a duration such as 30m, or a time with its offset')
    .option('--force', 'also where nothing of the pool is left then', false)
    .option('--override', 'also in a change freeze', false)
    .option('--wait', 'follow it until nothing is left', false)
    .addHelpText('after', DRAIN_NOTES)
    .action(async (place: string, options: DrainOptions) =>
      done(await (await import('./commands/live/drain.ts')).drain(place, options)),
    )
  operation(program, 'disable', '<pool[/upstream]>', 'give an upstream nothing at all, from now on')
    .requiredOption('--reason <text>', 'why, for the log and for whoever asks')
    .option('--force', 'also where nothing of the pool is left then', false)
    .option('--override', 'also in a change freeze', false)
    .addHelpText('after', DISABLE_NOTES)
    .action(async (place: string, options: OperateOptions) =>
      done(await (await import('./commands/live/operate.ts')).operate('disable', place, options)),
    )
  operation(program, 'enable', '<pool[/upstream]>', 'end what drain or disable has asked for')
    .option('--reason <text>', 'why, for the log')
    .addHelpText('after', ASKED_NOTES)
    .action(async (place: string, options: OperateOptions) =>
      done(await (await import('./commands/live/operate.ts')).operate('enable', place, options)),
    )
  operation(
    program,
    'failback',
    '<pool>',
    'let the load of a pool with "failback: manual" return to earlier priorities',
  )
    .option('--reason <text>', 'why, for the log', 'asked for on the command line')
    .option('--override', 'also in a change freeze', false)
    .addHelpText('after', ASKED_NOTES)
    .action(async (pool: string, options: OperateOptions) =>
      done(await (await import('./commands/live/operate.ts')).operate('failback', pool, options)),
    )
  program
    .command('backup')
    .description('copy the store (audit, history, orders, windows) of a vigia, running or not, into a file')
    .argument('<file>')
    .option('--store <file>', 'the store', DEFAULT_STORE)
    .option('--force', 'replace a file of that name', false)
    .addHelpText('after', BACKUP_NOTES)
    .action(async (file: string, options: BackupOptions) =>
      done(await (await import('./commands/store/backup.ts')).backup(file, options)),
    )
  program
    .command('restore')
    .description('put a backup in the place of the store of a vigia that does not run')
    .argument('<file>')
    .option('--store <file>', 'the store', DEFAULT_STORE)
    .option('--verify', 'read all of it first, the audit chain too, and refuse what is not whole', false)
    .option('--by <name>', 'who asks (default: the user of the operating system)')
    .addHelpText('after', RESTORE_NOTES)
    .action(async (file: string, options: RestoreCommandOptions) =>
      done(await (await import('./commands/store/restore.ts')).restore(file, options)),
    )
  program
    .command('demo')
    .description('start three sample ERP nodes with vigia in front, and say what to try')
    .action(async () => done(await (await import('./commands/demo.ts')).demo({})))
  addLiveCommands(program, DEFAULT_ADMIN, done)
  addRecordCommands(program, { admin: DEFAULT_ADMIN, store: DEFAULT_STORE }, done)
  addMaintenanceCommands(program, DEFAULT_ADMIN, done)
  takeTokens(program)
  return program
}

/** A command that asks a running vigia for a change. */
function operation(program: Command, verb: Verb, argument: string, description: string): Command {
  return program
    .command(verb)
    .description(description)
    .argument(argument)
    .option('--by <name>', 'who asks (default: the user of the operating system)')
    .option('--unrecorded', 'also where the store cannot record it now (a full disk); that is made up for')
    .option('--admin <url>', 'where its admin listener is', DEFAULT_ADMIN)
    .option('--json', 'print the resulting state as JSON', false)
}

const EXAMPLES = `
Examples:
  vigia demo                          see it work, nothing to prepare
  vigia check -c /etc/vigia.yaml      before you deploy a change
  vigia run -c /etc/vigia.yaml        start; SIGTERM or Ctrl-C drains and stops, SIGHUP reads the file again
  vigia status                        who serves, who does not, and why
  vigia drain erp/erp-1 --reason "kernel update" --deadline 30m --wait
  vigia enable erp/erp-1              back into rotation
  vigia weight erp/erp-1 20% --reason "warming up"
  vigia maintenance list              windows, and when they take place next
  vigia events -f                     what happens, as it happens

Exit codes: 0 fine, 1 bad configuration or refused, 2 wrong usage or no answer, 69 can't listen, 70 internal error, 78 Node.js too old.`

const RUN_NOTES = `
Signals:
  SIGTERM, SIGINT   take no new connections, finish what is in flight (up to "shutdown"), then exit 0;
                    a second one ends at once
  SIGHUP            read the configuration again; a file with errors changes nothing. A changed file is also
                    applied without being asked, unless it says "watch: false"

Exit codes: 0 stopped as asked, 1 bad configuration, 69 can't listen (e.g. the port is taken), 70 internal error.`

const ASKED_NOTES = `
Exit code: 0 done, 1 refused, 2 wrong usage or vigia does not answer.`

const DRAIN_NOTES = `
A drained upstream serves the sessions that belong to it (affinity), and gets nothing else. At the deadline it is disabled,
and its tunnels are closed over a few seconds; requests in flight are never cut. Without a deadline the drain lasts until
"vigia enable". A drain that would leave a pool without an available upstream is refused, unless forced.
With --wait, ending the command does not end the drain.

Exit code: 0 done (with --wait: nothing is left), 1 refused (with --wait: the deadline came first, or the drain was lifted),
2 wrong usage or vigia does not answer.`

const DISABLE_NOTES = `
Its sessions move to other upstreams, its tunnels are closed over a few seconds; requests in flight are never cut.
To let sessions come to their end first, drain it.
${ASKED_NOTES}`

const BACKUP_NOTES = `
The copy is of one moment, whole, needs no other file, and was read through before it counts. It holds the configuration and
names of people: only its owner may read it. Keep a copy off site.

Exit code: 0 done, 1 no copy was made.`

const RESTORE_NOTES = `
The backup is copied and checked before anything changes; the former store is kept beside as FILE.before-restore-TIME.
Refused while a vigia uses the store.

Exit code: 0 done, 1 nothing was changed.`
