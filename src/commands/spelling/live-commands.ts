// How weight, reload, events and in-doubt are spelled. What each does is in its own file, loaded only when it is asked for.

import type { Command } from 'commander'
import { EVENT_TYPES } from '../../admin/contract/events.ts'
import type { EventsOptions } from '../live/events.ts'
import type { ListOptions, ResolveOptions } from '../live/in-doubt.ts'
import type { IncidentsOptions } from '../live/incidents.ts'
import type { OperateOptions } from '../live/operate.ts'
import type { ReloadOptions } from '../live/reload.ts'
import { asking as askingAt, BY, type Done } from './asking.ts'

export function addLiveCommands(program: Command, admin: string, done: Done): void {
  const asking = (command: Command) => askingAt(command, admin)
  const changing = (command: Command) => asking(command.option('--by <name>', BY))

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
    done(await (await import('../live/weight.ts')).weight(place, wanted, options)),
  )
  changing(
    program
      .command('reload')
      .description('read the configuration file of a running vigia again; a file with errors changes nothing')
      .option('--reason <text>', 'why, for the log and the audit')
      .option('--override', 'also in a change freeze (with --reason)', false),
  ).action(async (options: ReloadOptions) => done(await (await import('../live/reload.ts')).reload(options)))
  const events = program.command('events')
  asking(
    events
      .description('what has happened of late: transitions, pools, reloads, windows, requests in doubt')
      .option('-f, --follow', 'and what happens from now on', false)
      .option('--after <id>', 'only what came after this event')
      .option('--pool <pool>', 'only of this pool and its upstreams')
      .addOption(events.createOption('--type <type>', 'only of this type').choices(EVENT_TYPES))
      .option('--since <when>', 'only from then on: a time with its offset, or how long ago, such as 24h'),
  ).action(async (options: EventsOptions) => done(await (await import('../live/events.ts')).events(options)))
  asking(
    program
      .command('incidents')
      .description(
        'when an upstream, a pool or vigia itself was not available: how long, why, how many requests failed',
      )
      .option('--open', 'only those that last')
      .option('--pool <pool>', 'only of this pool and its upstreams')
      .option('--since <when>', 'from then on: a time with its offset, or how long ago, such as 24h or 30d')
      .option('--until <when>', 'and before then')
      .option('--limit <rows>', 'most rows, up to 1000', '50'),
  ).action(async (options: IncidentsOptions) => done(await (await import('../live/incidents.ts')).incidents(options)))

  const inDoubt = program.command('in-doubt').description('unsafe requests whose fate is unknown').helpCommand(false)
  asking(
    inDoubt
      .command('list', { isDefault: true })
      .description('list them, newest first')
      .option('--all', 'also those that are settled', false),
  ).action(async (options: ListOptions) => done(await (await import('../live/in-doubt.ts')).listInDoubt(options)))
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
    done(await (await import('../live/in-doubt.ts')).resolveInDoubt(id, options)),
  )
}
