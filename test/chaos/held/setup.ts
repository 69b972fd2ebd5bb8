// What the seed of a run of held requests decides: how they are held, and what happens when. Time is not the seed's.

import { branch, pick, type Random, whole } from '../../support/random.ts'

/** What keeps the upstreams from serving, or the disk from taking. `none`: vigia is killed in the middle of plain traffic. */
export const EPISODES = ['pause', 'window', 'outage', 'doubt', 'disk', 'none'] as const
export type Episode = (typeof EPISODES)[number]

export interface Act {
  readonly episode: Episode
  /** From its begin to the kill, ms. */
  readonly beforeKillMs: number
  /** It is over, and what was held is on its way, so long before the kill; undefined = it lasts beyond the kill, ms. */
  readonly endedMs: number | undefined
  /** vigia is not there for so long, ms. */
  readonly awayMs: number
  /** From the start to the end of what lasts beyond it, and as long again to the next, ms. */
  readonly afterMs: number
  /** What upstreams do in `doubt`. */
  readonly where: 'in-request' | 'before-head' | 'in-head' | 'in-body'
  readonly share: number
  readonly hard: boolean
}

export interface HeldSetup {
  readonly seed: number
  /** Senders, each with a key of its own for each route. */
  readonly senders: number
  readonly hold: Record<string, unknown>
  /** Behind one in doubt the others of its key go on. */
  readonly goesOn: boolean
}

export const NODES = 3
/** Its requests may come twice: their key says that they are the same. */
export const ROUTES = ['orders', 'keyed'] as const
export type Route = (typeof ROUTES)[number]

export interface HeldPlace {
  readonly store: string
  readonly port: number
  readonly adminPort: number
  readonly upstreams: readonly number[]
}

export function drawHeldSetup(seed: number): HeldSetup {
  const random = branch(seed, 'held')
  const goesOn = random() < 0.5
  const forward = { rate: '3000/s', concurrency: whole(1, 24, random), after: `${pick([1, 100, 400], random)}ms` }
  return {
    seed,
    senders: whole(8, 24, random),
    goesOn,
    hold: {
      order: 'header:X-Shop',
      inDoubt: goesOn ? 'go-on' : 'stop',
      forward: { ...forward, retry: { first: '50ms', most: '400ms' } },
    },
  }
}

export function drawAct(random: Random): Act {
  return {
    episode: pick(EPISODES, random),
    beforeKillMs: whole(150, 1500, random),
    endedMs: random() < 0.6 ? whole(0, 500, random) : undefined,
    awayMs: random() < 0.5 ? 0 : whole(10, 300, random),
    afterMs: whole(100, 600, random),
    where: pick(['in-request', 'before-head', 'in-head', 'in-body'], random),
    share: pick([0.1, 0.5, 1], random),
    hard: random() < 0.5,
  }
}

export function heldDocument({ hold }: HeldSetup, { store, port, adminPort, upstreams }: HeldPlace): object {
  const health = { path: '/health', interval: '400ms', timeout: '400ms', downInterval: '400ms', rise: 1, fall: 2 }
  return {
    workers: 2,
    listeners: [{ name: 'web', address: `127.0.0.1:${port}` }],
    admin: { address: `127.0.0.1:${adminPort}` },
    store,
    accessLog: false,
    timeouts: { response: '1500ms', connect: '1s' },
    routes: [
      { name: 'orders', match: { path: '/orders' }, pool: 'erp', hold },
      { name: 'keyed', match: { path: '/keyed' }, pool: 'erp', retry: { idempotencyKey: true }, hold },
    ],
    pools: {
      erp: { health, upstreams: upstreams.map((at, i) => ({ name: `node-${i + 1}`, url: `http://127.0.0.1:${at}` })) },
    },
  }
}
