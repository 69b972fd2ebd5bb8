// Keeps the record: what happens in the control plane becomes rows of the store, and what the store has kept over a restart comes back
// to where it belongs. How rows are worded is in audit-trail.ts and incidents.ts; when they are written is in records.ts.

import { createHash } from 'node:crypto'
import { diffText } from '../../config/diff.ts'
import type { LoadedSnapshot } from '../../config/read/load.ts'
import type { Logger } from '../../logging/logger.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import type { Holds } from '../../policy/upstream/admin-holds.ts'
import type { UpstreamState } from '../../policy/upstream/availability.ts'
import type { InDoubtRecord } from '../../shared/messages.ts'
import type { AuditSource, InDoubtRow, Store } from '../../store/contract.ts'
import type { AppliedConfiguration, Wish } from '../configuration/reload.ts'
import type { Entry, Transition } from '../upstreams/entry.ts'
import type { Registry } from '../upstreams/registry.ts'
import type { WindowEvent } from '../windows/window-event.ts'
import type { WindowFact } from '../windows/window-facts.ts'
import {
  configurationRow,
  failoverRow,
  forgottenOrders,
  holdRows,
  outlierRow,
  startRow,
  stopRow,
} from './audit-trail.ts'
import type { InDoubtList, KnownInDoubt } from './in-doubt-list.ts'
import { Incidents } from './incidents.ts'
import { FLOOR, type KeptOverrides, readOverrides } from './kept-overrides.ts'
import { Records } from './records.ts'
import type { Kept } from './store-opening.ts'
import { keptFacts, windowRow } from './window-records.ts'

export interface RecordKeepingOptions {
  readonly snapshot: Snapshot
  /** What vigia starts with; undefined = it was started without a file. */
  readonly loaded: LoadedSnapshot | undefined
  readonly logger: Logger
  readonly version: string
  readonly registry: () => Pick<Registry, 'pools' | 'restore' | 'restoreFloor'>
  readonly inDoubt: () => InDoubtList
  /** What was kept of maintenance windows. */
  readonly onWindows: (facts: readonly WindowFact[]) => void
}

/** How many requests in doubt come back after a restart. */
const IN_DOUBT_READ = 1000

const SOURCES: Readonly<Record<Wish['source'], AuditSource>> = {
  start: 'startup',
  file: 'file',
  signal: 'signal',
  api: 'api',
  cli: 'cli',
  program: 'automatic',
}

export class RecordKeeping {
  readonly records: Records
  readonly #options: RecordKeepingOptions
  readonly #incidents: Incidents

