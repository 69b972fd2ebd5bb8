// Finds TCP ports of 127.0.0.1 that nothing listens on, below the range that the kernel gives to outgoing
// connections, so that a port found free is still free when the process under test binds it.

import { createServer } from 'node:net'

const FIRST = 10_240
const LAST = 32_000
/** Test processes that run side by side walk through different blocks. */
const BLOCK = 1_000
const BLOCKS = Math.floor((LAST - FIRST) / BLOCK)

const block = (Number(process.env.VITEST_POOL_ID ?? 0) + process.pid) % BLOCKS
let offset = Math.floor(Math.random() * BLOCK)

/** A port that was free a moment ago and that this process has not handed out recently. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < BLOCK; tries += 1) {
    offset = (offset + 1) % BLOCK
    const port = FIRST + block * BLOCK + offset
    if (await isFree(port)) return port
  }
  throw new Error(`no free port between ${FIRST + block * BLOCK} and ${FIRST + (block + 1) * BLOCK - 1}`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
