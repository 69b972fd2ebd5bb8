// Turns what control knows into what the admin listener shows and what a scrape reads. Reads only.

import type {
  ConfigurationReport,
  ControlView,
  HoldReport,
  InDoubtReport,
  LifeState,
  PoolReport,
  Readiness,
  ResolutionReport,
  StatusClasses,
  StatusReport,
  StoreReport,
  UpstreamReport,
  WeightReport,
} from '../../admin/contract/control-view.ts'
import { createScrape } from '../../metrics/scrape.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import type { Hold } from '../../policy/upstream/admin-holds.ts'
import { baseWeight, weightWords } from '../../policy/upstream/weight-override.ts'
import { type CounterTable, GAUGE, TOTAL } from '../../shared/counters.ts'
import type { Slots } from '../../shared/messages.ts'
import { PLACE, type Places } from '../../shared/places.ts'
import { SLOT_OF_VIGIA } from '../../shared/upstream-table.ts'
import { hostPort, iso } from '../../util/words.ts'
import type { ReloadRecord } from '../configuration/reload-record.ts'
import type { InDoubtList, Resolved } from '../record/in-doubt-list.ts'
import { HOLD } from '../record/kept-overrides.ts'
import type { Records } from '../record/records.ts'
import type { DrainWatch } from '../upstreams/drain-watch.ts'
import type { Entry, RegistryPool } from '../upstreams/entry.ts'
import type { RecentTraffic } from '../upstreams/recent-traffic.ts'
import type { Registry } from '../upstreams/registry.ts'
import { upstreamUrl } from '../upstreams/slots.ts'
import type { MaintenanceWindows } from '../windows/maintenance-windows.ts'
import type { WorkerView } from '../workers/supervisor.ts'
import { poolMaintenance, summaryOf } from './maintenance-report.ts'
import { metricsSource } from './metrics-source.ts'
import { overloadOf } from './overload-report.ts'

export interface ViewOptions {
  readonly version: string
  readonly startedMs: number
  readonly counters: CounterTable
  readonly recent: RecentTraffic
  readonly places: Places
  readonly registry: Registry
  readonly snapshot: () => Snapshot
  readonly slots: () => Slots
  readonly lifeState: () => LifeState
  readonly workers: () => readonly WorkerView[]
  readonly inDoubt: InDoubtList
  readonly drains: DrainWatch
  /** Requests without a right token, since the start. */
  readonly adminRefusals: () => number
  readonly reloads: ReloadRecord
  readonly records: Records
  readonly windows: MaintenanceWindows
  /** The configuration file, as it was named; undefined = there is none. */
  readonly file: string | undefined
}

export function createView(options: ViewOptions): ControlView {
  const scrape = createScrape(metricsSource(options))
  return {
    status: () => report(options),
    readiness: () => readiness(options.lifeState(), options.workers()),
    inDoubt: limit => inDoubtReport(options.inDoubt, limit),
    metrics: async () => ({ contentType: scrape.contentType, body: await scrape.collect() }),
  }
}

/** Ready to take traffic: started once, not draining, and at least one worker listens (a lost one is replaced at once). */
export function readiness(state: LifeState, workers: readonly WorkerView[]): Readiness {
  if (state === 'starting') return { ready: false, reason: 'starting: not every worker listens yet' }
  if (state === 'draining') return { ready: false, reason: 'draining: vigia is being stopped' }
  const listening = workers.filter(worker => worker.state === 'ready').length
  if (listening === 0) return { ready: false, reason: 'no worker listens; another is being started' }
  return { ready: true, reason: `ready: ${listening} of ${workers.length} workers listen` }
}

function report(options: ViewOptions): StatusReport {
  const { version, startedMs, counters, registry } = options
  const snapshot = options.snapshot()
  return {
    version,
    revision: snapshot.revision,
    configuration: configurationReport(options),
    state: options.lifeState(),
    startedAt: iso(startedMs),
    uptimeS: Math.round((Date.now() - startedMs) / 1000),
    listeners: snapshot.listeners.map(({ name, host, port }) => ({ name, address: hostPort(host, port) })),
    workers: options.workers().map(({ sinceMs, ...worker }) => ({ ...worker, since: iso(sinceMs) })),
    clients: {
      connections: counters.gauge(SLOT_OF_VIGIA, GAUGE.connections),
      rejects: counters.total(SLOT_OF_VIGIA, TOTAL.rejects),
      overLimit: counters.total(SLOT_OF_VIGIA, TOTAL.clientLimit),
      answers: classes(counters, SLOT_OF_VIGIA),
    },
    store: storeReport(options.records),
    pools: registry.pools().map(pool => reportPool(pool, options)),
    maintenance: summaryOf(options.windows, Date.now()),
  }
}

function storeReport(records: Records): StoreReport | null {
  if (!records.enabled) return null
  const { sinceMs, reason, ...health } = records.health()
  return { ...health, reason: reason ?? null, since: sinceMs === undefined ? null : iso(sinceMs) }
}

