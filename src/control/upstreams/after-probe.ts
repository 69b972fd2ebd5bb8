// What a probe's result makes of an entry: the verdict on its health, and what the node says of itself with a good one.

import type { ProbeTiming } from '../../plan/health.ts'
import { NO_HINTS } from '../../policy/upstream/agent-hints.ts'
import { observe } from '../../policy/upstream/health.ts'
import { afterRecovery, outlierFact } from '../../policy/upstream/outlier.ts'
import type { UpstreamTotals } from '../../policy/upstream/outlier-verdicts.ts'
import { afterHints } from './after-hints.ts'
import type { Entry } from './entry.ts'
import type { Assessment } from './prober.ts'
import type { ProbeResult } from './probes/probe.ts'
import { withProbe } from './probes/probe-history.ts'
import { andThen, notice, type Step, silently, withState } from './step.ts'

export interface ProbeContext {
  readonly health: Pick<ProbeTiming, 'rise' | 'fall'>
  /** The rest of its pool. */
  readonly others: readonly Entry[]
  /** What requests met on it so far. */
  readonly totals: UpstreamTotals
  readonly nowMs: number
}

export function afterProbe(entry: Entry, result: ProbeResult, context: ProbeContext): Step {
  const { others, nowMs } = context
  const probed = { ...entry, probes: withProbe(entry.probes, nowMs, result) }
  if (result.isVoid) return afterVoid(probed, entry.probes.last?.isVoid === true, result)
  // First what the node says of itself: one that asks to be drained gets no work between its first good probe and the hint.
  const heard = result.ok ? afterHints(probed, result.hints ?? NO_HINTS, others, nowMs) : silently(probed)
  return andThen(heard, each => withVerdict(each, result, context))
}

/** Vigia could not ask: what is known of the upstream stays as it is. Said once, until a probe gets through. */
function afterVoid(entry: Entry, isSaid: boolean, { error }: ProbeResult): Step {
  const text = `can't be probed, by trouble of vigia itself (${error}): its state stays as it is`
  return { entry, events: isSaid ? [] : [notice('warn', entry, text)] }
}

/** What the prober's rhythm follows from. */
export function assess({ state, unhealthySinceMs }: Entry, others: readonly Entry[], nowMs: number): Assessment {
  const downForMs = unhealthySinceMs === undefined || noneAvailable(others) ? 0 : nowMs - unhealthySinceMs
  return { state: state.probe, downForMs }
}

function withVerdict(
  entry: Entry,
  { ok, error, status }: ProbeResult,
  { health: { rise, fall }, others, totals, nowMs }: ProbeContext,
): Step {
  const { probe: before } = entry.state
  // A pool that has nothing left takes the first upstream that answers, whatever `rise` says.
  const after = observe(before, ok, { rise: noneAvailable(others) ? 1 : rise, fall })
  const hasRecovered = before.status === 'unhealthy' && after.status === 'healthy'
  const outlier = hasRecovered ? afterRecovery(entry.outlier, totals, nowMs) : entry.outlier
  const lastError = ok ? (after.status === 'healthy' ? undefined : before.lastError) : error
  const unhealthySinceMs = after.status === 'unhealthy' ? (entry.unhealthySinceMs ?? nowMs) : undefined
  const state = { ...entry.state, probe: { ...after, lastError }, outlier: outlierFact(outlier) }
  const silent = after.status === 'unhealthy' && status === undefined
  const step = withState({ ...entry, outlier, unhealthySinceMs, silent }, state, nowMs)
  if (silent === entry.silent) return step
  return { ...step, events: [...step.events, { type: 'silent', slot: entry.slot, silent }] }
}

function noneAvailable(others: readonly Entry[]): boolean {
  return others.every(({ verdict }) => verdict.availability !== 'available')
}
