// A descriptor of this worker's own for a socket that the process was started with. All threads have the same table of descriptors: who
// closes number 3, at its end or because it is ended, closes it for all others, who notice nothing. Node can't duplicate a descriptor, but
// a child can send it back: what comes over a channel is another descriptor of the same socket. (record 66)

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** A socket as Node has it inside: net.Server takes it to listen on. */
export interface SocketHandle {
  close(): void
}

const PROGRAM = fileURLToPath(new URL('./pass-descriptors.ts', import.meta.url))
/** Starting a child takes a tenth of a second; one that takes this long stands still. */
const WITHIN_MS = 20_000

/** Parallel to `fds`. Rejects with one line where the child sends them not. */
export function ownDescriptors(fds: readonly number[]): Promise<readonly SocketHandle[]> {
  if (fds.length === 0) return Promise.resolve([])
  const child = spawn(process.execPath, [PROGRAM, String(fds.length)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc', ...fds],
    env: {},
    timeout: WITHIN_MS,
  })
  const own: SocketHandle[] = []
  return new Promise((resolve, reject) => {
    child.on('message', (_, handle) => {
      own.push(handle as unknown as SocketHandle)
      if (own.length < fds.length) return
      child.disconnect()
      resolve(own)
    })
    const fail = (why: string) => {
      if (own.length === fds.length) return
      for (const handle of own) handle.close()
      reject(new Error(`the sockets that vigia was started with can't be taken: ${why}`))
    }
    child.on('error', error => fail(error.message))
    child.on('exit', (code, signal) => fail(`the process that passes them ended (${signal ?? `exit code ${code}`})`))
  })
}
