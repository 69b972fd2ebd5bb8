// Clients that fill a tunnel whose upstream takes nothing, then reset it: the connection, with or without TLS, or the stream of HTTP/2.
// They see nothing; what vigia has of it must not stay (rule 6).

import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { PROTOCOLS, type ProtocolName } from '../support/carriers/carrier.ts'
import { H2Carrier } from '../support/carriers/h2-carrier.ts'
import { H2WebSocket } from '../support/carriers/h2-web-socket.ts'
import { branch } from '../support/random.ts'
import { sleep } from '../support/until.ts'
import type { Doors, LoadSetup } from './load.ts'

const PIECE = Buffer.alloc(262_144)
/** More than any kernel holds on the way. */
const MOST_PIECES = 120
/** For so long an answer is waited for; a fault may keep it back. */
const OPENING_MS = 5000
/** Without a byte that moves for so long the tunnel is full. */
const STUCK_MS = 300

/** One way in, and how it is broken off. */
interface Way {
  readonly socket: Duplex
  reset(): void
}

export async function runResets({ doors, seed, until }: LoadSetup): Promise<void> {
  const random = branch(seed, 'resets')
  const session = new H2Carrier(() => doors.secure, doors.trust)
  for (let count = 0; !until(); count += 1) {
    await fillAndReset(open(doors, PROTOCOLS[count % PROTOCOLS.length]!, session), `deaf-${count}`)
    await sleep(300 + random() * 2000)
  }
  session.close()
}

function open({ plain, secure, trust }: Doors, protocol: ProtocolName, session: H2Carrier): Way {
  if (protocol === 'h2') {
    const socket = new H2WebSocket(session.session)
    return { socket, reset: () => void socket.destroy() }
  }
  const transport = connect(protocol === 'tls' ? secure : plain, '127.0.0.1')
  transport.on('error', () => {})
  const reset = () => void transport.resetAndDestroy()
  return { socket: protocol === 'tls' ? connectTls({ socket: transport, ...trust }) : transport, reset }
}

function fillAndReset({ socket, reset }: Way, id: string): Promise<void> {
  return new Promise(resolve => {
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
