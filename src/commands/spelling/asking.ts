// What the commands that ask a running vigia have in common: where it is, with which token, and what their exit codes mean.

import type { Command } from 'commander'
import { CA_FILE_VARIABLE, TOKEN_FILE_VARIABLE } from '../live/client/admin-variables.ts'

/** Takes the exit code. */
export type Done = (code: number) => void

export const EXIT_CODES = '\nExit code: 0 done, 1 refused, 2 wrong usage or vigia does not answer.'
export const BY = 'who asks (default: the user of the operating system; with a token: its name)'

/** @param admin default base URL of the admin listener @param notes below the help */
export function asking(command: Command, admin: string, notes: string = EXIT_CODES): Command {
  return command
    .option('--admin <url>', 'where its admin listener is', admin)
    .option('--json', 'print the answer as JSON', false)
    .addHelpText('after', notes)
}

/** Every command that asks a running vigia takes a token, and authorities for its certificate. To be called once all commands are there. */
export function takeTokens(program: Command): void {
  for (const command of program.commands) {
    takeTokens(command)
    if (command.options.some(({ long }) => long === '--admin')) {
      const what = 'file with the token for it (else: VIGIA_TOKEN_FILE, or VIGIA_TOKEN)'
      const whom = 'file of authorities that its certificate may be from, with https:// (else: VIGIA_CA_FILE)'
      command.option('--token-file <file>', what)
      command.option('--ca-file <file>', whom).hook('preAction', () => {
        const { tokenFile, caFile } = command.opts<{ tokenFile?: string; caFile?: string }>()
        if (tokenFile !== undefined) process.env[TOKEN_FILE_VARIABLE] = tokenFile
        if (caFile !== undefined) process.env[CA_FILE_VARIABLE] = caFile
      })
    }
  }
}
