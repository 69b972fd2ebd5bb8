// One end of an upgraded connection, as the part that read the upgrade hands it to the tunnel.

import type { Duplex } from 'node:stream'

/** With the bytes that it sent before the tunnel was open. */
export interface TunnelEnd {
  readonly stream: Duplex
  readonly early: Buffer | undefined
  /** Sets who gets what is read; it returns true where it keeps bytes of the chunk beyond the call. */
  onData(listener: (chunk: Buffer) => boolean): void
}
