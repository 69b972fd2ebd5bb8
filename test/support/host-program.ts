// What a host process runs (host.ts): commands of vigia, one after the other, as it is told to. Each `run` is a vigia of its own, with
// threads, sockets and memory of its own; only the loaded modules stay.

import { flushCompileCache } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { main } from '../../src/main.ts'
import { WORKER_URL } from './bundles.ts'
import { END_OF_OUTPUT, type HostEnd, type HostOrder } from './host.ts'

const ENVIRONMENT = { ...process.env }

// A signal that comes when its command has just ended must not end the host.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1'] as const) process.on(signal, () => {})
process.on('disconnect', () => process.exit())
process.on('message', async ({ args, env }: HostOrder) => {
  Object.assign(process.env, env)
  const code = await carryOut(args)
  // Also what the command itself has put there.
  for (const name of Object.keys(process.env)) if (!(name in ENVIRONMENT)) delete process.env[name]
  Object.assign(process.env, ENVIRONMENT)
  // Its log is written beside everything else; a process of its own would stay until that is done.
  while (process.getActiveResourcesInfo().includes('FSReqCallback')) await sleep(1)
  keepCompiled()
  process.stdout.write(END_OF_OUTPUT)
  process.stderr.write(END_OF_OUTPUT)
  process.send?.({ code } satisfies HostEnd)
})

let isKept = false

/** For the next hosts: this one is killed in the end, and would leave nothing behind of what it has compiled. */
function keepCompiled(): void {
  if (!isKept) flushCompileCache()
  isKept = true
}

async function carryOut(args: readonly string[]): Promise<number> {
  const [command, option, config, ...more] = args
  if (command !== 'run' || option !== '-c' || config === undefined) return main([process.execPath, 'vigia', ...args])
  const { run } = await import('../../src/commands/run.ts')
  return run({ config, workerUrl: WORKER_URL, lastGood: more.includes('--last-good') })
}
