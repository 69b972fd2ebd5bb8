// Finds a TCP port that can be listened on: the wanted one, else one near it, else any. 0 wants any.

import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

const STEP = 10
const TRIES = 20
/**
 * Below the range that systems give to outgoing connections: a node that starts again must find its port free, and a
 * connection to a port of that range, with nobody listening, may even connect to itself.
 */
const FIRST = 10_240
const LAST = 32_000

/** @param avoid ports that are already given away, though nobody listens on them yet */
export async function freePort(host: string, wanted: number, avoid: ReadonlySet<number>): Promise<number> {
  for (let i = 0; wanted !== 0 && i < TRIES; i += 1) {
    const port = wanted + i * STEP
    if (port <= 65_535 && !avoid.has(port) && (await canListen(host, port))) return port
  }
  for (let i = 0; i < TRIES; i += 1) {
    const port = randomInt(FIRST, LAST)
    if (!avoid.has(port) && (await canListen(host, port))) return port
  }
  throw new Error(`no free port of ${host} found; is ${host} an address of this machine?`)
}

function canListen(host: string, port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)))
  })
}
