// What the store has kept over a restart comes back to where it belongs: orders, facts of windows, incidents that last, requests in doubt.

import type { LoadedSnapshot } from '../../config/read/load.ts'
import type { Logger } from '../../logging/logger.ts'
import type { AuditRow, IncidentEntry, InDoubtRow, Store } from '../../store/contract.ts'
import { iso } from '../../util/words.ts'
import type { Pause } from '../held/pause-event.ts'
import type { Registry } from '../upstreams/registry.ts'
import type { WindowFact } from '../windows/window-facts.ts'
import type { InDoubtList, KnownInDoubt } from '../workers/in-doubt-list.ts'
import { hashOf, startedConfiguration } from './audit-rows.ts'
import { type Incidents, VIGIA_DOWN } from './incidents.ts'
import { FLOOR, PAUSE, readOverrides } from './kept-overrides.ts'
import type { Records } from './records.ts'
import type { Kept } from './store-opening.ts'
import { keptFacts } from './window-changes.ts'

/** Where it comes back to. */
export interface RestoreTargets {
  readonly registry: Pick<Registry, 'restore' | 'restoreFloor'>
  readonly windows: { restore(facts: readonly WindowFact[]): void }
  readonly inDoubt: Pick<InDoubtList, 'restore'>
  readonly pauses: { restore(pauses: readonly Pause[]): void }
  /** @param isWhole there is no more to come */
  readonly secrets: { restore(rows: Kept['secrets'], isWhole: boolean): void }
}

interface OrdersOptions extends Omit<RestoreTargets, 'inDoubt'> {
  readonly records: Pick<Records, 'isUnrecorded'>
  readonly logger: Logger
}

export interface RestoreOptions extends OrdersOptions, RestoreTargets {
  readonly records: Pick<Records, 'isUnrecorded' | 'later' | 'append'>
  readonly incidents: Incidents
  /** What vigia was started with; undefined = it was started without a file. */
  readonly loaded: LoadedSnapshot | undefined
  /** Of the configuration that vigia was started with. */
  readonly revision: number
  /** Epoch ms. */
  readonly startedMs: number
}

/** How many requests in doubt come back. */
const IN_DOUBT_READ = 1000

/** What was kept counts when it returns, but for histories, which nothing waits for. */
export function restore(kept: Kept, store: Store, options: RestoreOptions): void {
  restoreOrders(kept, options)
  options.secrets.restore(kept.secrets, true)
  void restoreHistories(store, options)
}

/** The store can't be read: until it can, the copy of what people have ordered counts. Says so. @param copy undefined = there is none */
export function restoreCopy(copy: Kept | undefined, options: OrdersOptions): void {
  const { logger } = options
  if (copy === undefined) {
    logger.error(
      'store: it can not be read, and there is no copy of the orders beside it: what people have drained, disabled or weighed before the start is not known, and serves; order it again with --unrecorded',
    )
    return
  }
  const { overrides, windows } = copy
  logger.warn(
    `store: it can not be read yet: until it can, its copy counts, with ${overrides.length} orders and ${windows.length} facts of windows`,
  )
  restoreOrders(copy, options)
  options.secrets.restore(copy.secrets, false)
}

function restoreOrders({ overrides, windows: facts }: Kept, options: OrdersOptions): void {
  const { records, registry, windows, logger } = options
  const { orders, floors, pauses, unreadable } = readOverrides(overrides)
  // What was ordered before the file was open, and could not be recorded, is newer than what the file says.
  for (const { pool, upstream, kind, order } of orders) {
    if (!records.isUnrecorded(pool, upstream, kind)) registry.restore(pool, upstream, order)
  }
  for (const { pool, priority } of floors) {
    if (!records.isUnrecorded(pool, undefined, FLOOR)) registry.restoreFloor(pool, priority)
  }
  options.pauses.restore(pauses.filter(({ route }) => !records.isUnrecorded(route, undefined, PAUSE)))
  for (const wrong of unreadable) logger.warn(`store: ${wrong} is not understood, and ignored`)
  windows.restore(keptFacts(facts))
}

async function restoreHistories(store: Store, options: RestoreOptions): Promise<void> {
  const { loaded, revision, startedMs, logger, inDoubt, incidents, records } = options
  try {
    const before = { toMs: startedMs, limit: 1 }
    const [open, doubts, [latest], [audited], [moved]] = await Promise.all([
      store.incidents({ open: true, limit: 1000 }).then(({ rows }) => rows),
      store.inDoubt({ limit: IN_DOUBT_READ }).then(({ rows }) => rows),
      store.configurations({ limit: 1 }).then(({ rows }) => rows),
      store.audit(before).then(({ rows }) => rows),
      store.transitions(before).then(({ rows }) => rows),
    ])
    const down = downtime(audited, moved?.atMs, startedMs)
    if (down !== undefined) records.append('incident', down)
    incidents.restore(open, Date.now())
    inDoubt.restore(doubts.map(knownOf))
    if (loaded === undefined || latest?.hash === hashOf(loaded.text)) return
    records.later(startedConfiguration(loaded.text, revision, latest))
  } catch (error) {
    logger.warn(`store: what was kept could not be read: ${error instanceof Error ? error.message : error}`)
  }
}

/** From the end of the former process, or its last sign of life, to this start. @param audited the newest row before that */
export function downtime(
  audited: Pick<AuditRow, 'action' | 'actor' | 'atMs'> | undefined,
  movedMs: number | undefined,
  startedMs: number,
): IncidentEntry | undefined {
  const atMs = Math.max(audited?.atMs ?? 0, movedMs ?? 0)
  if (atMs === 0) return undefined
  const isStopped = audited?.action === 'vigia.stop' && audited.atMs === atMs
  const cause = isStopped
    ? `vigia was stopped by ${audited.actor}`
    : 'vigia ended without a stop (killed, power, a bug); this is its last sign of life, it may have run for longer'
  return {
    key: `${VIGIA_DOWN} ${iso(startedMs)}`,
    atMs,
    endMs: startedMs,
    pool: '*',
    upstream: undefined,
    kind: VIGIA_DOWN,
    cause,
  }
}

const RESOLUTIONS = ['done', 'not-done', 'ignored'] as const

function knownOf({ id: _, resolved, ...record }: InDoubtRow): KnownInDoubt {
  if (resolved === undefined) return record
  const { how, ...rest } = resolved
  return { ...record, resolved: { ...rest, resolution: RESOLUTIONS.find(each => each === how) ?? 'done' } }
}
