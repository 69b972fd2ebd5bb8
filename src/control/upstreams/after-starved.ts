// What starving makes of an entry: for a while no idle connection to the upstream is kept, each time for longer.

import { idleLimitMs } from '../../policy/upstream/starvation.ts'
import { iso } from '../../util/words.ts'
import type { Entry } from './entry.ts'
import { notice, type Step, silently } from './step.ts'

/** A worker saw it answer on new connections only once idle ones were closed. Others may see the same before they know of it. */
export function afterStarved(entry: Entry, nowMs: number): Step {
  const { idleLimit } = entry
  if (idleLimit?.inForce) return silently(entry)
  const times = (idleLimit?.times ?? 0) + 1
  const untilMs = nowMs + idleLimitMs(times)
  const text = `answers a new connection only once an idle one is closed: it serves one connection with each of its workers. None is kept idle until ${iso(untilMs)}; idleConnections: 0 in its pool keeps none for good`
  return { entry: { ...entry, idleLimit: { untilMs, times, inForce: true } }, events: [notice('warn', entry, text)] }
}

/** Time has passed. */
export function afterIdleLimit(entry: Entry, nowMs: number): Step {
  const { idleLimit } = entry
  if (!idleLimit?.inForce || nowMs < idleLimit.untilMs) return silently(entry)
  const text = 'its connections are kept idle again, to see whether it can spare them'
  return { entry: { ...entry, idleLimit: { ...idleLimit, inForce: false } }, events: [notice('info', entry, text)] }
}
