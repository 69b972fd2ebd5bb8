// Clients of the reload soak: each asks one thing after the other and compares each answer with what it asked.

import { type Carrier, PROTOCOLS, type Trust } from '../support/carriers/carrier.ts'
import { H1Carrier } from '../support/carriers/h1-carrier.ts'
import type { H2Carrier } from '../support/carriers/h2-carrier.ts'
import type { CertificatePair } from '../support/tls-files.ts'
import { STUCK_MS, sleep } from '../support/until.ts'

/** Where clients come in. */
export interface Doors {
  readonly web: number
  readonly secure: number
  /** Of the listener that comes and goes. */
  readonly extra: readonly number[]
  readonly files: CertificatePair
  readonly trust: Trust
}

export function carrierOf({ web, secure, trust }: Doors, sessions: readonly H2Carrier[], i: number): Carrier {
  switch (PROTOCOLS[i % PROTOCOLS.length]!) {
    case 'h1':
      return new H1Carrier(() => web, undefined)
    case 'tls':
      return new H1Carrier(() => secure, trust)
    case 'h2':
      return sessions[Math.floor(i / PROTOCOLS.length) % sessions.length]!
  }
}

export async function ask(
  carrier: Carrier,
  client: number,
  isOver: () => boolean,
  counts: { requests: number },
  failed: string[],
  turn: () => number,
): Promise<void> {
  for (let i = 0; !isOver(); i += 1) {
    const method = i % 3 === 0 ? 'POST' : 'GET'
    const path = `/${client}/${i}`
    counts.requests += 1
    let wrong = await once(carrier, method, path)
    // It was not sent, or not taken, and every client of HTTP/2 sends it again (RFC 9113 8.7).
    for (let again = 0; wrong === UNSENT && again < MOST_AGAIN; again += 1) wrong = await once(carrier, method, path)
    if (wrong !== '') failed.push(`${carrier.name} ${method} ${path} in turn ${turn()}: ${wrong}`)
    await sleep(5)
  }
}

const UNSENT = 'not taken'
const MOST_AGAIN = 3
const ORDER = Buffer.from('an order')

/** Resolves with what is wrong with the answer; '' = nothing. */
function once(carrier: Carrier, method: string, path: string): Promise<string> {
  return new Promise(resolve => {
    let [status, body] = [0, '']
    const sends = method === 'POST'
    const carried = carrier.begin(
      { method, target: path, fields: {}, body: sends, length: sends ? ORDER.length : undefined },
      {
        onHead: got => {
          status = got
        },
        onData: piece => {
          body += piece.toString()
        },
        onEnd: (how, error) => {
          clearTimeout(patience)
          const isRight = how === 'whole' && status === 200 && body === `${method} ${path}`
          if (how === 'unsent') return resolve(UNSENT)
          resolve(isRight ? '' : `${how} ${status} ${error} ${body.slice(0, 100)}`)
        },
      },
    )
    const patience = setTimeout(() => {
      carried.leave()
      resolve('no answer')
    }, STUCK_MS)
    if (sends) carried.write(ORDER)
    carried.end()
  })
}
