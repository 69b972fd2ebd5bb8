// What an order of somebody does, effect by effect. Names stand for upstreams and pools: an order is applied to what is in use then.
// Types only: who decides, writes and applies effects is in orders/ and record/.

import type { InDoubtOrder, Recording, Resolution } from '../../admin/contract/operations.ts'
import type { Comparison } from '../../config/aside/jobs.ts'
import type { LoadedSnapshot } from '../../config/read/load.ts'
import type { HeldOrder } from '../../held/contract.ts'
import type { CacheSelection } from '../../policy/cache/selection.ts'
import type { Hold } from '../../policy/upstream/holds.ts'
import type { WeightOverride } from '../../policy/upstream/weight-override.ts'
import type { HeldTally, Pause } from '../held/pause-event.ts'
import type { WindowEvent } from '../windows/window-event.ts'
import type { WindowFact } from '../windows/window-facts.ts'

/** Somebody's order was carried out. */
export interface OrderEvent {
  readonly type: 'order'
  readonly who: Orderer
  readonly effects: readonly OrderEffect[]
}

/** Who orders something, and how that is to be recorded. */
export interface Orderer extends Recording {
  readonly by: string
  /** One line; undefined or '' = nobody gave one. */
  readonly reason?: string | undefined
}

export type OrderEffect =
  | HoldEffect
  | ReleaseEffect
  | WeightEffect
  | FailbackEffect
  | PurgeEffect
  | ResolutionEffect
  | WindowEffect
  | FreezeOverrideEffect
  | ConfigurationEffect
  | RenewalEffect
  | PauseEffect
  | ResumeEffect
  | HeldEffect
  | HeldReadEffect

/** A new certificate for this name is ordered now. */
export interface RenewalEffect {
  readonly kind: 'renewal'
  readonly name: string
}

/** A route is paused; an earlier pause gives way. */
export interface PauseEffect {
  readonly kind: 'pause'
  readonly before: Pause | undefined
  readonly after: Pause
}

/** A route is no longer paused. */
export interface ResumeEffect {
  readonly kind: 'resume'
  readonly before: Pause
  /** What became of its requests meanwhile; undefined = it holds none. */
  readonly tally: HeldTally | undefined
}

/** Something is done to held requests. */
export interface HeldEffect {
  readonly kind: 'held'
  readonly order: HeldOrder
}

/** Somebody reads what a held request says. */
export interface HeldReadEffect {
  readonly kind: 'held-read'
  readonly id: string
}

interface OnUpstream {
  readonly pool: string
  readonly upstream: string
}

/** The operator's hold on an upstream; an earlier one gives way. */
export interface HoldEffect extends OnUpstream {
  readonly kind: 'hold'
  readonly before: Hold | undefined
  readonly after: Hold
}

/** The operator's hold is lifted. */
export interface ReleaseEffect extends OnUpstream {
  readonly kind: 'release'
  readonly before: Hold
  /** Who did it and why, one line. */
  readonly cause: string
}

/** Another weight; undefined = the configured one. */
export interface WeightEffect extends OnUpstream {
  readonly kind: 'weight'
  readonly configured: number
  readonly before: WeightOverride | undefined
  readonly after: WeightOverride | undefined
  readonly reason: string
}

/** The load of a pool returns to an earlier priority. */
export interface FailbackEffect {
  readonly kind: 'failback'
  readonly pool: string
  readonly before: number
  readonly after: number
  readonly cause: string
}

/** Stored answers are dropped. */
export interface PurgeEffect {
  readonly kind: 'purge'
  readonly selection: CacheSelection
  /** How many there were. */
  readonly entries: number
}

/** What became of a request in doubt. */
export interface ResolutionEffect extends OnUpstream {
  readonly kind: 'resolution'
  readonly requestId: string
  /** Null = nothing was known. */
  readonly before: Resolution | null
  readonly order: InDoubtOrder
  readonly atMs: number
}

/** Something becomes of a window. */
export interface WindowEffect {
  readonly kind: 'window'
  readonly facts: readonly WindowFact[]
  readonly event: WindowEvent
}

/** Something that a freeze forbids is done all the same. */
export interface FreezeOverrideEffect {
  readonly kind: 'freeze-override'
  readonly event: WindowEvent
}

/** A configuration that was given is put into use. */
export interface ConfigurationEffect {
  readonly kind: 'configuration'
  readonly loaded: LoadedSnapshot
  /** In use until then. */
  readonly former: LoadedSnapshot
  /** From the former one. */
  readonly changes: Comparison
  /** Its id in the history, where it is one that was in use before. */
  readonly id: number | undefined
  /** Also into the file. */
  readonly write: boolean
  /** Also in a change freeze. */
  readonly override: boolean
}
