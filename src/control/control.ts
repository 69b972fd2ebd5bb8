// The control plane: builds its parts, starts them in order, stops them. It decides nothing itself.

import type { ReloadOutcome } from '../admin/contract/reload.ts'
import type { ControlView, LifeState } from '../admin/contract/status.ts'
import type { Logger } from '../logging/logger.ts'
import type { Snapshot } from '../plan/snapshot.ts'
import { GENERATION_MS } from '../shared/sessions.ts'
import { AdminListener } from './admin/admin-listener.ts'
import { createAdminParts } from './admin/admin-parts.ts'
import { ConfigurationInUse } from './configuration/in-use.ts'
import { type ConfigurationFile, Reloader } from './configuration/reload.ts'
import { Bus } from './events/bus.ts'
import type { VigiaEvent } from './events/event.ts'
import { Feed } from './events/feed.ts'
import { feeding, logging } from './events/readers.ts'
import type { ConfigurationSource, ReloadRequest } from './events/reload-event.ts'
import { reacting } from './reactions.ts'
import { createRecord } from './record/record.ts'
import type { Records } from './record/records.ts'
import { ReloadTally } from './report/reload-tally.ts'
import { createView } from './report/view.ts'
import { DrainWatch } from './upstreams/drain-watch.ts'
import { totalsOf } from './upstreams/passive-health.ts'
import { Prober } from './upstreams/prober.ts'
import { RecentTraffic } from './upstreams/recent-traffic.ts'
import { Registry } from './upstreams/registry.ts'
import type { Transition } from './upstreams/upstream-event.ts'
import { MaintenanceWindows } from './windows/maintenance-windows.ts'
import { InDoubtList } from './workers/in-doubt-list.ts'
import { checkListeners } from './workers/listen-check.ts'
import { lostRequests } from './workers/lost-requests.ts'
import { SharedMemory } from './workers/shared-memory.ts'
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

export class Control {
  readonly view: ControlView
  readonly #options: ControlOptions
  readonly #bus = new Bus<VigiaEvent>()
  readonly #shared: SharedMemory
  readonly #registry: Registry
  readonly #windows: MaintenanceWindows
  readonly #prober: Prober
  readonly #drains: DrainWatch
  readonly #recent: RecentTraffic
  readonly #supervisor: Supervisor
  readonly #admin: AdminListener
  readonly #records: Records
  readonly #inUse: ConfigurationInUse
  readonly #reloader: Reloader | undefined
  #life: LifeState = 'starting'
  #closing: Promise<number> | undefined
  #ticks: NodeJS.Timeout | undefined
  #turns: NodeJS.Timeout | undefined

