// What is told of workers: what they report of requests, that one has ended, that a thread stands still. Types only.

import type { MemoryBounds, Renewal } from '../../policy/process/memory.ts'
import type { FromWorker } from '../../shared/messages.ts'
import type { LostRequests } from './lost-requests.ts'

export type WorkerEvent =
  | Extract<FromWorker, { type: 'transport-failure' | 'in-doubt' | 'idle-in-the-way' | 'starved' | 'holds-workers' }>
  | WorkerLostEvent
  | StallEvent
  | MemoryEvent

/** It has ended. */
export interface WorkerLostEvent {
  readonly type: 'worker-lost'
  readonly worker: number
  /** What it had in flight. */
  readonly lost: LostRequests
  /** Another takes its place. */
  readonly isReplaced: boolean
}

export type StallEvent =
  | {
      readonly type: 'worker-stalled'
      readonly worker: number
      /** `replaced`: it is ended now, and its loss is told next. */
      readonly phase: 'begins' | 'ends' | 'replaced'
      readonly forMs: number
    }
  /** Control itself stood still, and goes on. */
  | {
      readonly type: 'control-stalled'
      readonly forMs: number
      /** Workers have seen it; false = they may have stood still as well. */
      readonly alone: boolean
    }

/** The process has more memory than it should, or a worker's heap is nearly full. */
export interface MemoryEvent extends MemoryBounds {
  readonly type: 'memory'
  readonly residentBytes: number
  /** The worker that is drained and replaced now; undefined = none is. */
  readonly renewal: Renewal | undefined
}
