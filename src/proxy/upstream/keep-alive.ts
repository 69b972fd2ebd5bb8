// TCP keepalive (RFC 9293 3.8.4): the kernel asks a quiet peer, and ends the connection of one that doesn't answer. Without it nobody notices
// that a machine has lost its power, or that a firewall has forgotten a connection, as long as nothing is sent.

import type { Socket } from 'node:net'

const PROBES = 6
/** The system counts in seconds, and takes no less than one. */
const LEAST_MS = 1000

/** A peer that is quiet for `afterMs` is asked, and is gone when it answers nothing for as long again. @param afterMs 0 or undefined = it is not */
export function keepAlive(socket: Socket, afterMs: number | undefined): void {
  if (afterMs) socket.setKeepAlive(true, Math.max(LEAST_MS, afterMs), Math.max(LEAST_MS, afterMs / PROBES), PROBES)
}
