// What the supervisor tells of workers: what they report of requests, and that one has ended. Types only.

import type { FromWorker } from '../../shared/messages.ts'
import type { LostRequests } from './lost-requests.ts'

export type WorkerEvent =
  | Extract<FromWorker, { type: 'transport-failure' | 'in-doubt' | 'idle-in-the-way' | 'starved' }>
  | WorkerLostEvent

/** It has ended. */
export interface WorkerLostEvent {
  readonly type: 'worker-lost'
  readonly worker: number
  /** What it had in flight. */
  readonly lost: LostRequests
  /** Another takes its place. */
  readonly isReplaced: boolean
}
