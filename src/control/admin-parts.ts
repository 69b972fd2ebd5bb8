// What the routes of the admin listener act on, put together from the parts of the control plane: orders go through a change freeze,
// then through the record. It decides nothing itself.

import type { Reload } from '../admin/configuration.ts'
import type { EventFeed } from '../admin/event-feed.ts'
import type { AdminParts } from './admin-listener.ts'
import { createConfigurations } from './configurations.ts'
import { withFreezes } from './freeze-guard.ts'
import { type RecordedOptions, recordedOperations } from './recorded-operations.ts'
import { createRecordsView } from './records-view.ts'
import type { Reloader } from './reload.ts'
import type { WindowSchedule } from './schedule.ts'
import { createMaintenanceOperations } from './schedule-operations.ts'
import { createMaintenanceView } from './schedule-report.ts'

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
    records: createRecordsView(records),
    history:
      reloader === undefined || file === undefined ? undefined : createConfigurations({ reloader, records, file }),
  }
}
