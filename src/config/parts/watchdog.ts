// The watchdog: how long a thread of vigia may stand still before something is done about it.

import Type, { type Static } from 'typebox'
import type { WatchdogPlan } from '../../plan/bounds.ts'
import { type Finding, warning } from '../forms/problem.ts'
import { duration, section } from '../forms/schema-blocks.ts'
import { parseDuration } from '../forms/units.ts'

const DEFAULTS = { worker: '10s', control: '60s' } as const
/** A long garbage collection, or a machine with more to do than cores, keeps a thread away for a second or two. */
const SHORT_MS = 3000

export const watchdogSchema = section(
  {
    worker: Type.Optional(
      duration(
        'Duration. How long a worker thread may stand still before it is ended and replaced. Effect: after 1 s it counts as stalled: the others pass over its waiting requests, and log, events and metrics say so. When it is replaced, what it had in flight is lost with it, and counted.',
        DEFAULTS.worker,
        'never',
      ),
    ),
    control: Type.Optional(
      duration(
        'Duration. How long the control plane may stand still before the workers end the process, after what is in flight has been finished within `shutdown`. Effect: until then they serve on with what it said last; afterwards whoever supervises the process (systemd with Restart=, a container runtime) starts it afresh. 0 suits where nobody does, and a debugging session.',
        DEFAULTS.control,
        'never: the workers serve on, with nobody to probe upstreams or to hear signals',
      ),
    ),
  },
  'What is done about a thread of vigia that stands still.',
)

type WatchdogDocument = Static<typeof watchdogSchema>

export function* checkWatchdog(watchdog: WatchdogDocument | undefined): Iterable<Finding> {
  for (const key of ['worker', 'control'] as const) {
    const value = watchdog?.[key]
    const ms = value === undefined ? 0 : parseDuration(value)!
    if (ms > 0 && ms < SHORT_MS)
      yield warning(
        ['watchdog', key],
        'a busy machine, or a long garbage collection, may keep a thread away for so long',
      )
  }
}

export function compileWatchdog(watchdog: WatchdogDocument | undefined): WatchdogPlan {
  const { worker, control } = { ...DEFAULTS, ...watchdog }
  return { workerMs: parseDuration(worker)!, controlMs: parseDuration(control)! }
}
