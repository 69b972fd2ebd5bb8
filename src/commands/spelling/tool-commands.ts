// How healthcheck, token and completion are spelled. What each does is in its own file, loaded only when it is asked for.

import type { Command } from 'commander'
import type { Shell } from '../completion.ts'
import type { HealthcheckOptions } from '../live/healthcheck.ts'
import type { TokenOptions } from '../token.ts'
import type { Done } from './asking.ts'

export function addToolCommands(program: Command, admin: string, done: Done): void {
  program
    .command('healthcheck')
    .description('ask a running vigia whether it lives, for containers and scripts')
    .option('--admin <url>', 'where its admin listener is, or its health listener', admin)
    .option('--ready', 'whether it serves (/readyz), rather than whether it lives (/healthz)', false)
    .addHelpText('after', '\nExit code: 0 yes, 1 no, or no answer.')
    .action(async (options: HealthcheckOptions) =>
      done(await (await import('../live/healthcheck.ts')).healthcheck(options)),
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
