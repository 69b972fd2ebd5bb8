// What the registry tells of upstreams and pools: each thing once, when it has come about. Types only.

import type { UpstreamState, Verdict } from '../../policy/upstream/availability.ts'
import type { Hold, Holds } from '../../policy/upstream/holds.ts'
import type { Entry } from './entry.ts'

export type UpstreamEvent =
  | StandbyEvent
  | { readonly type: 'transition'; readonly transition: Transition }
  | { readonly type: 'notice'; readonly notice: Notice }
  /** A window, the node itself or a deadline has changed what holds an upstream; `before` is what held it until now. Operators' orders are told as orders. */
  | { readonly type: 'holds'; readonly entry: Entry; readonly before: Holds }
  /** The clock was set, and with it the deadline of an operator's drain: it has as long as it had. */
  | {
      readonly type: 'deadline-moved'
      readonly pool: string
      readonly upstream: string
      readonly before: Hold
      readonly after: Hold
    }
  /** Passive health has ejected an upstream, or lets it return. */
  | { readonly type: 'outlier'; readonly entry: Entry; readonly before: UpstreamState['outlier'] }
  /** No configuration in use names this upstream any more. */
  | { readonly type: 'left'; readonly entry: Entry }
  /** The load of a pool with `failback: manual` has moved on to this priority. */
  | { readonly type: 'failover'; readonly pool: string; readonly priority: number }
  /** Somebody has disabled this upstream, or its drain has come to the deadline: nothing may stay on it. */
  | { readonly type: 'disabled'; readonly slot: number }
  /** Its probes find this upstream unhealthy, and nothing answers them; or that is over. */
  | { readonly type: 'silent'; readonly slot: number; readonly silent: boolean }

/** A priority after the first begins to carry load, or that is over. */
export type StandbyEvent = {
  readonly type: 'standby'
  /** Epoch ms. */
  readonly atMs: number
  readonly pool: string
  readonly priority: number
  /** Names of those that have it. */
  readonly upstreams: readonly string[]
} & (
  | { readonly carries: true; readonly why: string }
  /** Requests that were sent there, and for how long, ms. */
  | { readonly carries: false; readonly forMs: number; readonly requests: number }
)

/** A change of what may be done with an upstream, or of what somebody asked for with it (then `to` may be `from`). */
export interface Transition {
  /** Epoch ms. */
  readonly atMs: number
  readonly pool: string
  readonly upstream: string
  readonly from: Verdict['availability']
  readonly to: Verdict['availability']
  /** One line. */
  readonly cause: string
  /** Who asked for it; undefined = nobody, it came about by itself. */
  readonly by?: string | undefined
}

/** Something worth a line in the log that changes no availability. */
export interface Notice {
  readonly level: 'info' | 'warn'
  readonly pool: string
  /** Undefined = the whole pool. */
  readonly upstream: string | undefined
  /** One line. */
  readonly text: string
}
