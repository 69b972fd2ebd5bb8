// Nobody sees the reset of a socket that isn't read: the event loop watches only for what it is to read or write. An empty write asks
// the kernel, which answers with the reset, or with what TCP keepalive has found out (tcp(7): a pending error comes with the next
// call). Nothing is sent. A FIN does not show: it says only that the peer sends no more.

import type { Socket } from 'node:net'

/** The socket gets its 'error' if it was reset. One with bytes to send is watched anyway. Plain TCP only: TLS keeps an empty write to itself. */
export function feelReset(socket: Socket): void {
  if (socket.writable && socket.writableLength === 0) socket.write('')
}
