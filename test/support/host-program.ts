// What a host process runs (host.ts): `vigia run`, again and again, as often as it is told to. Each time it is a vigia of its own, with
// threads, sockets and memory of its own; only the loaded modules stay.

import { setTimeout as sleep } from 'node:timers/promises'
import { run } from '../../src/commands/run.ts'
import { END_OF_OUTPUT, type HostEnd, type HostOrder } from './host.ts'

// A signal that comes when its vigia has just ended must not end the host.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1'] as const) process.on(signal, () => {})
process.on('disconnect', () => process.exit())
process.on('message', async (order: HostOrder) => {
  const code = await run(order)
  // Its log is written beside everything else; a process of its own would stay until that is done.
  while (process.getActiveResourcesInfo().includes('FSReqCallback')) await sleep(1)
  process.stdout.write(END_OF_OUTPUT)
  process.stderr.write(END_OF_OUTPUT)
  process.send?.({ code } satisfies HostEnd)
})
