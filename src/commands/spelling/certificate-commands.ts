// How certificates is spelled. What it does is in its own file, loaded only when it is asked for.

import type { Command } from 'commander'
import type { CertificatesOptions, RenewOptions } from '../live/certificates.ts'
import { asking, BY, type Done } from './asking.ts'

const NOTES = "\nExit code: 0 all is well, 1 one expires soon or has, or a file holds what can't be used, 2 no answer."

export function addCertificateCommands(program: Command, admin: string, done: Done): void {
  const certificates = program.command('certificates').description('certificates of the listeners').helpCommand(false)
  asking(
    certificates
      .command('list', { isDefault: true })
      .description('list them, the one that ends first before the others: whose, by whom, until when'),
    admin,
    NOTES,
  ).action(async (options: CertificatesOptions) =>
    done(await (await import('../live/certificates.ts')).listCertificates(options)),
  )
  asking(
    certificates
      .command('renew')
      .description('order a new certificate by ACME for a name, now, whatever the old one has left')
      .argument('<name>', 'one of acme.names, or a host of the routes'),
    admin,
  )
    .option('--reason <text>', 'why, for the audit', 'asked for on the command line')
    .option('--by <name>', BY)
    .option('--unrecorded', 'also where the store cannot record it now (a full disk); that is made up for')
    .action(async (name: string, options: RenewOptions) =>
      done(await (await import('../live/certificates.ts')).renewCertificate(name, options)),
    )
}
