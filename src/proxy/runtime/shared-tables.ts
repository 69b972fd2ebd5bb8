// The tables in shared memory as one worker sees them: what it reads of control and of others, and its own row in each.

import { ClientConnections } from '../../shared/client-connections.ts'
import { CounterRow, CounterTable } from '../../shared/counters.ts'
import type { WorkerStart } from '../../shared/messages.ts'
import { Permits } from '../../shared/permits.ts'
import { RateTable } from '../../shared/rate-table.ts'
import { SessionTable } from '../../shared/sessions.ts'
import { UpstreamTable } from '../../shared/upstream-table.ts'

export abstract class SharedTables {
  readonly row: CounterRow
  readonly counters: CounterTable
  readonly table: UpstreamTable
  readonly permits: Permits
  readonly sessions: SessionTable
  readonly rates: RateTable
  readonly clients: ClientConnections
  readonly instance: string
  readonly descriptors: number | undefined

  constructor(start: WorkerStart) {
    const { worker, workers } = start
    this.row = new CounterRow(start.counters, worker)
    this.counters = new CounterTable(start.counters, workers)
    this.table = new UpstreamTable(start.upstreamTable)
    this.permits = new Permits(start.permits, workers, worker)
    this.sessions = new SessionTable(start.sessions)
    this.rates = new RateTable(start.rates, worker)
    this.clients = new ClientConnections(start.clients, worker)
    this.instance = start.instance
    this.descriptors = start.descriptors
  }
}
