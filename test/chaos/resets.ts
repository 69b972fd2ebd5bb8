// Clients that fill a tunnel whose upstream takes nothing, then reset it. They see nothing; what vigia has of it must not stay (rule 6).

import { connect } from 'node:net'
import { branch } from '../support/random.ts'
import { sleep } from '../support/until.ts'
import type { LoadSetup } from './load.ts'

const PIECE = Buffer.alloc(262_144)
/** More than any kernel holds on the way. */
const MOST_PIECES = 120
/** For so long an answer is waited for; a fault may keep it back. */
const OPENING_MS = 5000
/** Without a byte that moves for so long the tunnel is full. */
const STUCK_MS = 300

export async function runResets({ port, seed, until }: LoadSetup): Promise<void> {
  const random = branch(seed, 'resets')
  for (let count = 0; !until(); count += 1) {
    await fillAndReset(port, `deaf-${count}`)
    await sleep(300 + random() * 2000)
  }
}

function fillAndReset(port: number, id: string): Promise<void> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    const reset = () => socket.resetAndDestroy()
    let patience = setTimeout(reset, OPENING_MS)
    let left = MOST_PIECES
    const fill = () => {
      clearTimeout(patience)
      patience = setTimeout(reset, STUCK_MS)
      for (let more = true; more && left > 0; left -= 1) more = socket.write(PIECE)
    }
    socket.on('error', () => {})
    socket.once('data', fill)
    socket.on('drain', () => left < MOST_PIECES && fill())
    socket.on('close', () => {
      clearTimeout(patience)
      resolve()
    })
    socket.write(`GET /rest/${id} HTTP/1.1\r\nHost: chaos\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`)
  })
}
