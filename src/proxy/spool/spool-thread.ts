// Entry of the spool's thread: writes what bodies have beyond their memory, reads it again, and alone waits for the disk. There is one for
// the process; each worker has a port to it, and when a worker ends, its files end.

import { type MessagePort, parentPort } from 'node:worker_threads'
import type { FromSpool, ToSpool } from './protocol.ts'
import { FreeSpace, SpoolFiles } from './spool-files.ts'

const space = new FreeSpace()

function serve(port: MessagePort): void {
  const files = new SpoolFiles(space)
  port.on('message', (message: ToSpool) => {
    const answer = files.take(message)
    if (answer) port.postMessage(answer, bytesOf(answer))
  })
  port.on('close', () => files.end())
}

function bytesOf(answer: FromSpool): ArrayBuffer[] {
  return answer.type === 'unreadable' ? [] : [answer.bytes]
}

parentPort?.on('message', (port: MessagePort) => serve(port))
