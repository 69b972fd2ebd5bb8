// A pool has nobody left to take new work, or has somebody again. Types only.

import type { StatusClasses } from '../../admin/contract/upstreams.ts'

export type PoolEvent = {
  readonly type: 'pool'
  /** Epoch ms. */
  readonly atMs: number
  readonly pool: string
} & (
  | {
      readonly phase: 'begins'
      /** One line each: the state and why. */
      readonly upstreams: readonly string[]
      /** Somebody, or a window, has taken every upstream out. */
      readonly isPlanned: boolean
    }
  | {
      readonly phase: 'ends'
      /** Upstreams that take work again. */
      readonly by: readonly string[]
      /** Epoch ms. */
      readonly sinceMs: number
      readonly forMs: number
      /** What users of the pool got meanwhile, from vigia and from upstreams. */
      readonly answers: StatusClasses
      /** Requests of which nobody knows whether they were carried out. */
      readonly inDoubt: number
      /** Answered by a maintenance window; in no class. */
      readonly planned: number
    }
)
