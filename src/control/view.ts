// Turns what control knows into what the admin listener shows and what a scrape reads. Reads only.

import type {
  ControlView,
  HoldReport,
  InDoubtReport,
  LifeState,
  PoolReport,
  Readiness,
  StatusClasses,
  StatusReport,
  UpstreamReport,
} from '../admin/control-view.ts'
import type { Snapshot } from '../config/snapshot.ts'
import { createScrape } from '../metrics/scrape.ts'
import type { MetricsSource } from '../metrics/source.ts'
import type { Hold } from '../policy/admin-holds.ts'
import { type CounterTable, GAUGE, TOTAL } from '../shared/counters.ts'
import { PLACE, type Places } from '../shared/places.ts'
import { SLOT_OF_VIGIA } from '../shared/upstream-table.ts'
import type { DrainWatch } from './drain-watch.ts'
import type { Entry, RegistryPool } from './entry.ts'
import type { InDoubtList } from './in-doubt-list.ts'
import { formatAddress } from './listen-check.ts'
import { overloadOf } from './overload-report.ts'
import type { Registry } from './registry.ts'
import { upstreamUrl } from './slots.ts'
import type { WorkerView } from './supervisor.ts'

export interface ViewOptions {
  readonly version: string
  readonly startedMs: number
  readonly counters: CounterTable
  readonly places: Places
  readonly registry: Registry
  readonly snapshot: () => Snapshot
  readonly lifeState: () => LifeState
  readonly workers: () => readonly WorkerView[]
  readonly inDoubt: InDoubtList
  readonly drains: DrainWatch
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
    state: options.lifeState(),
    startedAt: iso(startedMs),
    uptimeS: Math.round((Date.now() - startedMs) / 1000),
    listeners: snapshot.listeners.map(({ name, host, port }) => ({ name, address: formatAddress(host, port) })),
    workers: options.workers().map(({ sinceMs, ...worker }) => ({ ...worker, since: iso(sinceMs) })),
    clients: {
      connections: counters.gauge(SLOT_OF_VIGIA, GAUGE.connections),
      rejects: counters.total(SLOT_OF_VIGIA, TOTAL.rejects),
      overLimit: counters.total(SLOT_OF_VIGIA, TOTAL.clientLimit),
      answers: classes(counters, SLOT_OF_VIGIA),
    },
    pools: registry.pools().map(pool => reportPool(pool, options)),
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
    inDoubt: entries.reduce((sum, entry) => sum + counters.total(entry.slot, TOTAL.inDoubt), 0),
    failback: plan.failback ?? 'automatic',
    priorities: { inUse: priority ?? null, floor, awaitsFailback: waiting ?? null },
    upstreams: entries.map(entry => reportUpstream(entry, options)),
  }
}

function inDoubtReport(list: InDoubtList, limit = Infinity): InDoubtReport {
  const records = list.newest(limit).map(({ atMs, idempotencyKey, ...record }) => ({
    at: iso(atMs),
    ...record,
    idempotencyKey: idempotencyKey ?? null,
  }))
  return { total: list.total, dropped: list.dropped, records }
}

function reportUpstream(entry: Entry, { counters, places, drains }: ViewOptions): UpstreamReport {
  const { plan, slot, verdict, probes, lastFailure } = entry
  const total = (index: number) => counters.total(slot, index)
  const { ok, failed } = probes.tally()
  const { last } = probes
  return {
    name: plan.name,
    url: upstreamUrl(plan),
    state: verdict.availability,
    why: whyOf(entry),
    since: iso(entry.sinceMs),
    weight: plan.weight,
    priority: plan.priority,
    holds: entry.holds.map(reportHold),
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

/** Also when it comes back, where that is known. */
function whyOf({ verdict, state, plan, weight }: Entry): string {
  if (state.outlier.status === 'ejected') return `${verdict.reason}; back on trial at ${iso(state.outlier.untilMs)}`
  const share = Math.round((100 * weight) / plan.weight)
  return verdict.availability === 'available' && share < 100
    ? `${verdict.reason}; gets ${share}% of its weight`
    : verdict.reason
}

function classes(counters: CounterTable, slot: number): StatusClasses {
  return {
    '1xx': counters.total(slot, TOTAL.status1xx),
    '2xx': counters.total(slot, TOTAL.status2xx),
    '3xx': counters.total(slot, TOTAL.status3xx),
    '4xx': counters.total(slot, TOTAL.status4xx),
    '5xx': counters.total(slot, TOTAL.status5xx),
  }
}

function metricsSource({ version, counters, registry, snapshot, workers }: ViewOptions): MetricsSource {
  return {
    version,
    counters,
    revision: () => snapshot().revision,
    workerRestarts: () => workers().map(worker => worker.restarts),
    pools: () =>
      registry.pools().map(({ plan, slot, entries }) => ({
        name: plan.name,
        slot,
        queueMax: plan.queue?.max,
        upstreams: entries.map(entry => ({
          name: entry.plan.name,
          slot: entry.slot,
          state: entry.verdict.availability,
          weight: entry.plan.weight,
          limit: entry.limit === 0 ? undefined : entry.limit,
          probes: entry.probes.tally(),
        })),
      })),
  }
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString()
}
