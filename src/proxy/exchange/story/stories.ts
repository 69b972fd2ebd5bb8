// What became of the newest requests that were not plain, for whoever asks for one by its id (`vigia why ID`). A plain one leaves nothing
// here. Strings of clients are copied: as they come they are cut from whole heads, which would be kept with them. Bounded: requests that
// came to an upstream have a ring of their own, so that a flood of refusals does not push them out.

import type { ConsideredUpstream, RequestStory } from '../../../shared/explain/request-story.ts'
import type { UpstreamTable } from '../../../shared/upstream-table.ts'
import type { AccessFacts } from '../../access-log/access-entry.ts'
import type { Pool } from '../../pool/pool.ts'
import type { ClientSide } from '../downstream.ts'
import { considered } from './considered.ts'
import type { Try } from './tries.ts'

/** What the access log does not say of an exchange. */
export interface StoryFacts {
  /** Monotonic, ms. */
  readonly startedMs: number
  readonly totalMs: number
  readonly tries: readonly Try[]
  readonly inDoubt: boolean
  readonly window: RequestStory['window']
  /** Undefined = it did not come so far as to choose an upstream. */
  readonly pool: Pool | undefined
}

const MOST_CONSIDERED = 32
const LONGEST_PATH = 2048
const LONGEST_HOST = 255
const LONGEST_ID = 128

const NOTHING_KNOWN: Omit<AccessFacts, 'requestId' | 'client' | 'listener' | 'protocol' | 'end' | 'status'> = {
  ...{ traceId: '', about: '', route: '', pool: '', upstream: '', method: '', host: '', path: '', cache: '', held: '' },
  ...{ bytesIn: 0, bytesOut: 0, bytesUncoded: 0, proof: '' },
  coding: '',
  ...{ firstByteMs: 0, queueMs: 0, connectMs: 0, attempts: 0, gatheringMs: 0, bufferedBytes: 0, upstreamMs: 0 },
}
const NOTHING_TRIED: StoryFacts = {
  startedMs: 0,
  totalMs: 0,
  tries: [],
  inDoubt: false,
  window: undefined,
  pool: undefined,
}

export class Stories {
  readonly #worker: number
  readonly #table: UpstreamTable
  readonly #sent: Ring
  readonly #unsent: Ring

  /** @param kept most of each kind */
  constructor(worker: number, table: UpstreamTable, kept = 1024) {
    this.#worker = worker
    this.#table = table
    this.#sent = new Ring(kept)
    this.#unsent = new Ring(kept)
  }

  /** @param atMs epoch ms */
  keep(facts: AccessFacts, more: StoryFacts, atMs: number): void {
    const { startedMs, totalMs, inDoubt, window, pool } = more
    const story: RequestStory = {
      requestId: copied(facts.requestId, LONGEST_ID),
      atMs,
      worker: this.#worker,
      client: copied(facts.client, LONGEST_ID),
      listener: facts.listener,
      protocol: facts.protocol,
      method: copied(facts.method, LONGEST_ID),
      host: copied(facts.host, LONGEST_HOST),
      path: copied(facts.path, LONGEST_PATH),
      route: facts.route,
      pool: facts.pool,
      upstream: facts.upstream,
      status: facts.status,
      end: facts.end,
      cache: facts.cache,
      bytesIn: facts.bytesIn,
      bytesOut: facts.bytesOut,
      queueMs: facts.queueMs,
      firstByteMs: facts.firstByteMs,
      totalMs,
      tries: more.tries.map(({ startedMs: beganMs, endedMs, ...rest }) => ({
        ...rest,
        afterMs: Math.max(0, beganMs - startedMs),
        tookMs: endedMs - beganMs,
      })),
      inDoubt,
      window,
      considered: pool && this.#considered(pool),
    }
    const ring = more.tries.length > 0 ? this.#sent : this.#unsent
    ring.add(story)
  }

  /** What can't become an exchange: it is malformed, so that nothing of it is believed. @param end code of its answer @param atMs epoch ms */
  refused(requestId: string, { peer, listener, http2 }: ClientSide, end: string, status: number, atMs: number): void {
    const protocol = http2 ? 'HTTP/2' : 'HTTP/1.1'
    const known = { requestId, client: peer, listener: listener.name, protocol, end, status } as const
    this.keep({ ...NOTHING_KNOWN, ...known }, NOTHING_TRIED, atMs)
  }

  /** Newest first: a client that names its requests itself may use a name twice. */
  find(requestId: string): RequestStory[] {
    return [...this.#sent.newest(), ...this.#unsent.newest()]
      .filter(story => story.requestId === requestId)
      .sort((a, b) => b.atMs - a.atMs)
  }

  #considered({ endpoints }: Pool): ConsideredUpstream[] {
    return endpoints.slice(0, MOST_CONSIDERED).map(endpoint => considered(endpoint, this.#table))
  }
}

class Ring {
  readonly #most: number
  readonly #stories: RequestStory[] = []
  /** Where the next one goes. */
  #next = 0

  constructor(most: number) {
    this.#most = most
  }

  add(story: RequestStory): void {
    this.#stories[this.#next] = story
    this.#next = (this.#next + 1) % this.#most
  }

  *newest(): Generator<RequestStory> {
    const { length } = this.#stories
    for (let age = 1; age <= length; age += 1) yield this.#stories[(this.#next - age + length) % length]!
  }
}

/** Shorter strings are never parts of others in V8. @param text of ASCII characters: the codec lets no others in */
function copied(text: string, most: number): string {
  return text.length < 13 ? text : Buffer.from(text.slice(0, most), 'latin1').toString('latin1')
}
