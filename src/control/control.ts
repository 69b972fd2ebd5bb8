// The control plane: starts its parts in order, hands a new configuration to each, stops them. It decides nothing itself.

import type { ControlView, LifeState } from '../admin/contract/control-view.ts'
import type { ReloadOutcome } from '../admin/routes/configuration.ts'
import type { Logger } from '../logging/logger.ts'
import type { Snapshot } from '../plan/snapshot.ts'
import { allocateClientConnections, ClientConnections } from '../shared/client-connections.ts'
import { allocateCounters, CounterTable } from '../shared/counters.ts'
import type { Slots } from '../shared/messages.ts'
import { allocatePlaces, Places } from '../shared/places.ts'
import { allocateRates } from '../shared/rate-table.ts'
import { GENERATION_MS, SessionTable } from '../shared/sessions.ts'
import { UpstreamTable } from '../shared/upstream-table.ts'
import { Serial } from '../util/serial.ts'
import { AdminListener } from './admin-listener.ts'
import { createAdminParts } from './admin-parts.ts'
import { type ConfigurationFile, Reloader, type Wish } from './configuration/reload.ts'
import { type ConfigurationSource, ReloadRecord } from './configuration/reload-record.ts'
import { inDoubtEvent, noticeEvent, reloadEvent, transitionEvent, workerEvent } from './events/event-words.ts'
import { EventLog } from './events/events.ts'
import { checkConfigurationFreeze, type FreezeOverride } from './orders/freeze-guard.ts'
import { InDoubtList } from './record/in-doubt-list.ts'
import { RecordKeeping } from './record/record-keeping.ts'
import { type WindowRecords, windowRecords } from './record/window-records.ts'
import { createView } from './report/view.ts'
import { DrainWatch } from './upstreams/drain-watch.ts'
import type { Transition } from './upstreams/entry.ts'
import { leftWords } from './upstreams/left-work.ts'
import { totalsOf } from './upstreams/passive-health.ts'
import { Prober } from './upstreams/prober.ts'
import { RecentTraffic } from './upstreams/recent-traffic.ts'
import { Registry } from './upstreams/registry.ts'
import { MaintenanceWindows } from './windows/maintenance-windows.ts'
import type { WindowEvent, WindowsEvent } from './windows/window-event.ts'
import { checkListeners, notHeldBy } from './workers/listen-check.ts'
import { type LostRequests, lostRequests } from './workers/lost-requests.ts'
import { StartError } from './workers/start-error.ts'
import { Supervisor } from './workers/supervisor.ts'

export interface ControlOptions {
  readonly snapshot: Snapshot
  /** The file that worker threads run. */
  readonly workerUrl: URL
  readonly logger: Logger
  readonly version: string
  /** Where `snapshot` was read from; undefined = it can't be read again. */
  readonly file?: ConfigurationFile | undefined
}

/** How often passive health looks at the totals, and a slow start goes on. */
const TICK_MS = 1000
/** How long the start waits for the orders that a store has kept: beyond that, serving comes first. */
const KEPT_WITHIN_MS = 1000
/** The tunnels of an upstream whose drain has ended are closed within this time: their clients must not all come back at once. */
const END_SPREAD_MS = 5000

