// Runs a command of vigia (`vigia ...`) to its end, in a host process (host.ts).

import { runHosted } from './host.ts'

export interface CommandResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** @param onStdout sees everything that came so far @param env more environment variables */
export async function vigiaCommand(
  args: readonly string[],
  onStdout?: (text: string) => void,
  env: NodeJS.ProcessEnv = {},
): Promise<CommandResult> {
  const run = runHosted(args, env, onStdout)
  const { code } = await run.exited
  return { code, stdout: run.stdout(), stderr: run.stderr() }
}
