// The configuration in use: hands another one to each part in its order, waits until every worker serves it, and goes back to the former
// one where that can't be. One after the other. Where a configuration comes from is not its business.

import { setImmediate } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { LifeState } from '../../admin/contract/status.ts'
import type { Logger } from '../../logging/logger.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import type { InheritedSocket } from '../../policy/process/inherited-sockets.ts'
import type { CounterTable } from '../../shared/counters.ts'
import type { Slots } from '../../shared/messages.ts'
import { Serial } from '../../util/serial.ts'
import type { Certificates } from '../certificates/certificates.ts'
import type { Names } from '../names/names.ts'
import { leftWords } from '../upstreams/left-work.ts'
import type { Prober } from '../upstreams/prober.ts'
import type { Registry } from '../upstreams/registry.ts'
import type { FreezeOverride } from '../windows/freeze.ts'
import type { MaintenanceWindows } from '../windows/maintenance-windows.ts'
import type { WindowEvent } from '../windows/window-event.ts'
import { CannotServe } from '../workers/cannot-serve.ts'
import { connectionLimitOf } from '../workers/descriptors.ts'
import { unclaimedWords } from '../workers/inherited-sockets.ts'
import { checkListeners, listenersOf, notHeldBy } from '../workers/listen-check.ts'
import type { Supervisor } from '../workers/supervisor.ts'
import { checkConfigurationFreeze } from './configuration-freeze.ts'

export interface InUseOptions {
  /** What vigia starts with; the registry has it already, and gave it these slots. */
  readonly snapshot: Snapshot
  readonly slots: Slots
  readonly names: Pick<Names, 'follow' | 'retire'>
  readonly certificates: Pick<Certificates, 'prepare' | 'adopt'>
  readonly registry: Registry
  readonly windows: MaintenanceWindows
  readonly prober: Prober
  readonly supervisor: Pick<Supervisor, 'distribute'>
  /** Goes where the configuration wants it. */
  readonly admin: { listen(at: Snapshot['admin']): Promise<void> }
  /** Most that the process may have open; undefined = not known. */
  readonly descriptors: number | undefined
  /** As the start said: `snapshot` may have fewer. */
  readonly wantedWorkers: number
  /** That the process was started with. */
  readonly sockets: readonly InheritedSocket[]
  readonly counters: CounterTable
  readonly logger: Logger
  readonly life: () => LifeState
  readonly tell: (event: WindowEvent) => void
}

export class ConfigurationInUse {
  readonly #options: InUseOptions
  readonly #turns = new Serial()
  #snapshot: Snapshot
  #slots: Slots
  /** Of the last configuration that was sent to workers. */
  #revisions: number
  #served: number

  constructor(options: InUseOptions) {
    this.#options = options
    this.#snapshot = options.snapshot
    this.#slots = options.slots
    this.#revisions = options.snapshot.revision
    this.#served = options.snapshot.revision
  }

  get snapshot(): Snapshot {
    return this.#snapshot
  }

  get slots(): Slots {
    return this.#slots
  }

  /** Of the last configuration that every worker serves: after a change older than `snapshot` for a moment. */
  get revision(): number {
    return this.#served
  }

  /**
   * Puts another configuration into use, without dropping anything; resolves with its revision when every worker serves it. Rejects
   * with CannotServe where it can't be used: then everything is as before. @param override of a change freeze; undefined = nobody has
   * asked for that
   */
  take(wanted: Snapshot, override?: FreezeOverride): Promise<number> {
    return this.#turns.run(() => this.#take(wanted, override))
  }

  async #take(wanted: Snapshot, override: FreezeOverride | undefined): Promise<number> {
    const { windows, admin, certificates, descriptors, wantedWorkers, sockets, logger, tell } = this.#options
    this.#expectReady()
    const overridden = checkConfigurationFreeze(windows.freezeOn(), override, Date.now())
    if (overridden !== undefined) tell(overridden)
    const former = this.#snapshot
    if (wanted.workers !== wantedWorkers) {
      logger.warn(`workers stays at ${former.workers} until the next start (the file now says ${wanted.workers})`)
    }
    const { bytes } = former.cache
    if (wanted.cache.bytes !== bytes) {
      logger.warn(`cache.bytes stays at ${bytes} until the next start (the file now says ${wanted.cache.bytes})`)
    }
    if (!isDeepStrictEqual(wanted.buffers, former.buffers)) logger.warn('buffers stays as it is until the next start')
    const usable = { ...wanted, workers: former.workers, cache: former.cache, buffers: former.buffers }
    await checkListeners(notHeldBy(listenersOf(former), listenersOf(wanted)), sockets)
    await certificates.prepare(wanted)
    await admin.listen(wanted.admin)
    try {
      this.#expectReady()
      await this.#distribute(usable)
    } catch (error) {
      this.#expectReady()
      // Some workers may have taken it over already: all go back to the former one, under a new revision.
      await admin.listen(former.admin)
      await this.#distribute(former)
      throw error
    }
    logger.level = wanted.log.level
    const { warning } = connectionLimitOf(usable, descriptors)
    if (warning !== undefined && warning !== connectionLimitOf(former, descriptors).warning) logger.warn(warning)
    const before = unclaimedWords(former.listeners, sockets)
    for (const words of unclaimedWords(usable.listeners, sockets)) if (!before.includes(words)) logger.error(words)
    return this.revision
  }

  #expectReady(): void {
    const life = this.#options.life()
    if (life !== 'ready') throw new CannotServe(`vigia is ${life}`, undefined)
  }

  /** With a large configuration this takes some tenths of a second in all: what can stand between two parts has its turn. */
  async #distribute(wanted: Snapshot): Promise<void> {
    const { names, certificates, registry, windows, prober, supervisor, counters, logger } = this.#options
    await setImmediate()
    names.follow(wanted)
    const slots = registry.apply(wanted)
    this.#revisions += 1
    const snapshot = { ...wanted, revision: this.#revisions }
    // In the same turn: a probe of an upstream that is gone would answer to nobody.
    prober.apply(registry.jobs())
    await setImmediate()
    windows.apply(snapshot)
    // Not before: a worker that starts now must not serve what its windows don't know yet.
    this.#snapshot = snapshot
    this.#slots = slots
    await setImmediate()
    await supervisor.distribute({ type: 'snapshot', snapshot, slots })
    this.#served = snapshot.revision
    certificates.adopt(wanted)
    for (const entry of registry.retire()) {
      const left = leftWords(entry, counters)
      if (left !== undefined) logger.info({ pool: entry.pool, upstream: entry.plan.name }, left)
    }
    prober.apply(registry.jobs())
    await setImmediate()
    windows.retire()
    names.retire(wanted)
  }
}
