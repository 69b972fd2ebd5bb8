// What the supervisor tells of workers: what they report of requests, and that one has ended. Types only.

import type { CounterRow } from '../../shared/counters.ts'
import type { FromWorker } from '../../shared/messages.ts'

export type WorkerEvent =
  | Extract<FromWorker, { type: 'transport-failure' | 'in-doubt' }>
  /** It has ended; its row still tells what it had in flight. */
  | { readonly type: 'worker-lost'; readonly worker: number; readonly row: CounterRow }
