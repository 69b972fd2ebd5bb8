// The control plane: starts its parts in order, hands a new configuration to each, stops them. It decides nothing itself.

import type { ControlView, LifeState } from '../admin/control-view.ts'
import type { Snapshot } from '../config/snapshot.ts'
import type { Logger } from '../logging/logger.ts'
import { allocateClientConnections, ClientConnections } from '../shared/client-connections.ts'
import { allocateCounters, CounterTable } from '../shared/counters.ts'
import type { Slots } from '../shared/messages.ts'
import { allocatePlaces, Places } from '../shared/places.ts'
import { allocateRates } from '../shared/rate-table.ts'
import { GENERATION_MS, SessionTable } from '../shared/sessions.ts'
import { UpstreamTable } from '../shared/upstream-table.ts'
import { AdminListener } from './admin-listener.ts'
import { DrainWatch } from './drain-watch.ts'
import type { Transition } from './entry.ts'
import { InDoubtList } from './in-doubt-list.ts'
import { checkListeners } from './listen-check.ts'
import { type LostRequests, lostRequests } from './lost-requests.ts'
import { createOperations } from './operations.ts'
import { totalsOf } from './passive-health.ts'
import { Prober } from './prober.ts'
import { Registry } from './registry.ts'
import { Supervisor } from './supervisor.ts'
import { createView } from './view.ts'

export interface ControlOptions {
  readonly snapshot: Snapshot
  /** The file that worker threads run. */
  readonly workerUrl: URL
  readonly logger: Logger
  readonly version: string
}

/** How often passive health looks at the totals, and a slow start goes on. */
const TICK_MS = 1000
/** The tunnels of an upstream whose drain has ended are closed within this time: their clients must not all come back at once. */
const END_SPREAD_MS = 5000

export class Control {
  readonly view: ControlView
  readonly #logger: Logger
  readonly #table = new UpstreamTable()
  readonly #sessions = new SessionTable()
  readonly #registry: Registry
  readonly #prober: Prober
  readonly #inDoubt: InDoubtList
  readonly #drains: DrainWatch
  readonly #supervisor: Supervisor
  readonly #admin: AdminListener
  readonly #listeners = new Set<(transition: Transition) => void>()
  #snapshot: Snapshot
  #slots: Slots
  #revisions: number
  #state: LifeState = 'starting'
  #reload: Promise<unknown> = Promise.resolve()
  #closing: Promise<number> | undefined
  #ticks: NodeJS.Timeout | undefined
  #turns: NodeJS.Timeout | undefined

