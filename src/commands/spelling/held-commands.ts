// How held and integrations are spelled. What they do is in files of their own, loaded only when they are asked for.

import type { Command } from 'commander'
import type {
  HeldExportOptions,
  HeldListOptions,
  HeldOrderOptions,
  HeldSettleOptions,
  HeldShowOptions,
} from '../live/held.ts'
import type { IntegrationsOptions, PauseOptions } from '../live/integrations.ts'
import { asking, BY, type Done } from './asking.ts'

const STATES = ['waiting', 'sending', 'answered', 'in-doubt', 'dead', 'dropped']

export function addHeldCommands(program: Command, admin: string, done: Done): void {
  const held = program
    .command('held')
    .description('the requests that are held while their pool does not serve, and what became of them')
    .helpCommand(false)
  asking(
    which(held.command('list', { isDefault: true }).description('those that are kept, the oldest first'))
      .option('--limit <rows>', 'most rows, up to 1000', '100')
      .option('--cursor <n>', 'go on where the page before ended'),
    admin,
  ).action(async (options: HeldListOptions) => done(await (await import('../live/held.ts')).heldList(options)))
  asking(
    held
      .command('show')
      .description('one of them: when it came, how often it was tried, what was answered')
      .argument('<id>')
      .option('--content', 'also what it says (role admin; that it was read is audited)', false)
      .option('--reason <text>', 'why it is read, for the audit')
      .option('--by <name>', BY),
    admin,
  ).action(async (id: string, options: HeldShowOptions) =>
    done(await (await import('../live/held.ts')).heldShow(id, options)),
  )
  const order = (verb: 'retry' | 'drop', description: string) =>
    asking(
      which(held.command(verb).description(description).argument('[ids...]'))
        .option('--all', 'all that --route, --state and --key name', false)
        .requiredOption('--reason <text>', 'why, for the audit and for whoever asks')
        .option('--by <name>', BY)
        .option('--unrecorded', 'also where the store cannot record it now (a full disk); that is made up for'),
      admin,
      HELD_NOTES[verb],
    ).action(async (ids: string[], options: HeldOrderOptions) =>
      done(await (await import('../live/held.ts')).heldOrder(verb, ids, options)),
    )
  order('retry', 'send them again, dead ones and ones in doubt, too')
  held.commands
    .at(-1)!
    .option('--at <when>', 'not before: a time with its offset, or in how long; later ones of its key wait for it')
    .option('--ttl <time>', 'how long each has from then on, such as 7d (default: as its route says)')
  order('drop', 'give them up for good')
  asking(
    held
      .command('settle')
      .description('say what became of one that is in doubt')
      .argument('<id>')
      .addOption(
        held
          .createOption('--as <what>', 'done: it was carried out; not-done: it goes again')
          .choices(['done', 'not-done'])
          .makeOptionMandatory(),
      )
      .requiredOption('--note <text>', 'how you found out')
      .option('--by <name>', BY)
      .option('--unrecorded', 'also where the store cannot record it now (a full disk); that is made up for'),
    admin,
  ).action(async (id: string, options: HeldSettleOptions) =>
    done(await (await import('../live/held.ts')).heldSettle(id, options)),
  )
  which(held.command('export').description('all of them for reconciliation, without what they say'))
    .addOption(
      held
        .createOption('--format <format>', 'a line of JSON each, or CSV')
        .choices(['ndjson', 'csv'])
        .default('ndjson'),
    )
    .option('-o, --output <file>', 'write it there (default: standard output)')
    .option('--admin <url>', 'where its admin listener is', admin)
    .addHelpText('after', '\nExit code: 0 all are written, 1 refused or cut, 2 wrong usage or vigia does not answer.')
    .action(async (options: HeldExportOptions) => done(await (await import('../live/held.ts')).heldExport(options)))
  addPauseCommands(held, admin, done)
  addIntegrationsCommands(program, admin, done)
}

function addIntegrationsCommands(program: Command, admin: string, done: Done): void {
  const integrations = program
    .command('integrations')
    .description('routes that hold requests, or serve programs of partners: what each holds, and whether it is paused')
    .helpCommand(false)
  asking(integrations.command('list', { isDefault: true }).description('all of them, as they are now'), admin).action(
    async (options: IntegrationsOptions) =>
      done(await (await import('../live/integrations.ts')).integrationsList(options)),
  )
  addPauseCommands(integrations, admin, done)
}

function addPauseCommands(parent: Command, admin: string, done: Done): void {
  const change = (verb: 'pause' | 'resume', command: Command) =>
    asking(
      command
        .option('--by <name>', BY)
        .option('--unrecorded', 'also where the store cannot record it now (a full disk); that is made up for'),
      admin,
    ).action(async (route: string, options: PauseOptions) =>
      done(await (await import('../live/integrations.ts')).integrationsChange(verb, route, options)),
    )
  change(
    'pause',
    parent
      .command('pause')
      .description('hold or refuse the requests of a route, as it says, and send none that are held')
      .argument('<route>')
      .requiredOption('--reason <text>', 'why, for the audit and for whoever asks')
      .option('--until <when>', 'when it ends by itself: a length of time such as 2h, or a time with its offset')
      .option('--override', 'also in a change freeze', false),
  )
  change(
    'resume',
    parent
      .command('resume')
      .description('end the pause of a route: what is held is sent')
      .argument('<route>')
      .option('--reason <text>', 'why, for the audit'),
  )
}

function which(command: Command): Command {
  return command
    .option('--route <route>', 'only of this route')
    .addOption(command.createOption('--state <state>', 'only in this state').choices(STATES))
    .option('--key <key>', 'only of this key (what their order is kept by)')
}

const HELD_NOTES = {
  retry: `
What is in doubt may have been carried out: look into the ERP first, or it is done twice.

Exit code: 0 all are sent again, 1 refused, or some were left, 2 wrong usage or vigia does not answer.`,
  drop: `
Their senders learn that they were dropped. What is on its way is left; so is what was answered.

Exit code: 0 all are dropped, 1 refused, or some were left, 2 wrong usage or vigia does not answer.`,
} as const
