// What a new configuration makes of an entry whose pool, name and address are as before: it keeps its state, but for what depends on
// probes that there are none of any more.

import type { PoolPlan, UpstreamPlan } from '../../plan/pool.ts'
import { NO_HINTS } from '../../policy/upstream/agent-hints.ts'
import { INITIAL_STATE_UNPROBED } from '../../policy/upstream/availability.ts'
import { afterHints, followsHints } from './after-hints.ts'
import type { Entry } from './entry.ts'
import { andThen, type Step, silently, withState } from './step.ts'

export function afterReload(
  entry: Entry,
  { health, proxyProtocol }: PoolPlan,
  plan: UpstreamPlan,
  nowMs: number,
): Step {
  const configured = { ...entry, plan, health, proxyProtocol }
  const stopsProbing = health.kind === 'none' && entry.health.kind !== 'none'
  const { probe } = INITIAL_STATE_UNPROBED
  const step = stopsProbing
    ? withState({ ...configured, unhealthySinceMs: undefined }, { ...entry.state, probe }, nowMs)
    : silently(configured)
  return followsHints(health) ? step : andThen(step, each => afterHints(each, NO_HINTS, [], nowMs))
}