function configurationReport({ snapshot, reloads, file }: ViewOptions): ConfigurationReport {
  const { last } = reloads
  return {
    revision: snapshot().revision,
    appliedAt: iso(reloads.appliedMs),
    source: reloads.source,
    file: file ?? null,
    lastReload:
      last === undefined ? null : { at: iso(last.atMs), ok: last.error === undefined, error: last.error ?? null },
  }
}

function reportPool(pool: RegistryPool, options: ViewOptions): PoolReport {
  const { plan, slot, entries } = pool
  const { counters, registry } = options
  const { priority, floor, waiting } = registry.levels(pool)
  return {
    name: plan.name,
    available: entries.filter(entry => entry.verdict.availability === 'available').length,
    waiting: counters.gauge(slot, GAUGE.waiting),
    ...overloadOf(pool, options),
    answers: classes(counters, slot),
    inDoubtOpen: options.inDoubt.openOf(plan.name),
    inDoubt: entries.reduce((sum, entry) => sum + counters.total(entry.slot, TOTAL.inDoubt), 0),
    failback: plan.failback ?? 'automatic',
    priorities: { inUse: priority ?? null, floor, awaitsFailback: waiting ?? null },
    maintenance: poolMaintenance(options.windows, plan.name),
    upstreams: entries.map(entry => reportUpstream(entry, options)),
  }
}

function inDoubtReport(list: InDoubtList, limit = Infinity): InDoubtReport {
  const records = list.newest(limit).map(({ atMs, idempotencyKey, resolved, ...record }) => ({
    at: iso(atMs),
    ...record,
    idempotencyKey: idempotencyKey ?? null,
    resolved: resolved === undefined ? null : reportResolved(resolved),
  }))
  return { total: list.total, dropped: list.dropped, open: list.open, records }
}

function reportUpstream(entry: Entry, { counters, places, drains, records, recent }: ViewOptions): UpstreamReport {
  const { plan, slot, verdict, probes, lastFailure } = entry
  const total = (index: number) => counters.total(slot, index)
  const { ok, failed } = probes.tally()
  const { last } = probes
  const { ratePerS, p99Ms } = recent.of(slot)
  return {
    name: plan.name,
    url: upstreamUrl(plan),
    state: verdict.availability,
    why: whyOf(entry),
    since: iso(entry.sinceMs),
    weight: plan.weight,
    effectiveWeight: entry.weight,
    weightOverride: reportWeight(entry),
    priority: plan.priority,
    holds: entry.holds.map(hold => ({ ...reportHold(hold), ...unrecorded(hold, entry, records) })),
    drain: drains.report(entry, Date.now()),
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
    places: places.count(slot, PLACE.taken),
    longPolls: counters.gauge(slot, GAUGE.longPolls),
    connections: counters.gauge(slot, GAUGE.connections),
    tunnels: counters.gauge(slot, GAUGE.tunnels),
    rate: Math.round(ratePerS * 10) / 10,
    p99Ms: p99Ms === undefined ? null : Math.round(p99Ms),
    responses: classes(counters, slot),
    failures: {
      connect: total(TOTAL.connectFailures),
      transport: total(TOTAL.transportFailures),
      timeout: total(TOTAL.timeouts),
    },
    retries: total(TOTAL.retries),
    inDoubt: total(TOTAL.inDoubt),
    clientAborts: total(TOTAL.clientAborts),
    connectionsOpened: total(TOTAL.connectionsOpened),
    connectionsReused: total(TOTAL.connectionsReused),
    bytesIn: total(TOTAL.bytesIn),
    bytesOut: total(TOTAL.bytesOut),
  }
}

function unrecorded({ source }: Hold, { pool, plan }: Entry, records: Records): Pick<HoldReport, 'recorded'> {
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

function reportResolved({ resolution, note, by, atMs }: Resolved): ResolutionReport {
  return { resolution, note, by, at: iso(atMs) }
}

function reportWeight({ plan, weightOverride }: Entry): WeightReport | null {
  if (weightOverride === undefined) return null
  const { wish, reason, by, sinceMs } = weightOverride
  const percent = 'percent' in wish ? wish.percent : null
  return { weight: baseWeight(plan.weight, weightOverride), percent, reason, by, since: iso(sinceMs) }
}

/** Also when it comes back, where that is known. */
function whyOf({ verdict, state, plan, weight, weightOverride }: Entry): string {
  if (state.outlier.status === 'ejected') return `${verdict.reason}; back on trial at ${iso(state.outlier.untilMs)}`
  if (weightOverride !== undefined && verdict.availability === 'available')
    return `${verdict.reason}; weight ${weightWords(weightOverride.wish)}, by ${weightOverride.by}: ${weightOverride.reason}`
  const share = Math.round((100 * weight) / plan.weight)
  return verdict.availability === 'available' && share < 100
    ? `${verdict.reason}; gets ${share}% of its weight`
    : verdict.reason
}

function classes(counters: CounterTable, slot: number): StatusClasses {
  return {
    '1xx': counters.answers(slot, 1),
    '2xx': counters.answers(slot, 2),
    '3xx': counters.answers(slot, 3),
    '4xx': counters.answers(slot, 4),
    '5xx': counters.answers(slot, 5),
  }
}
