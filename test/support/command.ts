// Runs a command of the real program (`node bin/vigia.js ...`) to its end.

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface CommandResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const PROGRAM = fileURLToPath(new URL('../../bin/vigia.js', import.meta.url))

/** @param onStdout sees everything that came so far @param env more environment variables */
export function vigiaCommand(
  args: readonly string[],
  onStdout?: (text: string) => void,
  env: NodeJS.ProcessEnv = {},
): Promise<CommandResult> {
  return new Promise(resolve => {
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', chunk => {
      stdout += chunk
      onStdout?.(stdout)
    })
    child.stderr.on('data', chunk => {
      stderr += chunk
    })
    child.on('close', code => resolve({ code, stdout, stderr }))
  })
}
