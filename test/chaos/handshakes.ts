// Clients that do badly at handshakes, one after the other: they leave in the middle of one, or are very slow with it. Who is slow is
// served in the end; what vigia has of the others must not stay (rule 6).

import { connect } from 'node:net'
import { H1Carrier } from '../support/carriers/h1-carrier.ts'
import { helloOf } from '../support/client-hello.ts'
import { PacedSocket } from '../support/paced-socket.ts'
import { branch, pick, type Random, whole } from '../support/random.ts'
import { sleep } from '../support/until.ts'
import { plainGet } from './asks.ts'
import type { LoadResult, LoadSetup } from './load.ts'
import { perform } from './requests.ts'

/** So slow is the slowest that it still ends well within tls.handshakeTimeout. */
const PIECE_MS = 10

export async function runHandshakes({ doors, seed, until }: LoadSetup, { seen }: LoadResult): Promise<void> {
  const random = branch(seed, 'handshakes')
  const hello = await helloOf({ servername: doors.trust.servername, ALPNProtocols: ['h2', 'http/1.1'] })
  for (let count = 0; !until(); count += 1) {
    if (random() < 0.3) {
      const slow = { ...doors.trust, socket: new PacedSocket(doors.secure, () => sleep(PIECE_MS)) }
      const carrier = new H1Carrier(() => doors.secure, slow)
      seen.push(await perform(carrier, plainGet(`slow-${count}`), {}, () => {}))
      carrier.close()
    } else await cut(doors.secure, hello, random)
    await sleep(100 + random() * 500)
  }
}

/** Sends a part of the first message, or all of it, and leaves. */
function cut(port: number, hello: Buffer, random: Random): Promise<void> {
  const bytes = hello.subarray(0, pick([whole(1, hello.length, random), hello.length], random))
  const [hard, waitMs] = [random() < 0.5, random() * 60]
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', async () => {
      socket.write(bytes)
      await sleep(waitMs)
      if (hard) socket.resetAndDestroy()
      else socket.destroy()
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve())
  })
}
