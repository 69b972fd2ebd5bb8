// The newest events for GET /events: a bounded ring of entries with ids that only increase, and before them what an earlier process has left.
// It keeps them in memory, and knows nothing of those who read or write them. What is worth an entry, and in which words, is in words.ts.

import type { ControlEvent, EventFeed, EventsAfter, EventType } from '../../admin/contract/events.ts'
import { iso } from '../../util/words.ts'

export interface NewEntry {
  readonly type: EventType
  /** One line; what is longer than 500 characters is cut. */
  readonly text: string
  readonly pool?: string | undefined
  readonly upstream?: string | undefined
  readonly by?: string | undefined
  readonly detail?: Readonly<Record<string, unknown>> | undefined
  /** Epoch ms; default: now. */
  readonly atMs?: number
}

export interface FeedOptions {
  /** Most events that are kept. */
  readonly kept?: number
  /** Epoch ms. */
  readonly now?: () => number
}

const EVENTS_KEPT = 1000
const MOST_TEXT = 500
/** Ids begin with the time of the start, so that those of an earlier process are lower: one a millisecond would have to happen for years. */
const IDS_PER_MS = 1000

export class Feed implements EventFeed {
  readonly #kept: number
  readonly #now: () => number
  /** Once it is full, a ring: event n since the start is at n modulo its length. */
  readonly #ring: ControlEvent[] = []
  /** Of earlier processes, the oldest first; none once the ring is full. */
  #earlier: ControlEvent[] = []
  readonly #listeners = new Set<() => void>()
  readonly #start: number
  #count = 0

  constructor({ kept = EVENTS_KEPT, now = Date.now }: FeedOptions = {}) {
    this.#kept = kept
    this.#now = now
    this.#start = now() * IDS_PER_MS
  }

  get newest(): number {
    return this.#start + this.#count
  }

  get oldest(): number {
    return (this.#earlier[0]?.id ?? this.newest - this.#ring.length + 1) - 1
  }

  /** What an earlier process has left, the oldest first. Ids of a clock that was ahead are left out. */
  restore(events: readonly ControlEvent[]): void {
    const room = this.#kept - this.#ring.length
    const before = events.filter(({ id }, at) => id <= this.#start && id > (events[at - 1]?.id ?? 0))
    this.#earlier = room > 0 ? before.slice(-room) : []
  }

  add({ type, text, pool, upstream, by, detail = {}, atMs = this.#now() }: NewEntry): void {
    this.#ring[this.#count % this.#kept] = {
      id: this.newest + 1,
      at: iso(atMs),
      type,
      text: text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT - 1)}…` : text,
      pool: pool ?? null,
      upstream: upstream ?? null,
      by: by ?? null,
      detail,
    }
    this.#count += 1
    if (this.#earlier.length + this.#ring.length > this.#kept) this.#earlier.shift()
    for (const listener of this.#listeners) listener()
  }

  after(id: number): EventsAfter {
    // An id of the future is one of another feed: of a process whose clock was ahead.
    const gap = id !== 0 && (id < this.oldest || id > this.newest)
    const isBefore = gap || id < this.#start
    const from = isBefore ? this.#count - this.#ring.length : id - this.#start
    const events = isBefore ? this.#earlier.filter(event => gap || event.id > id) : []
    for (let n = from; n < this.#count; n += 1) events.push(this.#ring[n % this.#kept]!)
    return { events, gap }
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
