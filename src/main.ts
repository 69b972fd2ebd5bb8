// Turns the command line into a command and its exit code. Holds no logic of its own: how commands are spelled is in commands/spelling/,
// and each is loaded only when it is asked for.

import { Command, CommanderError } from 'commander'
import { describe } from './commands/spelling/program.ts'
import { EXIT } from './commands/words/exit-codes.ts'

/** Runs the command that `argv` (as in process.argv) asks for; resolves with the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.ok
  const program = describe(new Command('vigia'), result => {
    code = result
  })
  try {
    await program.parseAsync(argv)
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    throw error
  }
}
