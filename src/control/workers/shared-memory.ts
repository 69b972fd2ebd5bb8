// The tables that control and workers share, allocated once for all workers, as control sees them. What they hold is said in shared/.

import type { BufferLimits } from '../../policy/process/buffer-limits.ts'
import { BufferAccounts } from '../../shared/buffer-accounts.ts'
import { allocateCache } from '../../shared/cache/layout.ts'
import { CacheMemory } from '../../shared/cache/memory.ts'
import { allocateClientConnections, ClientConnections } from '../../shared/client-connections.ts'
import { allocateCounters, CounterTable } from '../../shared/counters.ts'
import { Heartbeats } from '../../shared/heartbeats.ts'
import { allocateHeldTable } from '../../shared/held/held-table.ts'
import type { WorkerStart } from '../../shared/messages.ts'
import { allocatePermits, Permits } from '../../shared/permits.ts'
import { allocateRates } from '../../shared/rate-table.ts'
import { SessionTable } from '../../shared/sessions.ts'
import { UpstreamTable } from '../../shared/upstream-table.ts'

export type SharedBuffers = Pick<
  WorkerStart,
  'upstreamTable' | 'counters' | 'sessions' | 'rates' | 'clients' | 'permits' | 'beats' | 'cache' | 'held' | 'buffers'
>

export class SharedMemory {
  readonly upstreams = new UpstreamTable()
  readonly sessions = new SessionTable()
  readonly beats = new Heartbeats()
  readonly counters: CounterTable
  readonly permits: Permits
  readonly cache: CacheMemory
  readonly bufferAccounts = new BufferAccounts()
  readonly held = allocateHeldTable()
  /** What each worker is given. */
  readonly buffers: SharedBuffers
  readonly #clients: ClientConnections

  /** @param cacheBytes of the cache @param bufferLimits of the buffers of bodies */
  constructor(workers: number, cacheBytes: number, bufferLimits: BufferLimits) {
    const cache = allocateCache(cacheBytes)
    const counters = allocateCounters(workers)
    const clients = allocateClientConnections(workers)
    const permits = allocatePermits(workers)
    this.counters = new CounterTable(counters, workers)
    this.permits = new Permits(permits, workers, undefined)
    this.cache = new CacheMemory(cache, workers, workers)
    this.#clients = new ClientConnections(clients, -1)
    this.buffers = {
      upstreamTable: this.upstreams.buffer,
      counters,
      sessions: this.sessions.buffer,
      rates: allocateRates(),
      clients,
      permits,
      beats: this.beats.buffer,
      cache,
      held: this.held,
      buffers: { accounts: this.bufferAccounts.buffer, limits: bufferLimits },
    }
  }

  /** A worker has ended: what it held is free again. */
  forget(worker: number): void {
    this.#clients.drop(worker)
    this.permits.forget(worker)
    this.cache.forget(worker)
    this.bufferAccounts.forget(worker)
  }
}
