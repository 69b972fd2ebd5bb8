// The load of a chaos run: lanes that each ask one thing after the other, WebSockets that count, and clients that behave badly. What they
// ask is drawn from the seed; when, depends on the answers.

import type { Carrier, PortNow, Trust } from '../support/carriers/carrier.ts'
import { H1Carrier } from '../support/carriers/h1-carrier.ts'
import { H2Carrier } from '../support/carriers/h2-carrier.ts'
import { branch, pick, type Random } from '../support/random.ts'
import { sleep } from '../support/until.ts'
import { drawAsk } from './asks.ts'
import { runHandshakes } from './handshakes.ts'
import { perform, type Seen } from './requests.ts'
import { runResets } from './resets.ts'
import { runSlowReaders } from './slow-readers.ts'
import { type Conversation, runTalk } from './talks.ts'

/** Where vigia listens: in plain HTTP, with TLS, and with TLS at an address that reloads change. */
export interface Doors {
  readonly plain: number
  readonly secure: number
  readonly moving: PortNow
  readonly trust: Trust
}

export interface LoadSetup {
  readonly doors: Doors
  readonly seed: number
  readonly lanes: number
  readonly webSockets: number
  readonly until: () => boolean
}

export interface LoadResult {
  readonly seen: Seen[]
  readonly conversations: Conversation[]
}

/** Who speaks HTTP/2 shares a connection with a few others. */
const SESSIONS = 4

/** All of a run that speak HTTP/2; half of them where reloads end connections. */
export function openSessions({ secure, moving, trust }: Doors): H2Carrier[] {
  return Array.from({ length: SESSIONS }, (_, i) => new H2Carrier(i % 2 === 0 ? () => secure : moving, trust))
}

export async function runLoad(setup: LoadSetup, sessions: readonly H2Carrier[]): Promise<LoadResult> {
  const result: LoadResult = { seen: [], conversations: [] }
  const lanes = Array.from({ length: setup.lanes }, (_, lane) => runLane(setup, lane, sessions, result))
  const talks = Array.from({ length: setup.webSockets }, (_, lane) => runTalk(setup, lane, result))
  await Promise.all([...lanes, ...talks, runResets(setup), runHandshakes(setup, result), runSlowReaders(setup, result)])
  for (const session of sessions) session.close()
  return result
}

async function runLane(
  { doors, seed, until }: LoadSetup,
  lane: number,
  sessions: readonly H2Carrier[],
  { seen }: LoadResult,
): Promise<void> {
  const random = branch(seed, `lane ${lane}`)
  const carrier = carrierOf(doors, sessions, random)
  let cookie = ''
  for (let count = 0; !until(); count += 1) {
    const ask = drawAsk(`r${lane}-${count}`, random)
    renew(carrier, random)
    const more = { 'x-lane': `lane-${lane}`, ...(cookie === '' ? {} : { cookie }) }
    seen.push(
      await perform(carrier, ask, more, value => {
        cookie = value
      }),
    )
    if (random() < 0.5) await sleep(random() * 40)
  }
  if (carrier.name !== 'h2') carrier.close()
}

function carrierOf({ plain, secure, trust }: Doors, sessions: readonly H2Carrier[], random: Random): Carrier {
  switch (pick(['h1', 'h1', 'tls', 'h2', 'h2'], random)) {
    case 'h1':
      return new H1Carrier(() => plain, undefined)
    case 'tls':
      return new H1Carrier(() => secure, trust)
    default:
      return pick(sessions, random)
  }
}

/** Some requests open a connection. */
function renew(carrier: Carrier, random: Random): void {
  const [chance, isStranger] = [random(), random() < 0.4]
  if (carrier instanceof H1Carrier && chance < 0.1) carrier.next = isStranger ? 'stranger' : 'single'
  if (carrier instanceof H2Carrier && chance < 0.02) carrier.renew(isStranger)
}
