// What the routes of the admin listener act on, put together from the parts of the control plane. Each order goes through `Orders`. It
// decides nothing itself.

import type { EventFeed } from '../../admin/contract/events.ts'
import type { Explanations } from '../../admin/contract/explanations.ts'
import type { AdminParts } from '../../admin/contract/parts.ts'
import type { Reload } from '../../admin/contract/reload.ts'
import type { CacheMemory } from '../../shared/cache/memory.ts'
import type { Acme } from '../certificates/acme/acme.ts'
import type { Reloader } from '../configuration/reload.ts'
import type { Tell } from '../events/event.ts'
import type { HeldParts } from '../held/create.ts'
import { applyTo } from '../orders/apply.ts'
import { createCacheControl } from '../orders/cache-orders.ts'
import { Orders } from '../orders/carry-out.ts'
import { createConfigurations } from '../orders/configurations.ts'
import { createHeldControl } from '../orders/held-orders.ts'
import { createOperations } from '../orders/operations.ts'
import { useConfiguration } from '../orders/use-configuration.ts'
import { createMaintenanceOperations } from '../orders/window-operations.ts'
import { createHistoryView } from '../record/history.ts'
import type { Records } from '../record/records.ts'
import { dropSelected } from '../report/cache-report.ts'
import type { HeldSources } from '../report/held-report.ts'
import { createMaintenanceView } from '../report/maintenance-report.ts'
import type { Registry } from '../upstreams/registry.ts'
import type { MaintenanceWindows } from '../windows/maintenance-windows.ts'
import type { InDoubtList } from '../workers/in-doubt-list.ts'

export interface AdminPartsOptions {
  readonly registry: Registry
  readonly windows: MaintenanceWindows
  readonly inDoubt: InDoubtList
  readonly acme: Acme
  readonly cache: CacheMemory
  readonly holding: HeldParts
  readonly sources: HeldSources
  readonly records: Records
  readonly tell: Tell
  readonly feed: EventFeed
  readonly reload: Reload
  /** Undefined = this vigia was started without a file. */
  readonly reloader: Reloader | undefined
  readonly explanations: Explanations
  /** The configuration file; undefined = there is none. */
  readonly file: string | undefined
}

export function createAdminParts(options: AdminPartsOptions): AdminParts {
  const { registry, windows, inDoubt, acme, cache, holding, sources, records, tell, feed, reload, reloader, file } =
    options
  const { held, pauses } = holding
  const source = reloader === undefined || file === undefined ? undefined : { reloader, file }
  const use = source && useConfiguration(source.reloader, records, source.file)
  const orders = new Orders(
    records,
    applyTo({
      registry,
      inDoubt,
      acme,
      windows,
      held,
      pauses,
      use,
      tell,
      purge: selection => dropSelected(cache, selection),
    }),
  )
  return {
    operations: createOperations(orders, { registry, windows }, inDoubt, acme),
    events: feed,
    explanations: options.explanations,
    cache: createCacheControl(orders, cache),
    held: createHeldControl(orders, {
      held,
      sources,
      state: { snapshot: () => sources.inUse.snapshot, pauses, windows },
    }),
    reload,
    maintenance: { view: createMaintenanceView(windows), operations: createMaintenanceOperations(orders, windows) },
    history: createHistoryView(records),
    configurations: source && createConfigurations({ orders, records, ...source }),
  }
}