export class Control {
  readonly view: ControlView
  readonly #logger: Logger
  readonly #counters: CounterTable
  readonly #table = new UpstreamTable()
  readonly #sessions = new SessionTable()
  readonly #registry: Registry
  readonly #windows: MaintenanceWindows
  /** Undefined = nothing is kept. */
  readonly #windowRecords: WindowRecords | undefined
  readonly #prober: Prober
  readonly #inDoubt: InDoubtList
  readonly #drains: DrainWatch
  readonly #recent: RecentTraffic
  readonly #supervisor: Supervisor
  readonly #admin: AdminListener
  readonly #record: RecordKeeping
  readonly #events = new EventLog()
  readonly #listeners = new Set<(transition: Transition) => void>()
  #snapshot: Snapshot
  #slots: Slots
  #revisions: number
  #state: LifeState = 'starting'
  readonly #reloads = new ReloadRecord(Date.now(), (result, source, error) => {
    const event = reloadEvent(result, source, this.#snapshot.revision, error)
    if (event !== undefined) this.#events.add(event)
  })
  readonly #reloader: Reloader | undefined
  readonly #applying = new Serial()
  #closing: Promise<number> | undefined
  #ticks: NodeJS.Timeout | undefined
  #turns: NodeJS.Timeout | undefined

  /** Throws StartError where there are more upstreams than slots. */
  constructor(options: ControlOptions) {
    const { snapshot, workerUrl, logger, version, file } = options
    this.#logger = logger
    this.#snapshot = snapshot
    this.#revisions = snapshot.revision
    const counterBuffer = allocateCounters(snapshot.workers)
    const counters = new CounterTable(counterBuffer, snapshot.workers)
    this.#counters = counters
    const rates = allocateRates()
    const clientBuffer = allocateClientConnections(snapshot.workers)
    const clients = new ClientConnections(clientBuffer, -1)
    const placeBuffer = allocatePlaces(snapshot.workers)
    const places = new Places(placeBuffer, snapshot.workers, undefined)
    this.#record = new RecordKeeping({
      snapshot,
      loaded: file?.loaded,
      logger,
      version,
      registry: () => this.#registry,
      inDoubt: () => this.#inDoubt,
      onWindows: facts => this.#windows.restore(facts),
    })
    this.#registry = new Registry({
      table: this.#table,
      totals: slot => totalsOf(counters, slot),
      onTransition: transition => this.#tell(transition),
      onNotice: notice => {
        const { level, pool, upstream, text } = notice
        logger[level]({ pool, ...(upstream === undefined ? {} : { upstream }) }, `${nameOf(pool, upstream)} ${text}`)
        this.#events.add(noticeEvent(notice))
      },
      onDisabled: slot => this.#supervisor.tell({ type: 'end-upstream', slot, spreadMs: END_SPREAD_MS }),
      onHolds: (entry, before) => this.#record.held(entry, before),
      onOutlier: (entry, before) => this.#record.judged(entry, before),
      onLeft: entry => this.#record.left(entry),
      onFailover: (pool, priority) => this.#record.failedOver(pool, priority),
    })
    this.#slots = this.#registry.apply(snapshot)
    if (snapshot.store !== undefined)
      this.#windowRecords = windowRecords(this.#record.records, facts => this.#windows.restore(facts))
    this.#windows = new MaintenanceWindows(snapshot, {
      registry: this.#registry,
      tell: event => this.#tellWindows(event),
      restores: this.#windowRecords !== undefined,
    })
    this.#prober = new Prober({ onResult: (slot, result) => this.#registry.probed(slot, result) })
    this.#inDoubt = new InDoubtList(logger, { onChange: record => this.#events.add(inDoubtEvent(record)) })
    this.#drains = new DrainWatch(counters, this.#sessions)
    this.#recent = new RecentTraffic(counters)
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
        closedRoutes: this.#windows.closedRoutes,
      }),
      onTransportFailure: (slot, error) => {
        this.#registry.sawTransportFailure(slot, error)
        this.#prober.probeNow(slot)
      },
      onInDoubt: record => {
        this.#inDoubt.add(record)
        this.#record.inDoubt(record)
      },
      onLost: (worker, row) => {
        clients.drop(worker)
        places.forget(worker)
        const lost = lostRequests(row, this.#registry.pools())
        this.#tellLost(worker, lost)
        if (this.#state === 'ready') this.#events.add(workerEvent(worker, lost.total))
      },
    })
    this.#reloader =
      file &&
      new Reloader({
        file,
        logger,
        record: this.#reloads,
        apply: (wanted, { override, by = 'vigia', reason = '' }) =>
          this.#apply(wanted, override ? { by, reason } : undefined),
        revision: () => this.#snapshot.revision,
        onApplied: applied => this.#record.applied(applied),
      })
    this.view = createView({
      version,
      reloads: this.#reloads,
      windows: this.#windows,
      file: file?.path,
      startedMs: Date.now(),
      counters,
      registry: this.#registry,
      snapshot: () => this.#snapshot,
      slots: () => this.#slots,
      lifeState: () => this.#state,
      workers: () => this.#supervisor.view(),
      inDoubt: this.#inDoubt,
      places,
      recent: this.#recent,
      drains: this.#drains,
      adminRefusals: () => this.#admin.failures,
      records: this.#record.records,
    })
    this.#admin = new AdminListener(
      this.view,
      createAdminParts({
        registry: this.#registry,
        inDoubt: this.#inDoubt,
        records: this.#record.records,
        windows: this.#windows,
        windowRecords: this.#windowRecords,
        events: this.#events,
        reload: ({ source, ...who }) => this.reloadFile(source, who),
        reloader: this.#reloader,
        file: file?.path,
      }),
      logger,
    )
  }

  /** Resolves when every worker listens. Rejects with StartError, everything stopped again, where one can't. */
  async start(): Promise<void> {
    try {
      await checkListeners(this.#snapshot.listeners)
      this.#record.start()
      await this.#record.records.ready(KEPT_WITHIN_MS)
      await this.#admin.listen(this.#snapshot.admin)
      // What a window closes is closed before anybody is served.
      this.#windows.start()
      // Probes start first: the first verdicts are there when the first requests are.
      this.#prober.apply(this.#registry.jobs())
      this.#ticks = setInterval(() => this.#tick(), TICK_MS)
      this.#turns = setInterval(() => this.#sessions.turn(), GENERATION_MS)
      await this.#supervisor.start(this.#snapshot.revision)
      this.#state = 'ready'
      this.#reloader?.start()
    } catch (error) {
      await this.#stop()
      throw error
    }
  }

  /**
   * Puts another configuration into use, without dropping anything; resolves when every worker serves it.
   * Rejects with StartError where it can't be used: then everything is as before. Reloads happen one after the other.
   */
  async reload(snapshot: Snapshot): Promise<void> {
    try {
      await this.#apply(snapshot)
      this.#reloads.add('applied', 'program', Date.now())
    } catch (error) {
      this.#reloads.add('refused', 'program', Date.now(), error instanceof Error ? error.message : String(error))
      throw error
    }
  }

  /** Reads the configuration file again and puts it into use; undefined where this vigia was started without one. Never rejects. */
  async reloadFile(source: ConfigurationSource, who?: Omit<Wish, 'source'>): Promise<ReloadOutcome | undefined> {
    const outcome = await this.#reloader?.reload(source, who)
    // Whoever moves log files away sends a SIGHUP, too; a configuration that was applied has opened them again already.
    if (outcome?.result !== 'applied' && source === 'signal') this.#supervisor.tell({ type: 'reopen-logs' })
    return outcome
  }

  /** Resolves with the revision. */
  #apply(snapshot: Snapshot, override?: FreezeOverride): Promise<number> {
    return this.#applying.run(() => this.#takeOver(snapshot, override))
  }

  /** Goes on in newly opened access log files: the old ones have been moved away. */
  reopenLogs(): void {
    this.#supervisor.tell({ type: 'reopen-logs' })
    this.#logger.info('access log files are opened again')
  }

  /** @returns a function that ends the subscription */
  onTransition(listener: (transition: Transition) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Finishes what is in flight, then stops. Resolves with the number of exchanges that were cut at the deadline. @param by what asks for it */
  close(by = 'the program'): Promise<number> {
    this.#closing ??= this.#drain(by)
    return this.#closing
  }

  async #takeOver(wanted: Snapshot, override: FreezeOverride | undefined): Promise<number> {
    this.#expectReady()
    checkConfigurationFreeze(this.#windows, override)
    const former = this.#snapshot
    if (wanted.workers !== former.workers) {
      this.#logger.warn(`workers stays at ${former.workers} until the next start (the file now says ${wanted.workers})`)
    }
    await checkListeners(notHeldBy(former.listeners, wanted.listeners))
    await this.#admin.listen(wanted.admin)
    try {
      this.#expectReady()
      await this.#distribute({ ...wanted, workers: former.workers })
    } catch (error) {
      this.#expectReady()
      // Some workers may have taken it over already: all go back to the former one, under a new revision.
      await this.#admin.listen(former.admin)
      await this.#distribute(former)
      throw error
    }
    this.#logger.level = wanted.log.level
    return this.#snapshot.revision
  }

  #expectReady(): void {
    if (this.#state !== 'ready') throw new StartError(`vigia is ${this.#state}`, undefined)
  }

  async #distribute(snapshot: Snapshot): Promise<void> {
    const slots = this.#registry.apply(snapshot)
    this.#revisions += 1
    this.#snapshot = { ...snapshot, revision: this.#revisions }
    this.#slots = slots
    this.#windows.apply(this.#snapshot)
    this.#prober.apply(this.#registry.jobs())
    await this.#supervisor.distribute({ type: 'snapshot', snapshot: this.#snapshot, slots })
    for (const entry of this.#registry.retire()) {
      const left = leftWords(entry, this.#counters)
      if (left !== undefined) this.#logger.info({ pool: entry.pool, upstream: entry.plan.name }, left)
    }
    this.#windows.retire()
    this.#prober.apply(this.#registry.jobs())
  }

  async #drain(by: string): Promise<number> {
    this.#state = 'draining'
    this.#reloader?.close()
    const cut = await this.#supervisor.drain(this.#snapshot.shutdownMs)
    await this.#stop(by, cut)
    return cut
  }

  async #stop(by = 'vigia', cut = 0): Promise<void> {
    clearInterval(this.#ticks)
    clearInterval(this.#turns)
    this.#windows.close()
    this.#prober.close()
    await this.#supervisor.close()
    await this.#admin.close()
    const lost = await this.#record.stopped(by, cut)
    if (lost > 0) this.#logger.warn(`store: ${lost} rows could not be written any more`)
  }

  #tick(): void {
    // First: a drain that comes to its deadline as its window begins is the window's to end.
    this.#windows.tick()
    this.#registry.tick()
    const entries = this.#registry.pools().flatMap(pool => pool.entries)
    this.#drains.tick(entries, Date.now())
    this.#recent.tick(
      entries.map(entry => entry.slot),
      performance.now(),
    )
  }

  #tellWindows(event: WindowsEvent): void {
    switch (event.type) {
      case 'closed-routes':
        return this.#supervisor.tell({ type: 'closed-routes', closedRoutes: event.closedRoutes })
      case 'bypass-only':
        return this.#supervisor.tell({ type: 'end-tunnels', slot: event.slot, spreadMs: END_SPREAD_MS })
      case 'window-fact':
        return this.#windowRecords?.append(event.fact)
      case 'window':
        return this.#tellWindow(event)
    }
  }

  #tellWindow(event: WindowEvent): void {
    const { window, kind, occurrence, by, reason, cause } = event
    this.#record.window(event)
    const text = `window ${window}: ${cause}`
    this.#logger[kind === 'postponed' || kind === 'overrun' ? 'warn' : 'info']({ window, occurrence, by }, text)
    this.#events.add({ type: 'window', text, by, detail: { window, kind, occurrence: occurrence ?? null, reason } })
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
    this.#events.add(transitionEvent(transition))
    this.#record.transition(transition)
    for (const listener of this.#listeners) listener(transition)
  }
}

function nameOf(pool: string, upstream: string | undefined): string {
  return upstream === undefined ? `pool ${pool}:` : `upstream ${pool}/${upstream}`
}
