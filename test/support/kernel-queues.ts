// How much of one loopback connection the kernel holds: bytes that the sender's program has handed over and the receiver's has not
// taken. Linux only. It shows when a writer begins to keep bytes back in its own memory.

import { readFile } from 'node:fs/promises'

export const CAN_READ_QUEUES = process.platform === 'linux'

/** Bytes in the sender's send queue and the receiver's receive queue, both ends on 127.0.0.0/8. */
export async function queuedBytes(senderPort: number, receiverPort: number): Promise<number> {
  // The table also lists connections that are long gone, often thousands: it is searched, not parsed.
  const table = await readFile('/proc/net/tcp', 'latin1')
  return queue(table, senderPort, receiverPort, 'transmit') + queue(table, receiverPort, senderPort, 'receive')
}

/** A line reads `0100007F:1F90 0100007F:C350 01 TRANSMIT:RECEIVE ...`, all hexadecimal. */
function queue(table: string, local: number, remote: number, which: 'transmit' | 'receive'): number {
  const line = new RegExp(`:${hex(local)} [0-9A-F]{8}:${hex(remote)} [0-9A-F]{2} ([0-9A-F]{8}):([0-9A-F]{8})`).exec(
    table,
  )
  return Number.parseInt(line?.[which === 'transmit' ? 1 : 2] ?? '0', 16)
}

function hex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0')
}
