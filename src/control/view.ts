// Turns what control knows into what the admin listener shows and what a scrape reads. Reads only.

import type {
  ControlView,
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
import { type CounterTable, GAUGE, TOTAL } from '../shared/counters.ts'
import { SLOT_OF_VIGIA } from '../shared/upstream-table.ts'
import { formatAddress } from './listen-check.ts'
import type { Entry, Registry, RegistryPool } from './registry.ts'
import { upstreamUrl } from './slots.ts'
import type { WorkerView } from './supervisor.ts'

export interface ViewOptions {
  readonly version: string
  readonly startedMs: number
  readonly counters: CounterTable
  readonly registry: Registry
  readonly snapshot: () => Snapshot
  readonly lifeState: () => LifeState
  readonly workers: () => readonly WorkerView[]
}

export function createView(options: ViewOptions): ControlView {
  const scrape = createScrape(metricsSource(options))
  return {
    status: () => report(options),
    readiness: () => readiness(options.lifeState(), options.workers()),
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
      answers: classes(counters, SLOT_OF_VIGIA),
    },
    pools: registry.pools().map(pool => reportPool(pool, counters)),
  }
}

function reportPool({ plan, slot, entries }: RegistryPool, counters: CounterTable): PoolReport {
  return {
    name: plan.name,
    available: entries.filter(entry => entry.verdict.availability === 'available').length,
    waiting: counters.gauge(slot, GAUGE.waiting),
    answers: classes(counters, slot),
    upstreams: entries.map(entry => reportUpstream(entry, counters)),
  }
}

function reportUpstream(entry: Entry, counters: CounterTable): UpstreamReport {
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
        upstreams: entries.map(entry => ({
          name: entry.plan.name,
          slot: entry.slot,
          state: entry.verdict.availability,
          weight: entry.plan.weight,
          probes: entry.probes.tally(),
        })),
      })),
  }
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString()
}
