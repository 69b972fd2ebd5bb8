// How certificates is spelled. What it does is in its own file, loaded only when it is asked for.

import type { Command } from 'commander'
import type { CertificatesOptions } from '../live/certificates.ts'
import { asking, type Done } from './asking.ts'

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
}