  /** Throws StartError where there are more upstreams than slots. */
  constructor(options: ControlOptions) {
    const { snapshot, workerUrl, logger, version } = options
    this.#logger = logger
    this.#snapshot = snapshot
    this.#revisions = snapshot.revision
    const counterBuffer = allocateCounters(snapshot.workers)
    const counters = new CounterTable(counterBuffer, snapshot.workers)
    const rates = allocateRates()
    const clientBuffer = allocateClientConnections(snapshot.workers)
    const clients = new ClientConnections(clientBuffer, -1)
    const placeBuffer = allocatePlaces(snapshot.workers)
    const places = new Places(placeBuffer, snapshot.workers, undefined)
    this.#registry = new Registry({
      table: this.#table,
      totals: slot => totalsOf(counters, slot),
      onTransition: transition => this.#tell(transition),
      onNotice: ({ level, pool, upstream, text }) =>
        logger[level]({ pool, ...(upstream === undefined ? {} : { upstream }) }, `${nameOf(pool, upstream)} ${text}`),
      onDisabled: slot => this.#supervisor.tell({ type: 'end-upstream', slot, spreadMs: END_SPREAD_MS }),
    })
    this.#slots = this.#registry.apply(snapshot)
    this.#prober = new Prober({ onResult: (slot, result) => this.#registry.probed(slot, result) })
    this.#inDoubt = new InDoubtList(logger)
    this.#drains = new DrainWatch(counters, this.#sessions)
    this.#supervisor = new Supervisor({
      workerUrl,
      workers: snapshot.workers,
      counters,
      logger,
      startData: worker => ({
        worker,
        workers: snapshot.workers,
        upstreamTable: this.#table.buffer,
        counters: counterBuffer,
        sessions: this.#sessions.buffer,
        rates,
        clients: clientBuffer,
        places: placeBuffer,
        snapshot: this.#snapshot,
        slots: this.#slots,
      }),
      onTransportFailure: (slot, error) => {
        this.#registry.sawTransportFailure(slot, error)
        this.#prober.probeNow(slot)
      },
      onInDoubt: record => this.#inDoubt.add(record),
      onLost: (worker, row) => {
        clients.drop(worker)
        places.forget(worker)
        this.#tellLost(worker, lostRequests(row, this.#registry.pools()))
      },
    })
    this.view = createView({
      version,
      startedMs: Date.now(),
      counters,
      registry: this.#registry,
      snapshot: () => this.#snapshot,
      lifeState: () => this.#state,
      workers: () => this.#supervisor.view(),
      inDoubt: this.#inDoubt,
      places,
      drains: this.#drains,
    })
    this.#admin = new AdminListener(this.view, createOperations(this.#registry), logger)
  }

  /** Resolves when every worker listens. Rejects with StartError, everything stopped again, where one can't. */
  async start(): Promise<void> {
    try {
      await checkListeners(this.#snapshot.listeners)
      await this.#admin.listen(this.#snapshot.admin)
      // Probes start first: the first verdicts are there when the first requests are.
      this.#prober.apply(this.#registry.jobs())
      this.#ticks = setInterval(() => this.#tick(), TICK_MS)
      this.#turns = setInterval(() => this.#sessions.turn(), GENERATION_MS)
      await this.#supervisor.start(this.#snapshot.revision)
      this.#state = 'ready'
    } catch (error) {
      await this.#stop()
      throw error
    }
  }

  /**
   * Puts another configuration into use, without dropping anything; resolves when every worker serves it.
   * Rejects with StartError where it can't be used: then everything is as before. Reloads happen one after the other.
   */
  reload(snapshot: Snapshot): Promise<void> {
    const next = this.#reload.then(() => this.#takeOver(snapshot))
    this.#reload = next.catch(() => {})
    return next
  }

  /** @returns a function that ends the subscription */
  onTransition(listener: (transition: Transition) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Finishes what is in flight, then stops. Resolves with the number of exchanges that were cut at the deadline. */
  close(): Promise<number> {
    this.#closing ??= this.#drain()
    return this.#closing
  }

  async #takeOver(wanted: Snapshot): Promise<void> {
    if (this.#state !== 'ready') return
    const former = this.#snapshot
    if (wanted.workers !== former.workers) {
      this.#logger.warn(`workers stays at ${former.workers} until the next start (the file now says ${wanted.workers})`)
    }
    const held = new Set(former.listeners.map(({ host, port }) => `${host} ${port}`))
    await checkListeners(wanted.listeners.filter(({ host, port }) => !held.has(`${host} ${port}`)))
    await this.#admin.listen(wanted.admin)
    try {
      await this.#distribute({ ...wanted, workers: former.workers })
    } catch (error) {
      // Some workers may have taken it over already: all go back to the former one, under a new revision.
      await this.#admin.listen(former.admin)
      await this.#distribute(former)
      throw error
    }
    this.#logger.level = wanted.log.level
  }

  async #distribute(snapshot: Snapshot): Promise<void> {
    const slots = this.#registry.apply(snapshot)
    this.#revisions += 1
    this.#snapshot = { ...snapshot, revision: this.#revisions }
    this.#slots = slots
    this.#prober.apply(this.#registry.jobs())
    await this.#supervisor.distribute({ type: 'snapshot', snapshot: this.#snapshot, slots })
    this.#registry.retire()
    this.#prober.apply(this.#registry.jobs())
  }

  async #drain(): Promise<number> {
    this.#state = 'draining'
    const cut = await this.#supervisor.drain(this.#snapshot.shutdownMs)
    await this.#stop()
    return cut
  }

  async #stop(): Promise<void> {
    clearInterval(this.#ticks)
    clearInterval(this.#turns)
    this.#prober.close()
    await this.#supervisor.close()
    await this.#admin.close()
  }

  #tick(): void {
    this.#registry.tick()
    const entries = this.#registry.pools().flatMap(pool => pool.entries)
    this.#drains.tick(entries, Date.now())
  }

  #tellLost(worker: number, { total, upstreams }: LostRequests): void {
    if (total === 0) return
    const what = total === 1 ? '1 request' : `${total} requests`
    this.#logger.warn(
      { worker, upstreams },
      `in doubt: a worker ended with ${what} in flight, which can't be named; those that change something may have been carried out`,
    )
  }

  #tell(transition: Transition): void {
    const { pool, upstream, from, to, cause } = transition
    const level = to === 'out' ? 'warn' : 'info'
    this.#logger[level]({ pool, upstream, from, to }, `${nameOf(pool, upstream)} is ${to}: ${cause}`)
    for (const listener of this.#listeners) listener(transition)
  }
}

function nameOf(pool: string, upstream: string | undefined): string {
  return upstream === undefined ? `pool ${pool}:` : `upstream ${pool}/${upstream}`
}
