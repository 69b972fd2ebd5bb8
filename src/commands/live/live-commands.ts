// The commands for a vigia that runs, which main.ts adds to its own: events, reload, weight, in-doubt; and token, completion. Says how they are
// spelled; what each does is in its own file, loaded only when it is asked for.

import type { Command } from 'commander'
import type { Shell } from '../completion.ts'
import type { TokenOptions } from '../token.ts'
import { TOKEN_FILE_VARIABLE } from './admin-client.ts'
import type { EventsOptions } from './events.ts'
import type { ListOptions, ResolveOptions } from './in-doubt.ts'
import type { OperateOptions } from './operate.ts'
import type { ReloadOptions } from './reload.ts'

type Done = (code: number) => void

const EXIT_CODES = '\nExit code: 0 done, 1 refused, 2 wrong usage or vigia does not answer.'

export function addLiveCommands(program: Command, admin: string, done: Done): void {
  const asking = (command: Command) =>
    command
      .option('--admin <url>', 'where its admin listener is', admin)
      .option('--json', 'print the answer as JSON', false)
      .addHelpText('after', EXIT_CODES)
  const changing = (command: Command) =>
    asking(
      command.option('--by <name>', 'who asks (default: the user of the operating system; with a token: its name)'),
    )

  changing(
    program
      .command('weight')
      .description('give an upstream another share of new work than the configured one')
      .argument('<pool/upstream>')
      .argument('<weight>', 'N or N% of the configured one (0 to 1000), or reset')
      .requiredOption('--reason <text>', 'why, for the log and for whoever asks')
      .option('--force', 'also where nothing of the pool is left then', false)
      .option('--override', 'also in a change freeze', false),
  ).action(async (place: string, wanted: string, options: OperateOptions) =>
    done(await (await import('./weight.ts')).weight(place, wanted, options)),
  )
  changing(
    program
      .command('reload')
      .description('read the configuration file of a running vigia again; a file with errors changes nothing')
      .option('--reason <text>', 'why, for the log and the audit')
      .option('--override', 'also in a change freeze (with --reason)', false),
  ).action(async (options: ReloadOptions) => done(await (await import('./reload.ts')).reload(options)))
  asking(
    program
      .command('events')
      .description('what has happened of late: transitions, reloads, windows, requests in doubt')
      .option('-f, --follow', 'and what happens from now on', false)
      .option('--after <id>', 'only what came after this event'),
  ).action(async (options: EventsOptions) => done(await (await import('./events.ts')).events(options)))

  const inDoubt = program.command('in-doubt').description('unsafe requests whose fate is unknown').helpCommand(false)
  asking(
    inDoubt
      .command('list', { isDefault: true })
      .description('list them, newest first')
      .option('--all', 'also those that are settled', false),
  ).action(async (options: ListOptions) => done(await (await import('./in-doubt.ts')).listInDoubt(options)))
  const resolve = inDoubt.command('resolve').description('say what became of one').argument('<id>', 'its request id')
  changing(
    resolve
      .addOption(
        resolve
          .createOption('--as <what>', 'it was carried out, it was not, or nobody will look into it')
          .choices(['done', 'not-done', 'ignored'])
          .makeOptionMandatory(),
      )
      .option('--note <text>', 'how it was found out'),
  ).action(async (id: string, options: ResolveOptions) =>
    done(await (await import('./in-doubt.ts')).resolveInDoubt(id, options)),
  )

  const token = program
    .command('token')
    .description('make a token for the admin listener, and its hash for the configuration')
  token
    .option('--name <name>', 'whose it is', 'operator')
    .addOption(
      token.createOption('--role <role>', 'what it may do').choices(['read', 'operate', 'admin']).default('operate'),
    )
    .option('--json', 'print token and hash as JSON', false)
    .addHelpText(
      'after',
      '\nThe token is on standard output, the rest is not: "vigia token > FILE" makes a token file.',
    )
    .action(async (options: TokenOptions) => done((await import('../token.ts')).makeToken(options)))
  const completion = program.command('completion').description('print a script that completes vigia in a shell')
  completion
    .addArgument(completion.createArgument('<shell>').choices(['bash', 'zsh', 'fish']))
    .action(async (shell: Shell) => done((await import('../completion.ts')).completion(shell, program)))
}

/** Every command that asks a running vigia takes a token. To be called once all commands are there. */
export function takeTokens(program: Command): void {
  for (const command of program.commands) {
    takeTokens(command)
    if (command.options.some(({ long }) => long === '--admin')) {
      const what = 'file with the token for it (else: VIGIA_TOKEN_FILE, or VIGIA_TOKEN)'
      command.option('--token-file <file>', what).hook('preAction', () => {
        const { tokenFile } = command.opts<{ tokenFile?: string }>()
        if (tokenFile !== undefined) process.env[TOKEN_FILE_VARIABLE] = tokenFile
      })
    }
  }
}
