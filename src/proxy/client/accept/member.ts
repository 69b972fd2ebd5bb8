// What a listener has on its list: a connection, or one that is on its way to become one (arriving.ts).

import type { ClientEvents } from '../../exchange/client-events.ts'

export interface Member {
  /** What is under way on it; undefined = nothing. */
  readonly current: ClientEvents | undefined
  /** The configuration is another one: its next exchange belongs to this listener, and believes whom that trusts. */
  reassess(listener: string): void
  /** Ends at once if nothing is under way, else after the current exchange. */
  drain(): void
  /** The time of the stop is up. @returns true where something was under way */
  stop(): boolean
  /** Notices whether the client has reset a connection that isn't read. @param keepAliveMs when the kernel is to ask a quiet one, see keep-alive.ts */
  feel(keepAliveMs: number | undefined): void
  /** Ends at once. */
  destroy(): void
}
