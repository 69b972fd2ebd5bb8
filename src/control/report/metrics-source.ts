// Turns what control knows into what a scrape reads. Reads only; what is counted comes straight from shared memory.

import type { MetricsSource } from '../../metrics/source.ts'
import { ROUTE_OF_NONE } from '../../shared/counter-cells.ts'
import type { Entry, RegistryPool } from '../upstreams/entry.ts'
import type { Registry } from '../upstreams/registry.ts'
import { acmeSamples } from './acme-report.ts'
import { buffersReport } from './buffers-report.ts'
import { cacheReport } from './cache-report.ts'
import { authoritySamples, certificateSamples } from './certificate-report.ts'
import { heldSamples } from './held-report.ts'
import { windowSamples } from './maintenance-report.ts'
import type { Sources } from './sources.ts'

export function metricsSource(sources: Sources): MetricsSource {
  const { version, counters, registry, inUse, workers, reloads, records, names, inDoubt } = sources
  return {
    version,
    counters,
    revision: () => inUse.revision,
    reloads: () => reloads,
    fileDiffers: () => sources.fileDiffers()?.why,
    store: () => {
      const { state, waiting, dropped } = records.health()
      return records.enabled ? { up: state === 'ok', waiting, dropped } : undefined
    },
    names: () => ({ names: names.samples(), lookups: names.lookups }),
    acme: () => (sources.acme.plan === undefined ? undefined : acmeSamples(sources.acme)),
    certificates: () => certificateSamples(sources.certificates.list),
    authorities: () => authoritySamples(sources.certificates.authorities),
    workers: () => workers().map(({ state, ...worker }) => ({ ...worker, isStalled: state === 'stalled' })),
    controlStalls: () => sources.controlStalls,
    cache: () => cacheReport(sources.cache),
    buffers: () => buffersReport(sources),
    inDoubtOpen: () => inDoubt.open,
    admin: sources.admin,
    held: () => heldSamples(sources, Date.now()),
    windows: () => windowSamples(sources.windows, Date.now()),
    routes: () => {
      const { pools, routes } = inUse.snapshot
      const routeSlots = inUse.slots.routes ?? []
      return routes.map(({ name, pool }, i) => ({
        name,
        pool: pools[pool]!.name,
        slot: routeSlots[i] ?? ROUTE_OF_NONE,
      }))
    },
    pools: () =>
      registry.pools().map(pool => ({
        name: pool.plan.name,
        slot: pool.slot,
        queueMax: pool.plan.queue?.max,
        levels: levelsOf(registry, pool),
        outages: sources.outages.totals(pool.plan.name, Date.now()),
        upstreams: pool.entries.map(entry => ({
          name: entry.plan.name,
          slot: entry.slot,
          state: entry.verdict.availability,
          weight: entry.weight,
          ejections: entry.ejections,
          idleLimited: entry.idleLimit?.inForce === true,
          holdsWorkers: entry.holdsWorkers !== undefined,
          drainDeadlineMs: drainDeadline(entry),
          limit: entry.limit === 0 ? undefined : entry.limit,
          probes: entry.probes,
        })),
      })),
  }
}

function levelsOf(registry: Registry, pool: RegistryPool) {
  const { priority, floor, waiting } = registry.levels(pool)
  const standby = registry.standbys(pool).map(({ sinceMs, ...rest }) => ({ ...rest, active: sinceMs !== undefined }))
  return { inUse: priority, floor, awaitsFailback: waiting !== undefined, standby }
}

/** The nearest one, of those who asked for a drain. */
function drainDeadline({ holds }: Entry): number | undefined {
  const deadlines = holds.flatMap(({ status, deadlineMs }) =>
    status === 'draining' && deadlineMs !== undefined ? [deadlineMs] : [],
  )
  return deadlines.length === 0 ? undefined : Math.min(...deadlines)
}
