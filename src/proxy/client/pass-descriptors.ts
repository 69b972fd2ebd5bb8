// A program of its own, started by own-descriptors.ts: sends the sockets that it was started with, from descriptor 4 on, to its parent.
// It never listens on them, so no connection comes to it.

import { Socket } from 'node:net'

const FIRST = 4

/** What Node calls a `net.Native`: sent and received as it is, while a Server would listen and a Socket would read. */
interface WithHandle {
  readonly _handle: Parameters<NonNullable<typeof process.send>>[1]
}

for (let index = 0; index < Number(process.argv[2]); index++) {
  const socket = new Socket({ fd: FIRST + index, readable: false, writable: false })
  process.send?.({}, (socket as unknown as WithHandle)._handle)
}
process.channel?.ref()
process.on('disconnect', () => process.exit())
