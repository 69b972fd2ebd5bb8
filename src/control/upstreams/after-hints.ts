// What a node's own hints make of its entry: they hold it, lower its weight, or say what was not understood. They count until a good
// probe says something else. Reading them off an answer is policy/upstream/agent-hints.ts.

import type { HealthPlan } from '../../plan/health.ts'
import type { AgentHints } from '../../policy/upstream/agent-hints.ts'
import { afterHold, afterRelease } from './after-order.ts'
import { type Entry, takesWork } from './entry.ts'
import { notice, type Step, silently } from './step.ts'

/** @param others the rest of its pool */
export function afterHints(entry: Entry, hints: AgentHints, others: readonly Entry[], nowMs: number): Step {
  const { hints: before, ignoredHints } = entry
  const news = hints.ignored.filter(({ field }) => !ignoredHints.has(field))
  const ignored = news.length === 0 ? ignoredHints : new Set([...ignoredHints, ...news.map(({ field }) => field)])
  const heard = { ...entry, hints, ignoredHints: ignored }
  const { entry: next, events } = hints.drain === before.drain ? silently(heard) : afterDrainHint(heard, nowMs)
  const notices = news.map(({ field, why }) => notice('warn', next, `its ${field} is ignored: ${why}`))
  // A node knows best what it can't do, so it may; people should know nevertheless.
  if (refuses(hints) && !refuses(before) && !others.some(takesWork))
    notices.unshift(notice('warn', next, 'asks for no new work, and nothing else of its pool takes any'))
  if (hints.weight !== before.weight) {
    const share = Math.round(hints.weight * 1000) / 10
    notices.unshift(notice('info', next, `asks for ${share}% of its weight (X-Vigia-Weight)`))
  }
  return { entry: next, events: [...events, ...notices] }
}

export function followsHints(health: HealthPlan): boolean {
  return health.kind === 'http' && (health.hints === true || health.drainOn404 === true)
}

function afterDrainHint(entry: Entry, nowMs: number): Step {
  const { drain: reason } = entry.hints
  const { name: by } = entry.plan
  return reason === undefined
    ? afterRelease(entry, 'agent', nowMs, `enabled by ${by}: it no longer asks to be drained`, by)
    : afterHold(entry, { source: 'agent', status: 'draining', reason, by, deadlineMs: undefined }, nowMs)
}

function refuses({ drain, weight }: AgentHints): boolean {
  return drain !== undefined || weight === 0
}
