// How audit and config are spelled. What each does is in its own file, loaded only when it is asked for.

import type { Command } from 'commander'
import type { AuditOptions } from '../live/audit.ts'
import type { ApplyOptions } from '../live/config.ts'
import type { AuditVerifyOptions } from '../store/audit-verify.ts'
import { asking as askingAt, BY, type Done } from './asking.ts'

/** @param admin base URL of the admin listener @param store the store's file */
export function addRecordCommands(program: Command, admin: string, store: string, done: Done): void {
  const asking = (command: Command) => askingAt(command, admin)

  const audit = program.command('audit').description('the record of every change').helpCommand(false)
  asking(
    audit
      .command('list', { isDefault: true })
      .description('who changed what, when and why; the newest last')
      .option('--since <when>', 'from then on: a time with its offset, or how long ago, such as 24h or 30d')
      .option('--until <when>', 'and before then')
      .option('--actor <name>', 'who did it')
      .option('--subject <name>', 'what was changed: POOL, POOL/UPSTREAM, a window, configuration')
      .option('--action <name>', 'upstream.drain, configuration.apply ...')
      .option('--limit <rows>', 'most rows, up to 1000', '50'),
  ).action(async (options: AuditOptions) => done(await (await import('../live/audit.ts')).audit(options)))
  audit
    .command('verify')
    .description('say whether a row of the audit was changed, is missing, or was put in')
    .option('--store <file>', 'the store, or a backup', store)
    .option('--expect <hash>', 'the hash of a head that was kept elsewhere: it must still be there')
    .addHelpText('after', '\nExit code: 0 when the audit is whole, 1 when not.')
    .action(async (options: AuditVerifyOptions) =>
      done(await (await import('../store/audit-verify.ts')).auditVerify(options)),
    )

  const config = program
    .command('config')
    .description('the configuration of a running vigia, over time')
    .helpCommand(false)
  const applying = (command: Command) =>
    asking(
      command
        .requiredOption('--reason <text>', 'why, for the audit')
        .option('--write', 'also into the configuration file; else that counts again at the next reload')
        .option('--unrecorded', 'also where the store cannot record it now')
        .option('--override', 'also in a change freeze')
        .option('--by <name>', BY),
    )
  asking(
    config
      .command('show', { isDefault: true })
      .description('print what is in use, or one of the history, without secrets')
      .argument('[id]'),
  ).action(async (id: string | undefined, options: { admin: string; json: boolean }) =>
    done(await (await import('../live/config.ts')).showConfig(id, options)),
  )
  asking(
    config
      .command('check')
      .description('say what is wrong with a file, and what it would change; changes nothing')
      .argument('<file>', 'the file, or - for standard input'),
  ).action(async (file: string, options: { admin: string; json: boolean }) =>
    done(await (await import('../live/config.ts')).checkConfig(file, options)),
  )
  applying(
    config.command('apply').description('put a file into use').argument('<file>', 'the file, or - for standard input'),
  ).action(async (file: string, options: ApplyOptions) =>
    done(await (await import('../live/config.ts')).applyConfig(file, options)),
  )
  applying(
    config
      .command('rollback')
      .description('put an earlier configuration into use again')
      .argument('<id>', 'its number in the history'),
  ).action(async (id: string, options: ApplyOptions) =>
    done(await (await import('../live/config.ts')).rollBackConfig(id, options)),
  )
  asking(
    config
      .command('history')
      .description('what was applied when, by whom, and what changed; the newest last')
      .option('--limit <rows>', 'most rows, up to 1000', '20'),
  ).action(async (options: { admin: string; json: boolean; limit: string }) =>
    done(await (await import('../live/config.ts')).listConfigs(options)),
  )
  asking(
    config
      .command('diff')
      .description('what differs between two of the history, or one and what is in use')
      .argument('<from>')
      .argument('[to]', 'default: what is in use'),
  ).action(async (from: string, to: string | undefined, options: { admin: string; json: boolean }) =>
    done(await (await import('../live/config.ts')).diffConfigs(from, to, options)),
  )
}
