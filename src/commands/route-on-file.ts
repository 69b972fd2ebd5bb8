// What would happen to a request by a configuration file, where no vigia runs: a worker's ground is laid as for a real one, every upstream
// that no window holds counts as well, and the same functions are asked. Nothing listens, connects or is written.

import { Registry } from '../control/upstreams/registry.ts'
import { MaintenanceWindows } from '../control/windows/maintenance-windows.ts'
import { SharedMemory } from '../control/workers/shared-memory.ts'
import type { Snapshot } from '../plan/snapshot.ts'
import type { UpstreamTotals } from '../policy/upstream/outlier-verdicts.ts'
import { activate } from '../proxy/activate.ts'
import { Cache } from '../proxy/cache/cache.ts'
import { compileClosedRoutes } from '../proxy/exchange/closed-routes.ts'
import { explainRoute } from '../proxy/explain/explain-route.ts'
import type { Runtime } from '../proxy/runtime/runtime.ts'
import { TimerWheel } from '../proxy/runtime/timer-wheel.ts'
import { CacheMemory } from '../shared/cache/memory.ts'
import { ClientConnections } from '../shared/client-connections.ts'
import { CounterRow } from '../shared/counters.ts'
import type { Question, Reply } from '../shared/explain/questions.ts'
import { Permits } from '../shared/permits.ts'
import { RateTable } from '../shared/rate-table.ts'

type RouteReply = Extract<Reply, { kind: 'route' }>
type RouteQuestion = Extract<Question, { kind: 'route' }>

/** Nothing is stored. */
const CACHE_BYTES = 1024 * 1024
const NO_TOTALS: UpstreamTotals = { responses: 0, serverErrors: 0, gatewayErrors: 0, firstByteMs: 0 }

export function explainOnFile(snapshot: Snapshot, question: RouteQuestion): RouteReply['found'] {
  const shared = new SharedMemory(1, CACHE_BYTES)
  const registry = new Registry({ table: shared.upstreams, totals: () => NO_TOTALS, sent: () => 0, tell() {} })
  const slots = registry.apply(snapshot)
  for (const { entries } of registry.pools())
    for (const { slot, health } of entries) {
      const good = health.kind === 'none' ? 0 : health.rise
      for (let probe = 0; probe < good; probe += 1)
        registry.probed(slot, { ok: true, durationMs: 1, status: undefined, error: undefined })
    }
  const windows = new MaintenanceWindows(snapshot, { registry, tell() {} })
  windows.start()
  const closedRoutes = compileClosedRoutes(windows.closedRoutes)
  windows.close()
  const runtime = runtimeOn(shared)
  const active = activate(snapshot, slots, runtime, undefined)
  const cache = new Cache(new CacheMemory(shared.buffers.cache, 1, 0))
  return explainRoute({ ...runtime, active, closedRoutes, challengeAnswers: undefined, cache }, question)
}

function runtimeOn({ buffers, counters, upstreams, sessions }: SharedMemory): Runtime {
  return {
    row: new CounterRow(buffers.counters, 0),
    counters,
    table: upstreams,
    permits: new Permits(buffers.permits, 1, 0),
    rates: new RateTable(buffers.rates, 0),
    clients: new ClientConnections(buffers.clients, 0),
    sessions,
    wheel: new TimerWheel(0),
    instance: 'file',
    descriptors: undefined,
    random: Math.random,
    report() {},
    nextRequestId: () => '',
    ownTrouble() {},
    unexpected() {},
  }
}
