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
import { SharedTables } from '../proxy/runtime/shared-tables.ts'
import { TimerWheel } from '../proxy/runtime/timer-wheel.ts'
import { CacheMemory } from '../shared/cache/memory.ts'
import type { Question, Reply } from '../shared/explain/questions.ts'

type RouteReply = Extract<Reply, { kind: 'route' }>
type RouteQuestion = Extract<Question, { kind: 'route' }>

/** Nothing is stored. */
const CACHE_BYTES = 1024 * 1024
const NO_BUFFERS = { directory: '', files: 0, memoryBytes: 0, diskBytes: 0, keepFreeBytes: 0 }
const NO_TOTALS: UpstreamTotals = { responses: 0, serverErrors: 0, gatewayErrors: 0, firstByteMs: 0 }

export function explainOnFile(snapshot: Snapshot, question: RouteQuestion): RouteReply['found'] {
  const shared = new SharedMemory(1, CACHE_BYTES, NO_BUFFERS)
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
  const runtime = new Ground({ ...shared.buffers, worker: 0, workers: 1, instance: 'file', snapshot, slots })
  const active = activate(snapshot, slots, runtime, undefined)
  const cache = new Cache(new CacheMemory(shared.buffers.cache, 1, 0))
  const { table, counters, rates } = runtime
  return explainRoute({ table, counters, rates, active, closedRoutes, challengeAnswers: undefined, cache }, question)
}

/** Nothing happens on it. */
class Ground extends SharedTables implements Runtime {
  readonly wheel = new TimerWheel(0)
  readonly random = Math.random
  report(): void {}
  nextRequestId = () => ''
  ownTrouble(): void {}
  unexpected(): void {}
}
