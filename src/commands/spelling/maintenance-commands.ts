// How `vigia maintenance` and its commands are spelled. What each does is in live/maintenance.ts, loaded only when it is asked for.

import type { Command } from 'commander'
import type { AddOptions, ListOptions, OrderOptions, OrderVerb } from '../live/maintenance.ts'
import { asking as askingAt, BY, type Done, EXIT_CODES } from './asking.ts'

const ADD_NOTES = `
Times are local times of the zone, without offset: 2026-12-06T02:00. The scope is one of --pool, --upstream, --route, --everything.
A window that would leave a pool with too few upstreams is refused. What is made here survives reloads, and is not in the file.

Example:
  vigia maintenance add "kernel update" --upstream erp/erp-1 --start 2026-12-09T22:00 --duration 2h \\
    --time-zone America/Sao_Paulo --lead 15m --reason "new kernel"
${EXIT_CODES}`

export function addMaintenanceCommands(program: Command, admin: string, done: Done): void {
  const maintenance = program
    .command('maintenance')
    .description('planned maintenance windows and change freezes')
    .helpCommand(false)
  const asking = (command: Command, notes?: string) => askingAt(command, admin, notes)
  const load = () => import('../live/maintenance.ts')

  asking(
    maintenance
      .command('list', { isDefault: true })
      .description('what each window does now, and when it takes place next')
      .option('--days <n>', 'what takes place within so many days, in order of time'),
  ).action(async (options: ListOptions) => done(await (await load()).listWindows(options)))

  const add = maintenance.command('add').description('make a window').argument('<name>', 'a new one')
  asking(
    add
      .option('--pool <pool>', 'for all of a pool')
      .option('--upstream <pool/upstream>', 'for one upstream')
      .option('--route <route>', 'for the requests of a route')
      .option('--everything', 'for all pools and routes')
      .option('--freeze', 'a change freeze: traffic is left alone, changes are refused')
      .requiredOption('--start <local time>', 'the first start')
      .option('--duration <length>', 'how long, e.g. 4h')
      .option('--end <local time>', 'the first end, in the place of --duration')
      .requiredOption('--time-zone <name>', 'IANA name, e.g. America/Sao_Paulo')
      .option('--repeat <rule>', 'RFC 5545 rule, e.g. "FREQ=MONTHLY;BYDAY=1SU" (default: once)')
      .option('--except <dates...>', 'starts of the rule that are left out')
      .option('--reason <text>', 'what users and colleagues read')
      .addOption(add.createOption('--behaviour <what>', 'what requests meet').choices(['drain', 'answer']))
      .option('--lead <length>', 'how long before the start no new sessions come in')
      .addOption(add.createOption('--overrun <what>', 'what its end does').choices(['reopen', 'confirm']))
      .option('--only-when-healthy', 'reopens only once the probes pass')
      .option('--bypass-address <ranges...>', 'clients that pass all the same')
      .option('--by <name>', BY),
    ADD_NOTES,
  ).action(async (name: string, options: AddOptions) => done(await (await load()).addWindow(name, options)))

  const order = (verb: OrderVerb, description: string) => {
    const command = maintenance.command(verb).description(description).argument('<name>')
    if (verb === 'end') {
      command
        .option('--force', 'also where probes still fail', false)
        .option('--next', 'where none is under way: the next one does not take place', false)
    }
    if (verb === 'extend') command.requiredOption('--duration <length>', 'how much later it ends, e.g. 30m')
    asking(
      command.requiredOption('--reason <text>', 'why, for the log and for whoever asks').option('--by <name>', BY),
    ).action(async (name: string, options: OrderOptions) => done(await (await load()).orderWindow(verb, name, options)))
  }
  order('end', 'end what is under way early')
  order('uncancel', 'the nearest date that was cancelled (end --next) takes place after all')
  order('extend', 'move the end of what is under way; from now on where that has passed')
  order('confirm', 'say that the work is done: what stays closed beyond its end reopens')
  order('remove', 'remove a window that was made here')
}
