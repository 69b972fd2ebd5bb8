// The held requests of one key that are not done, in their order: only the first may be sent.

export interface Entry {
  readonly seq: number
  queue: KeyQueue
  state: 'waiting' | 'sending' | 'in-doubt'
  readonly dedupe: string | undefined
  readonly fingerprint: string
  readonly repeatable: boolean
  readonly receivedMs: number
  readonly bytes: number
  /** Its sender wants to be called. */
  readonly calls: boolean
  expiresMs: number
  /** Epoch ms. */
  notBeforeMs: number
  attempts: number
  /** In a row, of which nothing was sent. */
  refusals: number
  /** Others of its key wait behind it. */
  blocks: boolean
}

export class KeyQueue {
  readonly key: string
  readonly route: string
  /** In which list of its route it is. */
  place: 'none' | 'ready' | 'delayed' = 'none'
  #entries: Entry[] = []
  /** Those before it are gone. */
  #first = 0

  constructor(key: string, route: string) {
    this.key = key
    this.route = route
  }

  get length(): number {
    return this.#entries.length - this.#first
  }

  get head(): Entry | undefined {
    return this.#entries[this.#first]
  }

  /** At its place in the order of arrival. */
  add(entry: Entry): void {
    const last = this.#entries.at(-1)
    if (this.length === 0 || last === undefined || last.seq < entry.seq) this.#entries.push(entry)
    else this.#entries.splice(this.#placeOf(entry.seq), 0, entry)
  }

  remove(entry: Entry): void {
    const place = this.#placeOf(entry.seq)
    if (this.#entries[place] !== entry) return
    if (place !== this.#first) {
      this.#entries.splice(place, 1)
      return
    }
    this.#first += 1
    // What is gone is let go now and then, not each time.
    if (this.#first < 32 || this.#first * 2 < this.#entries.length) return
    this.#entries = this.#entries.slice(this.#first)
    this.#first = 0
  }

  /** How many go before it. */
  ahead(seq: number): number {
    return this.#placeOf(seq) - this.#first
  }

  /** Where the entry with this seq is, or would be. */
  #placeOf(seq: number): number {
    let low = this.#first
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#entries[middle]!.seq < seq) low = middle + 1
      else high = middle
    }
    return low
  }
}
