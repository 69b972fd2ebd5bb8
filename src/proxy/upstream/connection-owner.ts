// What a connection tells the upstream whose it is, and the logins that a client has on such connections. Types only.

import type { UpstreamConnection } from './connection.ts'
import type { Logins } from './logins.ts'

/** The owner of the connection: one upstream, in this worker. */
export interface ConnectionOwner {
  /** The response is complete and the connection may carry another. `keepAlive` = what the upstream announced. */
  onFree(connection: UpstreamConnection, keepAlive: string | undefined): void
  /** The connection is closed; `idle` = it carried nothing. */
  onGone(connection: UpstreamConnection, idle: boolean): void
  /** Of its first answer. */
  onFirstByte(connection: UpstreamConnection): void
  onUnexpected(error: unknown): void
}

/** Where one client has logged in. */
export type ClientLogins = Logins<ConnectionOwner, UpstreamConnection>
