// The control plane: starts its parts in order, looks at the time once a second, stops them. What they are is in parts.ts; it decides
// nothing itself.

import type { ReloadOutcome } from '../admin/contract/reload.ts'
import type { ControlView, LifeState } from '../admin/contract/status.ts'
import type { Snapshot } from '../plan/snapshot.ts'
import { GENERATION_MS } from '../shared/sessions.ts'
import type { ConfigurationSource } from './events/reload-event.ts'
import { buildParts, type ControlOptions, type Parts } from './parts.ts'
import type { Transition } from './upstreams/upstream-event.ts'
import { connectionLimitOf } from './workers/descriptors.ts'
import { unclaimedWords } from './workers/inherited-sockets.ts'
import { checkListeners, listenersOf } from './workers/listen-check.ts'

/** How often passive health looks at the totals, and a slow start goes on. */
const TICK_MS = 1000
/** How long the start waits for the orders that a store has kept: beyond that, serving comes first. */
const KEPT_WITHIN_MS = 1000

export class Control {
  readonly #options: ControlOptions
  readonly #parts: Parts
  #life: LifeState = 'starting'
  #closing: Promise<number> | undefined
  #ticks: NodeJS.Timeout | undefined
  #turns: NodeJS.Timeout | undefined

  /** Throws CannotServe where there are more upstreams than slots. */
  constructor(options: ControlOptions) {
    this.#options = options
    this.#parts = buildParts(options, () => this.#life)
  }

  get view(): ControlView {
    return this.#parts.view
  }

  /** Resolves when every worker listens. Rejects with CannotServe, everything stopped again, where one can't. */
  async start(): Promise<void> {
    const { version, file } = this.#options
    const {
      bus,
      records,
      admin,
      windows,
      holding,
      names,
      prober,
      registry,
      sessions,
      certificates,
      acme,
      supervisor,
      inUse,
      reloader,
      descriptors,
    } = this.#parts
    const { snapshot } = inUse
    try {
      const { logger, sockets = [] } = this.#options
      await checkListeners(listenersOf(snapshot), sockets)
      for (const words of unclaimedWords(snapshot.listeners, sockets)) logger.error(words)
      const { warning } = connectionLimitOf(snapshot, descriptors)
      if (warning !== undefined) logger.warn(warning)
      bus.tell({
        type: 'started',
        version,
        revision: snapshot.revision,
        file: file?.path,
        text: file?.loaded.text,
        keeps: records.enabled,
      })
      records.start()
      // Names have come, for the most part, before workers ask for them.
      void names.start()
      if (!records.enabled) acme.restore([], true)
      await records.ready(KEPT_WITHIN_MS)
      await certificates.prepare(snapshot)
      await admin.listen(snapshot.admin)
      // What a window closes is closed before anybody is served.
      windows.start()
      holding.apply(snapshot)
      // Probes start first: the first verdicts are there when the first requests are.
      prober.apply(registry.jobs())
      this.#ticks = setInterval(() => this.#tick(), TICK_MS)
      this.#turns = setInterval(() => sessions.turn(), GENERATION_MS)
      await supervisor.start(snapshot.revision)
      certificates.adopt(snapshot)
      this.#life = 'ready'
      reloader?.start()
      // What listens is good. One that was kept is kept already.
      if (file?.refused === undefined) void reloader?.keepLastGood()
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
    const { bus, inUse } = this.#parts
    const about = () => {
      const request = { source: 'program' } as const
      return { type: 'reload', atMs: Date.now(), request, revision: inUse.revision, input: undefined } as const
    }
    try {
      await inUse.take(snapshot)
      bus.tell({ ...about(), result: 'applied' })
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      bus.tell({ ...about(), result: 'refused', problems: [problem], frozen: false, waits: false })
      throw error
    }
  }

  /** Reads the configuration file again and puts it into use; undefined where this vigia was started without one. Never rejects. */
  reloadFile(source: ConfigurationSource): Promise<ReloadOutcome | undefined> {
    return this.#parts.reloadFile(source)
  }

  /** Goes on in newly opened access log files: the old ones have been moved away. */
  reopenLogs(): void {
    this.#parts.supervisor.tell({ type: 'reopen-logs' })
    this.#options.logger.info('access log files are opened again')
  }

  /** @returns a function that ends the subscription */
  onTransition(listener: (transition: Transition) => void): () => void {
    return this.#parts.bus.listen(event => {
      if (event.type === 'transition') listener(event.transition)
    })
  }

  /** Finishes what is in flight, then stops. Resolves with the number of exchanges that were cut at the deadline. @param by what asks for it */
  close(by = 'the program'): Promise<number> {
    this.#closing ??= this.#drain(by)
    return this.#closing
  }

  async #drain(by: string): Promise<number> {
    const { reloader, supervisor, inUse } = this.#parts
    this.#life = 'draining'
    reloader?.close()
    const cut = await supervisor.drain(inUse.snapshot.shutdownMs)
    await this.#stop(by, cut)
    return cut
  }

  async #stop(by = 'vigia', cut = 0): Promise<void> {
    const { bus, certificates, acme, windows, holding, names, prober, supervisor, admin, records, keptEvents } =
      this.#parts
    clearInterval(this.#ticks)
    clearInterval(this.#turns)
    windows.close()
    names.close()
    certificates.close()
    acme.close()
    prober.close()
    await supervisor.close()
    await admin.close()
    await holding.held.close()
    bus.tell({ type: 'stopped', by, cut })
    const lost = await records.close()
    await keptEvents?.close()
    if (lost > 0) this.#options.logger.warn(`store: ${lost} rows could not be written any more`)
  }

  #tick(): void {
    const { clock, certificates, acme, windows, holding, registry, drains, recent, reloader } = this.#parts
    clock.look()
    certificates.tick()
    acme.tick(Date.now())
    // Before upstreams: a drain that comes to its deadline as its window begins is the window's to end.
    windows.tick()
    reloader?.tick(() => windows.freezeOn() !== undefined)
    registry.tick()
    const entries = registry.pools().flatMap(pool => pool.entries)
    drains.tick(entries, Date.now())
    holding.tick()
    recent.tick(
      entries.map(entry => entry.slot),
      performance.now(),
    )
  }
}