  /** Throws CannotServe where there are more upstreams than slots. */
  constructor(options: ControlOptions) {
    const { snapshot, workerUrl, logger, version, file } = options
    const { workers } = snapshot
    const { tell } = this.#bus
    this.#options = options

    const shared = new SharedMemory(workers)
    const { counters } = shared
    const registry = new Registry({ table: shared.upstreams, totals: slot => totalsOf(counters, slot), tell })
    const slots = registry.apply(snapshot)
    const windows = new MaintenanceWindows(snapshot, { registry, restores: snapshot.store !== undefined, tell })
    const inDoubt = new InDoubtList({ tell })
    const prober = new Prober({ onResult: (slot, result) => registry.probed(slot, result) })
    const supervisor = new Supervisor({
      workerUrl,
      workers,
      counters,
      logger,
      startData: worker => ({
        worker,
        workers,
        ...shared.buffers,
        snapshot: this.#inUse.snapshot,
        slots: this.#inUse.slots,
        closedRoutes: windows.closedRoutes,
      }),
      lostOf: row => lostRequests(row, registry.pools()),
      tell,
    })
    this.#shared = shared
    this.#registry = registry
    this.#windows = windows
    this.#prober = prober
    this.#supervisor = supervisor
    this.#drains = new DrainWatch(counters, shared.sessions)
    this.#recent = new RecentTraffic(counters)

    const { records, record } = createRecord({
      snapshot,
      loaded: file?.loaded,
      logger,
      targets: { registry, windows, inDoubt },
    })
    const feed = new Feed()
    const reloads = new ReloadTally(Date.now())
    this.#records = records
    this.#bus.listen(reacting({ supervisor, registry, prober, inDoubt, shared }))
    this.#bus.listen(logging(logger))
    this.#bus.listen(feeding(feed))
    this.#bus.listen(record)
    this.#bus.listen(reloads.count)

    this.#inUse = new ConfigurationInUse({
      snapshot,
      slots,
      registry,
      windows,
      prober,
      supervisor,
      admin: { listen: at => this.#admin.listen(at) },
      counters,
      logger,
      life: () => this.#life,
      tell,
    })
    this.#reloader =
      file &&
      new Reloader({
        file,
        logger,
        apply: (wanted, { override, by = 'vigia', reason = '' }) =>
          this.#inUse.take(wanted, override ? { by, reason } : undefined),
        revision: () => this.#inUse.revision,
        tell,
      })
    this.view = createView({
      version,
      startedMs: Date.now(),
      file: file?.path,
      inUse: this.#inUse,
      reloads,
      windows,
      counters,
      places: shared.places,
      registry,
      drains: this.#drains,
      recent: this.#recent,
      inDoubt,
      records,
      life: () => this.#life,
      workers: () => supervisor.view(),
      adminRefusals: () => this.#admin.failures,
    })
    this.#admin = new AdminListener(
      this.view,
      createAdminParts({
        registry,
        windows,
        inDoubt,
        records,
        tell,
        feed,
        reload: ({ source, ...who }) => this.reloadFile(source, who),
        reloader: this.#reloader,
        file: file?.path,
      }),
      logger,
    )
  }

  /** Resolves when every worker listens. Rejects with CannotServe, everything stopped again, where one can't. */
  async start(): Promise<void> {
    const { version, file } = this.#options
    const { snapshot } = this.#inUse
    try {
      await checkListeners(snapshot.listeners)
      this.#bus.tell({ type: 'started', version, text: file?.loaded.text, keeps: this.#records.enabled })
      this.#records.start()
      await this.#records.ready(KEPT_WITHIN_MS)
      await this.#admin.listen(snapshot.admin)
      // What a window closes is closed before anybody is served.
      this.#windows.start()
      // Probes start first: the first verdicts are there when the first requests are.
      this.#prober.apply(this.#registry.jobs())
      this.#ticks = setInterval(() => this.#tick(), TICK_MS)
      this.#turns = setInterval(() => this.#shared.sessions.turn(), GENERATION_MS)
      await this.#supervisor.start(snapshot.revision)
      this.#life = 'ready'
      this.#reloader?.start()
    } catch (error) {
      await this.#stop()
      throw error
    }
  }

  /**
   * Puts another configuration into use, without dropping anything; resolves when every worker serves it.
   * Rejects with CannotServe where it can't be used: then everything is as before. Reloads happen one after the other.
   */
  async reload(snapshot: Snapshot): Promise<void> {
    const about = () => {
      const request = { source: 'program' } as const
      return { type: 'reload', atMs: Date.now(), request, revision: this.#inUse.revision, input: undefined } as const
    }
    try {
      await this.#inUse.take(snapshot)
      this.#bus.tell({ ...about(), result: 'applied' })
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      this.#bus.tell({ ...about(), result: 'refused', problems: [problem] })
      throw error
    }
  }

  /** Reads the configuration file again and puts it into use; undefined where this vigia was started without one. Never rejects. */
  async reloadFile(
    source: ConfigurationSource,
    who?: Omit<ReloadRequest, 'source'>,
  ): Promise<ReloadOutcome | undefined> {
    const outcome = await this.#reloader?.reload(source, who)
    // Whoever moves log files away sends a SIGHUP, too; a configuration that was applied has opened them again already.
    if (outcome?.result !== 'applied' && source === 'signal') this.#supervisor.tell({ type: 'reopen-logs' })
    return outcome
  }

  /** Goes on in newly opened access log files: the old ones have been moved away. */
  reopenLogs(): void {
    this.#supervisor.tell({ type: 'reopen-logs' })
    this.#options.logger.info('access log files are opened again')
  }

  /** @returns a function that ends the subscription */
  onTransition(listener: (transition: Transition) => void): () => void {
    return this.#bus.listen(event => {
      if (event.type === 'transition') listener(event.transition)
    })
  }

  /** Finishes what is in flight, then stops. Resolves with the number of exchanges that were cut at the deadline. @param by what asks for it */
  close(by = 'the program'): Promise<number> {
    this.#closing ??= this.#drain(by)
    return this.#closing
  }

  async #drain(by: string): Promise<number> {
    this.#life = 'draining'
    this.#reloader?.close()
    const cut = await this.#supervisor.drain(this.#inUse.snapshot.shutdownMs)
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
    this.#bus.tell({ type: 'stopped', by, cut })
    const lost = await this.#records.close()
    if (lost > 0) this.#options.logger.warn(`store: ${lost} rows could not be written any more`)
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
}
