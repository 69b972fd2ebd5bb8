// The record of one vigia, put together: what writes it, what brings it back, and what others ask of it.

import type { LoadedSnapshot } from '../../config/read/load.ts'
import type { Logger } from '../../logging/logger.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import { TOTAL } from '../../shared/counter-cells.ts'
import type { CounterTable } from '../../shared/counters.ts'
import type { Tell } from '../events/event.ts'
import type { Feed } from '../events/feed.ts'
import type { RegistryPool } from '../upstreams/entry.ts'
import type { Registry } from '../upstreams/registry.ts'
import { Incidents } from './incidents.ts'
import { KeptEvents } from './kept-events.ts'
import { recording } from './recorder.ts'
import { Records } from './records.ts'
import { type RestoreTargets, restore, restoreCopy } from './restore.ts'

export interface RecordOptions {
  /** What vigia starts with, and what it was read from; undefined = it was started without a file. */
  readonly snapshot: Snapshot
  readonly loaded: LoadedSnapshot | undefined
  readonly logger: Logger
  readonly counters: CounterTable
  readonly feed: Feed
  readonly targets: RestoreTargets & { readonly registry: Pick<Registry, 'pools' | 'pool'> }
}

export function createRecord({ snapshot, loaded, logger, counters, feed, targets }: RecordOptions): {
  readonly records: Records
  /** Takes in what happens. */
  readonly recorder: Tell
  /** Undefined = there is no store. */
  readonly keptEvents: KeptEvents | undefined
} {
  const incidents = new Incidents({
    pools: () => targets.registry.pools(),
    pool: name => targets.registry.pool(name),
    record: incident => records.append('incident', incident),
    failed: failedIn(counters),
  })
  const { revision } = snapshot
  const keptEvents = snapshot.store && new KeptEvents(snapshot.store.path, feed, logger)
  const startedMs = Date.now()
  const records: Records = new Records({
    plan: snapshot.store,
    logger,
    onUnread: copy => restoreCopy(copy, { ...targets, records, logger }),
    onOpen: (kept, store) => {
      restore(kept, store, { ...targets, records, incidents, logger, loaded, revision, startedMs })
      keptEvents?.start()
    },
  })
  return { records, recorder: recording(records, incidents), keptEvents }
}

/** For users of a pool: answers 5xx, vigia's own included. On an upstream: its own answers 5xx, and connections that failed. */
function failedIn(counters: CounterTable) {
  return ({ slot, entries }: RegistryPool, upstream: string | undefined): number => {
    if (upstream === undefined)
      return [slot, ...entries.map(entry => entry.slot)].reduce((sum, each) => sum + counters.answers(each, 5), 0)
    const of = entries.find(({ plan }) => plan.name === upstream)?.slot
    return of === undefined ? 0 : FAILURES.reduce((sum, total) => sum + counters.total(of, total), 0)
  }
}

const FAILURES = [TOTAL.serverErrors, TOTAL.connectFailures, TOTAL.transportFailures, TOTAL.timeouts]
