// Turns the command line into a command and its exit code. Holds no logic of its own: each command is loaded only when asked for.

import { Command, CommanderError } from 'commander'
import { EXIT } from './commands/exit-codes.ts'
import { VERSION } from './commands/version.ts'

const DEFAULT_CONFIG = './vigia.yaml'
const DEFAULT_ADMIN = 'http://127.0.0.1:9900'

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
    .addHelpText(
      'after',
      '\nExit code: 0 when every upstream is available, 1 when one is not, 2 when vigia does not answer.',
    )
    .action(async (options: { admin: string; json: boolean }) =>
      done(await (await import('./commands/status.ts')).status(options)),
    )
  program
    .command('demo')
    .description('start three sample ERP nodes with vigia in front, and say what to try')
    .action(async () => done(await (await import('./commands/demo.ts')).demo({})))
  return program
}

const EXAMPLES = `
Examples:
  vigia demo                          see it work, nothing to prepare
  vigia check -c /etc/vigia.yaml      before you deploy a change
  vigia run -c /etc/vigia.yaml        start; SIGTERM or Ctrl-C drains and stops, SIGHUP reads the file again
  vigia status                        who serves, who does not, and why

Exit codes: 0 fine, 1 bad configuration, 2 wrong usage, 69 can't listen, 70 internal error, 78 Node.js too old.`

const RUN_NOTES = `
Signals:
  SIGTERM, SIGINT   take no new connections, finish what is in flight (up to "shutdown"), then exit 0;
                    a second one ends at once
  SIGHUP            read the configuration again; a file with errors changes nothing

Exit codes: 0 stopped as asked, 1 bad configuration, 69 can't listen (e.g. the port is taken), 70 internal error.`
