// How status, drain, disable, enable and failback are spelled. What each does is in its own file, loaded only when it is asked for.

import type { Command } from 'commander'
import type { DrainOptions } from '../live/drain.ts'
import type { OperateOptions, Verb } from '../live/operate.ts'
import { type Done, EXIT_CODES } from './asking.ts'

export function addOperationCommands(program: Command, admin: string, done: Done): void {
  const operation = (verb: Verb, argument: string, description: string) =>
    asksForChange(program.command(verb).description(description).argument(argument), admin)

  program
    .command('status')
    .description('show pools and upstreams of a running vigia')
    .option('--admin <url>', 'where its admin listener is', admin)
    .option('--json', 'print the whole report as JSON', false)
    .option('-w, --watch', 'show it again and again, until Ctrl-C', false)
    .addHelpText(
      'after',
      '\nExit code: 0 when every upstream is available, 1 when one is not, 2 when vigia does not answer.',
    )
    .action(async (options: { admin: string; json: boolean; watch: boolean }) =>
      done(await (await import('../live/status.ts')).status(options)),
    )
  operation('drain', '<pool[/upstream]>', 'give an upstream no new work, and let what it has come to its end')
    .requiredOption('--reason <text>', 'why, for the log and for whoever asks')
    .option('--deadline <when>', 'when the rest is closed: a duration such as 30m, or a time with its offset')
    .option('--force', 'also where nothing of the pool, or of its site, is left then', false)
    .option('--override', 'also in a change freeze', false)
    .option('--wait', 'follow it until nothing is left', false)
    .addHelpText('after', DRAIN_NOTES)
    .action(async (place: string, options: DrainOptions) =>
      done(await (await import('../live/drain.ts')).drain(place, options)),
    )
  operation('disable', '<pool[/upstream]>', 'give an upstream nothing at all, from now on')
    .requiredOption('--reason <text>', 'why, for the log and for whoever asks')
    .option('--force', 'also where nothing of the pool, or of its site, is left then', false)
    .option('--override', 'also in a change freeze', false)
    .addHelpText('after', DISABLE_NOTES)
    .action(async (place: string, options: OperateOptions) =>
      done(await (await import('../live/operate.ts')).operate('disable', place, options)),
    )
  operation('enable', '<pool[/upstream]>', 'end what drain or disable has asked for')
    .option('--reason <text>', 'why, for the log')
    .addHelpText('after', EXIT_CODES)
    .action(async (place: string, options: OperateOptions) =>
      done(await (await import('../live/operate.ts')).operate('enable', place, options)),
    )
  operation('failback', '<pool>', 'let the load of a pool with "failback: manual" return to earlier priorities')
    .option('--reason <text>', 'why, for the log', 'asked for on the command line')
    .option('--override', 'also in a change freeze', false)
    .addHelpText('after', EXIT_CODES)
    .action(async (pool: string, options: OperateOptions) =>
      done(await (await import('../live/operate.ts')).operate('failback', pool, options)),
    )
}

function asksForChange(command: Command, admin: string): Command {
  return command
    .option('--by <name>', 'who asks (default: the user of the operating system)')
    .option('--unrecorded', 'also where the store cannot record it now (a full disk); that is made up for')
    .option('--admin <url>', 'where its admin listener is', admin)
    .option('--json', 'print the resulting state as JSON', false)
}

const DRAIN_NOTES = `
A drained upstream serves the sessions that belong to it (affinity), and gets nothing else. At the deadline it is disabled,
and its tunnels are closed over a few seconds; requests in flight are never cut. Without a deadline the drain lasts until
"vigia enable". A drain that would leave a pool without an available upstream is refused, unless forced; so is one that
would move its users to another site (a later priority). "*/erp-1" is that machine in all pools.
With --wait, ending the command does not end the drain.

Exit code: 0 done (with --wait: nothing is left), 1 refused (with --wait: the deadline came first, or the drain was lifted),
2 wrong usage or vigia does not answer.`

const DISABLE_NOTES = `
Its sessions move to other upstreams, its tunnels are closed over a few seconds; requests in flight are never cut.
To let sessions come to their end first, drain it. "*/erp-1" is that machine in all pools.
${EXIT_CODES}`
