// What carries a client's connection.

import type { Socket } from 'node:net'

export interface Wire {
  /** What the client's protocol is read from and written to: `transport` itself, or TLS over it. */
  readonly socket: Socket
  /** TCP: what asks the kernel, and what can be reset. */
  readonly transport: Socket
}
