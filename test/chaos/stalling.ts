// Loaded before vigia (--import), in its main thread and in each of its workers: makes one of them stand still for a while, as a long loop
// would. The main thread is told by SIGUSR2, and finds what to do in a file.

import { readFileSync } from 'node:fs'
import { workerData } from 'node:worker_threads'

/** What the file says, as JSON. */
export interface Stall {
  /** Undefined = the main thread. */
  readonly worker: number | undefined
  readonly forMs: number
}

const workers = new BroadcastChannel('vigia-chaos-stalls')
;(workers as unknown as { unref(): void }).unref()
const { worker } = (workerData ?? {}) as { worker?: number }

if (workerData === null) {
  process.on('SIGUSR2', () => {
    const stall = JSON.parse(readFileSync(process.env.VIGIA_STALLS!, 'utf8')) as Stall
    if (stall.worker === undefined) standStill(stall)
    else workers.postMessage(stall)
  })
} else {
  workers.onmessage = event => {
    const stall = event.data as Stall
    if (stall.worker === worker) standStill(stall)
  }
}

function standStill({ forMs }: Stall): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, forMs)
}
