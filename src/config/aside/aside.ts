// Does the work on a configuration where it is in nobody's way: a small one at once, which takes milliseconds; a large one in a thread of
// its own, since its seconds would keep the caller from everything else, and its memory would stay with it.

import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'
import type { Snapshot } from '../../plan/snapshot.ts'
import { Serial } from '../../util/serial.ts'
import type { Jobs, Origin, Read } from './jobs.ts'
import { remember, sizeOf } from './size.ts'
import type { JobMessage } from './thread.ts'

/** A larger document takes longer than a thread needs to start. */
const SMALL_BYTES = 32 * 1024
/** The largest document takes a third of it. */
const HEAP_MB = 1024
/** How long a thread waits for another job before it ends: who reads a configuration often does so again. */
const IDLE_MS = 5_000

/** See `Jobs.read`. Rejects only where the thread fails. */
export async function readAside(origin: Origin, against?: Snapshot): Promise<Read> {
  const { text, file } = origin
  const read =
    (await sizeOf(file, text, SMALL_BYTES)) <= SMALL_BYTES
      ? (await jobsHere()).read(origin, against)
      : await inThread('read', { ...origin, env: { ...origin.env } }, against)
  if (text === undefined && read.loaded.ok) remember(file, read.loaded.grants.includes)
  return read
}

/** See `Jobs.mask`. Rejects only where the thread fails. */
export async function maskAside(text: string): Promise<string> {
  return text.length <= SMALL_BYTES ? (await jobsHere()).mask(text) : inThread('mask', text)
}

/** Who works in a thread need not load what the work takes. */
async function jobsHere(): Promise<Jobs> {
  return (await import('./jobs.ts')).jobs
}

/** One job at a time: each takes a core, and memory. */
const turns = new Serial()
let idle: { readonly thread: Worker; readonly end: NodeJS.Timeout } | undefined

function inThread<Name extends keyof Jobs>(
  name: Name,
  ...given: Parameters<Jobs[Name]>
): Promise<ReturnType<Jobs[Name]>> {
  return turns.run(async () => {
    const thread = idle?.thread ?? startThread()
    clearTimeout(idle?.end)
    idle = undefined
    thread.ref()
    const answer = await ask(thread, { name, given })
    // Neither keeps the process.
    thread.unref()
    const end = setTimeout(() => {
      idle = undefined
      void thread.terminate()
    }, IDLE_MS).unref()
    idle = { thread, end }
    return answer
  })
}

function startThread(): Worker {
  // V8 keeps the pages of a thread that has ended for others, by default for 8 to 16 seconds: 90 MB for 5,000 routes.
  setFlagsFromString('--memory-pool-timeout=1')
  return new Worker(new URL('thread.ts', import.meta.url), {
    name: 'configuration',
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  })
}

function ask<Name extends keyof Jobs>(thread: Worker, message: JobMessage<Name>): Promise<ReturnType<Jobs[Name]>> {
  return new Promise((resolve, reject) => {
    const failed = (why: string) => reject(new Error(`the configuration could not be looked at: ${why}`))
    thread.removeAllListeners()
    thread.once('message', resolve)
    thread.once('error', error => failed(error instanceof Error ? error.message : String(error)))
    thread.once('exit', code => failed(`its thread has ended with code ${code}`))
    thread.postMessage(message)
  })
}
