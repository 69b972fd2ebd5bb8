// What the routes of the admin listener act on, put together from the parts of the control plane: orders go through a change freeze,
// then through the record. It decides nothing itself.

import type { EventFeed } from '../admin/contract/event-feed.ts'
import type { Reload } from '../admin/routes/configuration.ts'
import type { AdminParts } from './admin-listener.ts'
import type { Reloader } from './configuration/reload.ts'
import { createConfigurations } from './orders/configurations.ts'
import { withFreezes } from './orders/freeze-guard.ts'
import { type RecordedOptions, recordedOperations } from './orders/recorded-operations.ts'
import { createMaintenanceOperations } from './orders/schedule-operations.ts'
import type { WindowRecords } from './record/window-records.ts'
import { createMaintenanceView } from './report/maintenance-report.ts'
import { createRecordsView } from './report/records-view.ts'
import type { MaintenanceWindows } from './windows/maintenance-windows.ts'

export interface AdminPartsOptions extends RecordedOptions {
  readonly windows: MaintenanceWindows
  /** Undefined = nothing is kept. */
  readonly windowRecords: WindowRecords | undefined
  readonly events: EventFeed
  readonly reload: Reload
  /** Undefined = this vigia was started without a file. */
  readonly reloader: Reloader | undefined
  /** The configuration file; undefined = there is none. */
  readonly file: string | undefined
}

export function createAdminParts(options: AdminPartsOptions): AdminParts {
  const { records, windows, windowRecords, events, reload, reloader, file } = options
  return {
    operations: withFreezes(recordedOperations(options), windows),
    events,
    reload,
    maintenance: {
      view: createMaintenanceView(windows),
      operations: createMaintenanceOperations(windows, windowRecords?.commit ?? (async () => {})),
    },
    records: createRecordsView(records),
    history:
      reloader === undefined || file === undefined ? undefined : createConfigurations({ reloader, records, file }),
  }
}
