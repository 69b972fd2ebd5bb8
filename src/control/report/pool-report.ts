// What /status says of a pool, its queue and its circuit breaker. Reads only.

import type { PoolReport } from '../../admin/contract/pools.ts'
import { GAUGE, TOTAL } from '../../shared/counter-cells.ts'
import { PERMIT } from '../../shared/permits.ts'
import { iso } from '../../util/words.ts'
import type { RegistryPool } from '../upstreams/entry.ts'
import type { Registry } from '../upstreams/registry.ts'
import type { MaintenanceWindows } from '../windows/maintenance-windows.ts'
import type { InDoubtList } from '../workers/in-doubt-list.ts'
import { poolMaintenance } from './maintenance-report.ts'
import type { PoolOutages } from './pool-outages.ts'
import { answersBy, reportRecent, reportUpstream, type UpstreamSources } from './upstream-report.ts'

export interface PoolSources extends UpstreamSources {
  readonly registry: Pick<Registry, 'levels' | 'standbys'>
  readonly inDoubt: Pick<InDoubtList, 'openOf'>
  readonly windows: MaintenanceWindows
  readonly outages: Pick<PoolOutages, 'of'>
}

export function reportPool(pool: RegistryPool, sources: PoolSources): PoolReport {
  const { plan, slot, entries } = pool
  const { counters, registry } = sources
  const { priority, floor, waiting } = registry.levels(pool)
  return {
    name: plan.name,
    ...reportRecent(sources.recent.of(...entries.map(entry => entry.slot))),
    available: entries.filter(entry => entry.verdict.availability === 'available').length,
    waiting: counters.gauge(slot, GAUGE.waiting),
    ...overloadOf(pool, sources),
    answers: answersBy(counters, slot),
    inDoubtOpen: sources.inDoubt.openOf(plan.name),
    inDoubt: entries.reduce((sum, entry) => sum + counters.total(entry.slot, TOTAL.inDoubt), 0),
    failback: plan.failback ?? 'automatic',
    priorities: {
      inUse: priority ?? null,
      floor,
      awaitsFailback: waiting ?? null,
      standby: registry
        .standbys(pool)
        .map(({ sinceMs, ...rest }) => ({ ...rest, since: sinceMs === undefined ? null : iso(sinceMs) })),
    },
    outage: sources.outages.of(pool),
    maintenance: poolMaintenance(sources.windows, plan.name),
    upstreams: entries.map(entry => reportUpstream(entry, sources)),
  }
}

function overloadOf(
  { plan, slot }: RegistryPool,
  { counters, permits }: PoolSources,
): Pick<PoolReport, 'queue' | 'breaker'> {
  const total = (index: number) => counters.total(slot, index)
  return {
    queue: {
      max: plan.queue?.max ?? null,
      queued: total(TOTAL.queued),
      waitedS: Math.round(total(TOTAL.queueSeconds) * 1000) / 1000,
      full: total(TOTAL.queueFull),
      timeouts: total(TOTAL.queueTimeouts),
    },
    breaker: {
      requests: permits.count(slot, PERMIT.taken),
      pending: permits.count(slot, PERMIT.pending),
      refusals: total(TOTAL.breakerRefusals),
    },
  }
}
