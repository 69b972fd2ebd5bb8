// What the routes of the admin listener act on, put together from the parts of the control plane: orders go through a change freeze,
// then through the record. It decides nothing itself.

import type { EventFeed } from '../admin/contract/events.ts'
import type { AdminParts } from '../admin/contract/parts.ts'
import type { Reload } from '../admin/contract/reload.ts'
import type { Reloader } from './configuration/reload.ts'
import { createConfigurations } from './orders/configurations.ts'
import { withFreezes } from './orders/freeze-guard.ts'
import { type RecordedOptions, recordedOperations } from './orders/recorded-operations.ts'
import { createMaintenanceOperations } from './orders/schedule-operations.ts'
import { createRecordsView } from './report/records-view.ts'
import { createMaintenanceView } from './report/schedule-report.ts'
import type { WindowSchedule } from './windows/schedule.ts'

export interface AdminPartsOptions extends RecordedOptions {
  readonly schedule: WindowSchedule
  readonly events: EventFeed
  readonly reload: Reload
  /** Undefined = this vigia was started without a file. */
  readonly reloader: Reloader | undefined
  /** The configuration file; undefined = there is none. */
  readonly file: string | undefined
}

export function createAdminParts(options: AdminPartsOptions): AdminParts {
  const { records, schedule, events, reload, reloader, file } = options
  return {
    operations: withFreezes(recordedOperations(options), schedule),
    events,
    reload,
    maintenance: { view: createMaintenanceView(schedule), operations: createMaintenanceOperations(schedule) },
    history: createRecordsView(records),
    configurations:
      reloader === undefined || file === undefined ? undefined : createConfigurations({ reloader, records, file }),
  }
}
