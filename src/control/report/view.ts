// What the admin listener may read of this vigia: its status, whether it is ready, requests in doubt, a scrape. Reads only.

import type {
  AccessLogReport,
  ConfigurationReport,
  ControlView,
  LifeState,
  Readiness,
  StatusReport,
  StoreReport,
} from '../../admin/contract/status.ts'
import { createScrape } from '../../metrics/scrape.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import { GAUGE, TOTAL } from '../../shared/counter-cells.ts'
import { SLOT_OF_VIGIA } from '../../shared/upstream-table.ts'
import { hostPort, iso } from '../../util/words.ts'
import type { Records } from '../record/records.ts'
import { connectionLimitOf } from '../workers/descriptors.ts'
import type { WorkerView } from '../workers/post.ts'
import { acmeReport } from './acme-report.ts'
import { shownBuffers } from './buffers-report.ts'
import { cacheReport } from './cache-report.ts'
import { authorityReports, certificateReports } from './certificate-report.ts'
import { integrationsReport } from './held-report.ts'
import { inDoubtReport } from './in-doubt-report.ts'
import { summaryOf } from './maintenance-report.ts'
import { metricsSource } from './metrics-source.ts'
import { reportPool } from './pool-report.ts'
import type { Sources } from './sources.ts'
import { answersBy } from './upstream-report.ts'

export function createView(sources: Sources): ControlView {
  const scrape = createScrape(metricsSource(sources))
  return {
    status: () => report(sources),
    readiness: () => readiness(sources.life(), sources.workers(), storeReport(sources.records)),
    inDoubt: limit => inDoubtReport(sources.inDoubt, limit),
    metrics: async () => ({ contentType: scrape.contentType, body: await scrape.collect() }),
  }
}

/** Ready to take traffic: started once, not draining, and at least one worker listens (a lost one is replaced at once). */
export function readiness(
  state: LifeState,
  workers: readonly WorkerView[],
  store: Pick<StoreReport, 'ordersFrom'> | null,
): Readiness {
  if (state === 'starting') return { ready: false, reason: 'starting: not every worker listens yet' }
  if (state === 'draining') return { ready: false, reason: 'draining: vigia is being stopped' }
  const listening = workers.filter(worker => worker.state === 'ready').length
  if (listening === 0) return { ready: false, reason: 'no worker listens; another is being started' }
  return { ready: true, reason: `ready: ${listening} of ${workers.length} workers listen${ordersWords(store)}` }
}

/** It serves all the same, and says what it does not know. */
function ordersWords(store: Pick<StoreReport, 'ordersFrom'> | null): string {
  switch (store?.ordersFrom) {
    case 'copy':
      return '; the store could not be read, and the copy of its orders counts'
    case 'nowhere':
      return '; the store could not be read, and orders from before the start are not known'
    default:
      return ''
  }
}

function report(sources: Sources): StatusReport {
  const { version, counters, registry } = sources
  const { snapshot } = sources.inUse
  const startedMs = sources.startedMs()
  const certificates = certificateReports(sources.certificates.list, Date.now())
  const authorities = authorityReports(sources.certificates.authorities, Date.now())
  const acme = acmeReport(sources.acme)
  const limit = connectionLimitOf(snapshot, sources.descriptors)
  const integrations = integrationsReport(sources)
  const buffers = shownBuffers(snapshot.routes, sources)
  return {
    version,
    revision: sources.inUse.revision,
    configuration: configurationReport(sources),
    state: sources.life(),
    startedAt: iso(startedMs),
    uptimeS: Math.round((Date.now() - startedMs) / 1000),
    listeners: snapshot.listeners.map(({ name, host, port }) => ({ name, address: hostPort(host, port) })),
    workers: sources.workers().map(({ sinceMs, ...worker }) => ({ ...worker, since: iso(sinceMs) })),
    clients: {
      connections: counters.gauge(SLOT_OF_VIGIA, GAUGE.connections),
      limit: limit.connections,
      limitWarning: limit.warning ?? null,
      rejects: counters.total(SLOT_OF_VIGIA, TOTAL.rejects),
      overLimit: counters.total(SLOT_OF_VIGIA, TOTAL.clientLimit),
      answers: answersBy(counters, SLOT_OF_VIGIA),
    },
    accessLog: accessLogReport(snapshot),
    store: storeReport(sources.records),
    pools: registry.pools().map(pool => reportPool(pool, sources)),
    ...(certificates.length > 0 && { certificates }),
    ...(authorities.length > 0 && { authorities }),
    ...(acme && { acme }),
    ...(snapshot.routes.some(({ cache }) => cache !== undefined) && { cache: cacheReport(sources.cache) }),
    ...(buffers && { buffers }),
    ...((integrations.integrations.length > 0 || integrations.store !== null) && { integrations }),
    maintenance: summaryOf(sources.windows, Date.now()),
  }
}

export function accessLogReport({ accessLog: { enabled, destination, sampling } }: Snapshot): AccessLogReport {
  return { enabled, destination, sampled: sampling !== undefined }
}

function storeReport(records: Records): StoreReport | null {
  if (!records.enabled) return null
  const { sinceMs, reason, ...health } = records.health()
  return { ...health, reason: reason ?? null, since: sinceMs === undefined ? null : iso(sinceMs) }
}

function configurationReport({ inUse, reloads, file, fileDiffers }: Sources): ConfigurationReport {
  const { last } = reloads
  return {
    revision: inUse.revision,
    appliedAt: iso(reloads.appliedMs),
    source: reloads.source,
    file: file ?? null,
    lastReload:
      last === undefined ? null : { at: iso(last.atMs), ok: last.error === undefined, error: last.error ?? null },
    fileDiffers: fileDiffers(),
  }
}
