// What control gives the admin listener, beside what may be read of the whole: one part a resource. A part that is not given has no routes.

import type { CacheControl } from './cache.ts'
import type { Configurations } from './configurations.ts'
import type { EventFeed } from './events.ts'
import type { Explanations } from './explanations.ts'
import type { HeldControl } from './held.ts'
import type { HistoryView } from './history.ts'
import type { MaintenanceParts } from './maintenance.ts'
import type { ControlOperations } from './operations.ts'
import type { Reload } from './reload.ts'

export interface AdminParts {
  readonly operations?: ControlOperations | undefined
  readonly reload?: Reload | undefined
  readonly maintenance?: MaintenanceParts | undefined
  readonly history?: HistoryView | undefined
  /** Undefined = this vigia was started without a file. */
  readonly configurations?: Configurations | undefined
  readonly events?: EventFeed | undefined
  readonly explanations?: Explanations | undefined
  readonly cache?: CacheControl | undefined
  readonly held?: HeldControl | undefined
}
