// A port of 127.0.0.1 on which connecting never succeeds and never fails: its accept queue is full and nobody empties it,
// so the kernel drops each further SYN, as a firewall or a dead machine would.

import { type AddressInfo, connect } from 'node:net'
import { Worker } from 'node:worker_threads'
import { until } from './until.ts'

export interface Blackhole {
  readonly port: number
  close(): Promise<void>
}

/** Listens in a thread of its own that then stands still. */
const LISTENER = `
const { parentPort, workerData } = require('node:worker_threads')
const server = require('node:net').createServer()
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  // From the message on not one connection is accepted: this thread's event loop does not turn again.
  parentPort.postMessage(server.address())
  Atomics.wait(new Int32Array(workerData), 0, 0)
})`

export async function startBlackhole(): Promise<Blackhole> {
  const shared = new SharedArrayBuffer(4)
  const worker = new Worker(LISTENER, { eval: true, workerData: shared })
  const { port } = await new Promise<AddressInfo>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  // The queue takes backlog + 1; the others stay in SYN_SENT.
  const fillers = Array.from({ length: 8 }, () => connect(port, '127.0.0.1'))
  for (const socket of fillers) socket.on('error', () => {})
  await until('the accept queue is full', () => fillers.filter(socket => !socket.connecting).length >= 2)
  return {
    port,
    async close() {
      for (const socket of fillers) socket.destroy()
      Atomics.store(new Int32Array(shared), 0, 1)
      Atomics.notify(new Int32Array(shared), 0)
      await worker.terminate()
    },
  }
}
