// What /status says of an upstream. Reads only.

import type {
  HoldReport,
  RecentReport,
  ResolvedReport,
  StatusClasses,
  UpstreamReport,
  WeightReport,
} from '../../admin/contract/upstreams.ts'
import type { NameState } from '../../policy/names/name-state.ts'
import type { Hold } from '../../policy/upstream/holds.ts'
import { baseWeight, weightWords } from '../../policy/upstream/weight-override.ts'
import { GAUGE, TOTAL } from '../../shared/counter-cells.ts'
import type { CounterTable } from '../../shared/counters.ts'
import { PERMIT, type Permits } from '../../shared/permits.ts'
import { iso } from '../../util/words.ts'
import type { Names } from '../names/names.ts'
import { HOLD } from '../record/kept-overrides.ts'
import type { Records } from '../record/records.ts'
import type { DrainWatch } from '../upstreams/drain-watch.ts'
import type { Entry } from '../upstreams/entry.ts'
import type { Recent, RecentTraffic } from '../upstreams/recent-traffic.ts'
import { upstreamUrl } from '../upstreams/slots.ts'
import { drainReport } from './drain-report.ts'

export interface UpstreamSources {
  readonly counters: CounterTable
  readonly permits: Permits
  readonly names: Pick<Names, 'of'>
  readonly drains: Pick<DrainWatch, 'of'>
  readonly records: Pick<Records, 'isUnrecorded'>
  readonly recent: Pick<RecentTraffic, 'of'>
}

export function reportUpstream(
  entry: Entry,
  { counters, permits, names, drains, records, recent }: UpstreamSources,
): UpstreamReport {
  const { plan, slot, verdict, probes, lastFailure } = entry
  const total = (index: number) => counters.total(slot, index)
  const { ok, failed, last } = probes
  const traffic = reportRecent(recent.of(slot))
  const failures = {
    connect: total(TOTAL.connectFailures),
    transport: total(TOTAL.transportFailures),
    timeout: total(TOTAL.timeouts),
  }
  return {
    name: plan.name,
    url: upstreamUrl(plan),
    resolved: reportName(names.of(plan.host)),
    state: verdict.availability,
    why: whyOf(entry),
    since: iso(entry.sinceMs),
    weight: plan.weight,
    effectiveWeight: entry.weight,
    weightOverride: reportWeight(entry),
    priority: plan.priority,
    holds: entry.holds.map(hold => ({ ...reportHold(hold), ...unrecorded(hold, entry, records) })),
    drain: drainReport(drains.of(entry, Date.now())),
    lastProbe:
      last === undefined
        ? null
        : {
            at: iso(last.atMs),
            ok: last.ok,
            status: last.status ?? null,
            error: last.error ?? null,
            durationMs: Math.round(last.durationMs * 10) / 10,
          },
    lastFailure: lastFailure === undefined ? null : { at: iso(lastFailure.atMs), error: lastFailure.error },
    probes: { ok, failed },
    inFlight: counters.gauge(slot, GAUGE.inFlight),
    limit: entry.limit === 0 ? null : entry.limit,
    places: permits.count(slot, PERMIT.taken),
    longPolls: counters.gauge(slot, GAUGE.longPolls),
    connections: counters.gauge(slot, GAUGE.connections),
    idleLimitedUntil: entry.idleLimit?.inForce ? iso(entry.idleLimit.untilMs) : null,
    holdsWorkers: entry.holdsWorkers ?? null,
    tunnels: counters.gauge(slot, GAUGE.tunnels),
    ...traffic,
    responses: answersBy(counters, slot),
    errors: total(TOTAL.serverErrors) + failures.connect + failures.transport + failures.timeout,
    failures,
    retries: total(TOTAL.retries),
    inDoubt: total(TOTAL.inDoubt),
    clientAborts: total(TOTAL.clientAborts),
    connectionsOpened: total(TOTAL.connectionsOpened),
    connectionsReused: total(TOTAL.connectionsReused),
    bytesIn: total(TOTAL.bytesIn),
    bytesOut: total(TOTAL.bytesOut),
  }
}

/** Rounded to what its histogram can tell. */
export function reportRecent({ ratePerS, p50Ms, p99Ms }: Recent): RecentReport {
  const rounded = (ms: number | undefined) => (ms === undefined ? null : Math.round(ms * 10) / 10)
  return {
    rate: Math.round(ratePerS * 10) / 10,
    p50Ms: rounded(p50Ms),
    p99Ms: p99Ms === undefined ? null : Math.round(p99Ms),
  }
}

function unrecorded(
  { source }: Hold,
  { pool, plan }: Entry,
  records: UpstreamSources['records'],
): Pick<HoldReport, 'recorded'> {
  return source === 'operator' && records.isUnrecorded(pool, plan.name, HOLD) ? { recorded: false } : {}
}

function reportHold({ source, status, reason, by, sinceMs, deadlineMs }: Hold): HoldReport {
  return {
    source,
    status,
    reason,
    by,
    since: iso(sinceMs),
    deadline: deadlineMs === undefined ? null : iso(deadlineMs),
  }
}

function reportName(state: NameState | undefined): ResolvedReport | null {
  if (state === undefined) return null
  const { addresses, problem } = state
  return { addresses, problem: problem === undefined ? null : { why: problem.why, since: iso(problem.sinceMs) } }
}

function reportWeight({ plan, weightOverride }: Entry): WeightReport | null {
  if (weightOverride === undefined) return null
  const { value, reason, by, sinceMs } = weightOverride
  const percent = 'percent' in value ? value.percent : null
  return { weight: baseWeight(plan.weight, weightOverride), percent, reason, by, since: iso(sinceMs) }
}

/** Also when it comes back, where that is known. */
function whyOf({ verdict, state, plan, weight, weightOverride }: Entry): string {
  if (state.outlier.status === 'ejected') return `${verdict.reason}; back on trial at ${iso(state.outlier.untilMs)}`
  if (weightOverride !== undefined && verdict.availability === 'available')
    return `${verdict.reason}; weight ${weightWords(weightOverride.value)}, by ${weightOverride.by}: ${weightOverride.reason}`
  const share = Math.round((100 * weight) / plan.weight)
  return verdict.availability === 'available' && share < 100
    ? `${verdict.reason}; gets ${share}% of its weight`
    : verdict.reason
}

/** How many answers of each class. */
export function answersBy(counters: CounterTable, slot: number): StatusClasses {
  return {
    '1xx': counters.answers(slot, 1),
    '2xx': counters.answers(slot, 2),
    '3xx': counters.answers(slot, 3),
    '4xx': counters.answers(slot, 4),
    '5xx': counters.answers(slot, 5),
  }
}
