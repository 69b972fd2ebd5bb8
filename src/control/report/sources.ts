// What reports are read from. Types only.

import type { FileDiffers, LifeState } from '../../admin/contract/status.ts'
import type { AdminTotals } from '../../metrics/source.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import type { CacheMemory } from '../../shared/cache/memory.ts'
import type { CounterTable } from '../../shared/counters.ts'
import type { Slots } from '../../shared/messages.ts'
import type { Permits } from '../../shared/permits.ts'
import type { Acme } from '../certificates/acme/acme.ts'
import type { InUseAuthority, InUseCertificate } from '../certificates/certificates.ts'
import type { Gates } from '../held/gates.ts'
import type { Held } from '../held/held.ts'
import type { Pauses } from '../held/pauses.ts'
import type { Names } from '../names/names.ts'
import type { Records } from '../record/records.ts'
import type { DrainWatch } from '../upstreams/drain-watch.ts'
import type { RecentTraffic } from '../upstreams/recent-traffic.ts'
import type { Registry } from '../upstreams/registry.ts'
import type { MaintenanceWindows } from '../windows/maintenance-windows.ts'
import type { InDoubtList } from '../workers/in-doubt-list.ts'
import type { WorkerView } from '../workers/post.ts'
import type { BufferSources } from './buffers-report.ts'
import type { PoolOutages } from './pool-outages.ts'
import type { ReloadTally } from './reload-tally.ts'

export interface Sources {
  readonly version: string
  /** Epoch ms, by the clock as it is now. */
  readonly startedMs: () => number
  /** The configuration file, as it was named; undefined = there is none. */
  readonly file: string | undefined
  /** The configuration in use. */
  readonly inUse: { readonly snapshot: Snapshot; readonly slots: Slots; readonly revision: number }
  readonly reloads: ReloadTally
  /** Why the file does not say what is in use; null = it does, or there is none. */
  readonly fileDiffers: () => FileDiffers | null
  readonly life: () => LifeState
  readonly workers: () => readonly WorkerView[]
  /** Most descriptors that the process may have open; undefined = not known. */
  readonly descriptors: number | undefined
  readonly counters: CounterTable
  readonly permits: Permits
  readonly cache: CacheMemory
  readonly buffers: BufferSources
  readonly certificates: { readonly list: readonly InUseCertificate[]; readonly authorities: readonly InUseAuthority[] }
  readonly acme: Pick<Acme, 'plan' | 'names' | 'tally'>
  readonly names: Pick<Names, 'of' | 'samples' | 'lookups'>
  readonly registry: Registry
  readonly drains: DrainWatch
  readonly recent: RecentTraffic
  readonly windows: MaintenanceWindows
  readonly held: Held
  readonly pauses: Pauses
  readonly gates: Gates
  readonly inDoubt: InDoubtList
  readonly records: Records
  /** How often the control plane stood still, and for how long. */
  readonly controlStalls: { readonly count: number; readonly seconds: number }
  readonly outages: PoolOutages
  readonly admin: () => AdminTotals
}