  constructor(options: RecordKeepingOptions) {
    const { snapshot, logger, registry } = options
    this.#options = options
    this.#incidents = new Incidents({
      pools: () => registry().pools(),
      record: incident => this.records.append('incident', incident),
    })
    this.records = new Records({
      plan: snapshot.store,
      logger,
      onOpen: (kept, store) => this.#opened(kept, store),
    })
  }

  start(): void {
    const { version, loaded, logger } = this.#options
    if (!this.records.enabled) {
      logger.info(
        'no store: a restart forgets drains and other orders, and there is no audit (configuration key "store")',
      )
      return
    }
    this.records.append('audit', startRow(version, loaded && hashOf(loaded.text), Date.now()))
    this.records.start()
  }

  transition(transition: Transition): void {
    const { by, ...row } = transition
    this.records.append('transition', by === undefined ? row : { ...row, detail: { by } })
    this.#incidents.told(transition)
  }

  held(entry: Entry, before: Holds): void {
    for (const row of holdRows(entry, before, Date.now())) this.records.append('audit', row)
  }

  judged(entry: Entry, before: UpstreamState['outlier']): void {
    this.records.append('audit', outlierRow(entry, before, Date.now()))
  }

  /** Its name is gone, and what was ordered for it goes with it. */
  left(entry: Entry): void {
    const forgotten = forgottenOrders(entry, Date.now())
    if (forgotten !== undefined) this.records.later(forgotten)
  }

  failedOver(pool: string, priority: number): void {
    const override = { op: 'put', pool, upstream: undefined, kind: FLOOR, value: { priority } } as const
    this.records.later({ audit: [failoverRow(pool, priority, Date.now())], overrides: [override] })
  }

  window(event: WindowEvent): void {
    const row = windowRow(event)
    if (row !== undefined) this.records.append('audit', row)
  }

  inDoubt(record: InDoubtRecord): void {
    this.records.append('in-doubt', record)
  }

  /** Another configuration is in use. */
  applied({ loaded, former, revision, diff, source, by, reason }: AppliedConfiguration): void {
    const actor = by ?? (source === 'signal' ? 'SIGHUP' : 'vigia')
    const who = { actor, source: SOURCES[source], reason }
    const summary = reason === undefined ? diffText(diff) : `${reason}; ${diffText(diff)}`
    this.records.later({
      audit: [configurationRow(who, { before: former, after: revision }, diff, { hash: hashOf(loaded.text) })],
      configuration: { actor, source: who.source, revision, text: loaded.text, summary },
    })
    this.#incidents.look(Date.now(), 'another configuration')
  }

  /** @param by who or what stops vigia @param cut requests that took too long */
  stopped(by: string, cut: number): Promise<number> {
    this.records.append('audit', stopRow(by, cut, Date.now()))
    return this.records.close()
  }

  #opened({ overrides, windows }: Kept, store: Store): void {
    const kept = readOverrides(overrides)
    this.#restore(kept)
    for (const wrong of kept.unreadable) this.#options.logger.warn(`store: ${wrong} is not understood, and ignored`)
    this.#options.onWindows(keptFacts(windows))
    void this.#read(store)
  }

  /** What was ordered before the file was open, and could not be recorded, is newer than what the file says. */
  #restore({ orders, floors }: KeptOverrides): void {
    const registry = this.#options.registry()
    for (const { pool, upstream, kind, order } of orders) {
      if (!this.records.isUnrecorded(pool, upstream, kind)) registry.restore(pool, upstream, order)
    }
    for (const { pool, priority } of floors) {
      if (!this.records.isUnrecorded(pool, undefined, FLOOR)) registry.restoreFloor(pool, priority)
    }
  }

  /** Histories, which nothing waits for. */
  async #read(store: Store): Promise<void> {
    const { loaded, snapshot, logger, inDoubt } = this.#options
    try {
      const [open, doubts, [latest]] = await Promise.all([
        store.incidents({ open: true, limit: 1000 }).then(({ rows }) => rows),
        store.inDoubt({ limit: IN_DOUBT_READ }).then(({ rows }) => rows),
        store.configurations({ limit: 1 }).then(({ rows }) => rows),
      ])
      this.#incidents.restore(open, Date.now())
      inDoubt().restore(doubts.map(knownOf))
      if (loaded === undefined || latest?.hash === hashOf(loaded.text)) return
      const who = { actor: 'vigia', source: 'startup' } as const
      const { text } = loaded
      this.records.later({
        audit: [
          {
            ...who,
            action: 'configuration.apply',
            subject: 'configuration',
            reason: 'vigia was started with it',
            before: latest === undefined ? null : { id: latest.id, hash: latest.hash },
            after: { revision: snapshot.revision, hash: hashOf(text) },
          },
        ],
        configuration: { ...who, revision: snapshot.revision, text, summary: 'vigia was started with it' },
      })
    } catch (error) {
      logger.warn(`store: what was kept could not be read: ${error instanceof Error ? error.message : error}`)
    }
  }
}

/** As the store writes it. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function knownOf({ id: _, resolved, ...record }: InDoubtRow): KnownInDoubt {
  if (resolved === undefined) return record
  const { how, ...rest } = resolved
  return { ...record, resolved: { ...rest, resolution: RESOLUTIONS.find(each => each === how) ?? 'done' } }
}

const RESOLUTIONS = ['done', 'not-done', 'ignored'] as const
