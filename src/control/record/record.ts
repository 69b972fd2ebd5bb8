// The record of one vigia, put together: what writes it, what brings it back, and what others ask of it.

import type { LoadedSnapshot } from '../../config/read/load.ts'
import type { Logger } from '../../logging/logger.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import type { Tell } from '../events/event.ts'
import type { Registry } from '../upstreams/registry.ts'
import { Incidents } from './incidents.ts'
import { recording } from './recorder.ts'
import { Records } from './records.ts'
import { type RestoreTargets, restore, restoreCopy } from './restore.ts'

export interface RecordOptions {
  /** What vigia starts with, and what it was read from; undefined = it was started without a file. */
  readonly snapshot: Snapshot
  readonly loaded: LoadedSnapshot | undefined
  readonly logger: Logger
  readonly targets: RestoreTargets & { readonly registry: Pick<Registry, 'pools' | 'pool'> }
}

export function createRecord({ snapshot, loaded, logger, targets }: RecordOptions): {
  readonly records: Records
  /** Takes in what happens. */
  readonly recorder: Tell
} {
  const incidents = new Incidents({
    pools: () => targets.registry.pools(),
    pool: name => targets.registry.pool(name),
    record: incident => records.append('incident', incident),
  })
  const { revision } = snapshot
  const records: Records = new Records({
    plan: snapshot.store,
    logger,
    onUnread: copy => restoreCopy(copy, { ...targets, records, logger }),
    onOpen: (kept, store) => restore(kept, store, { ...targets, records, incidents, logger, loaded, revision }),
  })
  return { records, recorder: recording(records, incidents) }
}
