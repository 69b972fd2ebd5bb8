// How much of one loopback connection the kernel holds: bytes that the sender's program has handed over and the receiver's has not
// taken. Linux only. It shows when a writer begins to keep bytes back in its own memory. And whether it asks a quiet peer.

import { readFile } from 'node:fs/promises'

export const CAN_READ_QUEUES = process.platform === 'linux'

/** Bytes in the sender's send queue and the receiver's receive queue, both ends on 127.0.0.0/8. */
export async function queuedBytes(senderPort: number, receiverPort: number): Promise<number> {
  // The table also lists connections that are long gone, often thousands: it is searched, not parsed.
  const table = await readFile('/proc/net/tcp', 'latin1')
  return queue(table, senderPort, receiverPort, 'transmit') + queue(table, receiverPort, senderPort, 'receive')
}

/** In how many seconds the kernel asks a quiet peer (TCP keepalive), as the end at `localPort` has it; undefined = it doesn't. */
export async function keepAliveInS(localPort: number, remotePort: number): Promise<number | undefined> {
  const table = await readFile('/proc/net/tcp', 'latin1')
  const ends = `:${hex(localPort)} [0-9A-F]{8}:${hex(remotePort)}`
  // The timer 02 of an established connection (01), in hundredths of a second.
  const ticks = new RegExp(`${ends} 01 [0-9A-F]{8}:[0-9A-F]{8} 02:([0-9A-F]{8})`).exec(table)?.[1]
  return ticks === undefined ? undefined : Number.parseInt(ticks, 16) / 100
}

/** A line reads `0100007F:1F90 0100007F:C350 01 TRANSMIT:RECEIVE TIMER:WHEN ...`, all hexadecimal. */
function queue(table: string, local: number, remote: number, which: 'transmit' | 'receive'): number {
  const line = new RegExp(`:${hex(local)} [0-9A-F]{8}:${hex(remote)} [0-9A-F]{2} ([0-9A-F]{8}):([0-9A-F]{8})`).exec(
    table,
  )
  return Number.parseInt(line?.[which === 'transmit' ? 1 : 2] ?? '0', 16)
}

function hex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0')
}
