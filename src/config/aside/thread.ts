// Entry of the thread that works on large configurations: one job for each message, one answer for each job.

import { parentPort } from 'node:worker_threads'
import { type Jobs, jobs } from './jobs.ts'

/** A job by its name, and what it is given. */
export interface JobMessage<Name extends keyof Jobs = keyof Jobs> {
  readonly name: Name
  readonly given: Parameters<Jobs[Name]>
}

parentPort!.on('message', ({ name, given }: JobMessage) => {
  const job = jobs[name] as (...given: unknown[]) => unknown
  parentPort!.postMessage(job(...given))
})
