// The compiled configuration: immutable, structured-cloneable (it travels to the workers), every unit resolved.
// Everything but `config/` reads this, never the YAML document.

import type { AcmePlan } from './acme.ts'
import type { AdminPlan } from './admin.ts'
import type { Limits, Timeouts, WatchdogPlan } from './bounds.ts'
import type { BuffersPlan } from './buffering.ts'
import type { CachePlan } from './cache.ts'
import type { DnsPlan } from './dns.ts'
import type { HeldStorePlan } from './hold.ts'
import type { HealthListenerPlan, ListenerPlan } from './listener.ts'
import type { AccessLogPlan, LogPlan } from './log.ts'
import type { Language, PagesPlan } from './pages.ts'
import type { PoolPlan } from './pool.ts'
import type { RoutePlan } from './route.ts'
import type { StorePlan } from './store.ts'
import type { TicketPlan } from './tls.ts'
import type { WindowPlan } from './window.ts'

export interface Snapshot {
  /** 1, 2, 3 ... one more for each applied configuration. */
  readonly revision: number
  /** Number of worker threads, already resolved from `auto`. */
  readonly workers: number
  /** Whether changes of the file, and of the files that it names, are applied as they come; undefined = they are not. */
  readonly watch?: boolean | undefined
  readonly listeners: readonly ListenerPlan[]
  /** Undefined = as without a word. */
  readonly tickets?: TicketPlan | undefined
  /** First match wins. */
  readonly routes: readonly RoutePlan[]
  readonly pools: readonly PoolPlan[]
  /** Where certificates come from for listeners with TLS that name none; undefined = nowhere. */
  readonly acme?: AcmePlan | undefined
  readonly dns: DnsPlan
  readonly cache: CachePlan
  readonly buffers: BuffersPlan
  /** CIDR ranges or single addresses whose X-Forwarded-* are believed. */
  readonly trustedProxies: readonly string[]
  readonly limits: Limits
  /** Deadlines of a connection that has no route yet. */
  readonly timeouts: Timeouts
  readonly headers: HeaderPlan
  readonly accessLog: AccessLogPlan
  readonly log: LogPlan
  /** Address of the admin listener; undefined = none. */
  readonly admin: AdminPlan | undefined
  /** Undefined = none. */
  readonly health?: HealthListenerPlan | undefined
  /** What is to be kept over a restart, and where; undefined = nothing is. Read at the start only. */
  readonly store?: StorePlan | undefined
  /** Where held requests are; undefined = none are. Read at the start only. */
  readonly held?: HeldStorePlan | undefined
  /** How long a shutdown waits for what is in flight, ms. */
  readonly shutdownMs: number
  readonly watchdog: WatchdogPlan
  /** Planned maintenance; undefined = none. */
  readonly maintenance?: readonly WindowPlan[] | undefined
  /** Of vigia's own pages, where a client says no language that there is; undefined = `en`. */
  readonly language?: Language | undefined
  /** What these say of who runs the application; undefined = nothing. */
  readonly pages?: PagesPlan | undefined
}

export interface HeaderPlan {
  /** Name that vigia puts into Via (RFC 9110 7.6.3); undefined = no Via. */
  readonly via: string | undefined
}
