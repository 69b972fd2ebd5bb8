// The newest unsafe requests whose fate is unknown, for the people who reconcile them: bounded, each logged once.
// It keeps them in memory only; how many there were, per upstream, is counted in shared memory.

import type { Logger } from '../logging/logger.ts'
import type { InDoubtRecord } from '../shared/messages.ts'

/** Most records that are kept. */
export const IN_DOUBT_KEPT = 1000

export class InDoubtList {
  readonly #logger: Logger
  readonly #kept: number
  /** Once it is full, a ring: record number n is at n modulo its length. */
  readonly #records: InDoubtRecord[] = []
  #total = 0

  constructor(logger: Logger, kept = IN_DOUBT_KEPT) {
    this.#logger = logger
    this.#kept = kept
  }

  /** Records since the start. */
  get total(): number {
    return this.#total
  }

  /** Of these, the oldest ones, which had to make room. */
  get dropped(): number {
    return this.#total - this.#records.length
  }

  add(record: InDoubtRecord): void {
    this.#records[this.#total % this.#kept] = record
    this.#total += 1
    const { method, path, pool, upstream, ...detail } = record
    const { atMs: _, ...said } = detail
    this.#logger.warn(said, `in doubt: ${method} ${path} may or may not have been carried out by ${pool}/${upstream}`)
  }

  /** Newest first. */
  newest(limit: number): readonly InDoubtRecord[] {
    const count = Math.min(limit, this.#records.length)
    return Array.from({ length: count }, (_, age) => this.#records[(this.#total - 1 - age) % this.#kept]!)
  }
}
