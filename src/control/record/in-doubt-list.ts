// The newest unsafe requests whose fate is unknown, for the people who reconcile them: bounded, each logged once.
// In memory; what a store has kept over a restart is put in again. How many there were, per upstream, is counted in shared memory.

import type { InDoubtOrder, Resolution } from '../../admin/contract/operations.ts'
import type { Logger } from '../../logging/logger.ts'
import type { InDoubtRecord } from '../../shared/messages.ts'

/** What people found out about a request. */
export interface Resolved {
  readonly resolution: Resolution
  readonly note: string
  readonly by: string
  /** Epoch ms. */
  readonly atMs: number
}

export type KnownInDoubt = InDoubtRecord & { readonly resolved?: Resolved | undefined }

export interface InDoubtListOptions {
  /** Most records that are kept. */
  readonly kept?: number
  /** After one was added, and after one was settled (`resolved` says what). */
  readonly onChange?: (record: KnownInDoubt) => void
}

/** Most records that are kept. */
export const IN_DOUBT_KEPT = 1000

export class InDoubtList {
  readonly #logger: Logger
  readonly #kept: number
  readonly #onChange: (record: KnownInDoubt) => void
  /** Once it is full, a ring: record number n is at n modulo its length. */
  #records: KnownInDoubt[] = []
  /** Number of the next record. */
  #next = 0
  #total = 0

  constructor(logger: Logger, { kept = IN_DOUBT_KEPT, onChange = () => {} }: InDoubtListOptions = {}) {
    this.#logger = logger
    this.#kept = kept
    this.#onChange = onChange
  }

  /** Records since the start. */
  get total(): number {
    return this.#total
  }

  /** Of these, the oldest ones, which had to make room. */
  get dropped(): number {
    return Math.max(0, this.#total - this.#kept)
  }

  /** Kept, and not settled yet. */
  get open(): number {
    return this.#records.reduce((sum, { resolved }) => sum + (resolved === undefined ? 1 : 0), 0)
  }

  openOf(pool: string): number {
    return this.#records.reduce((sum, each) => sum + (each.resolved === undefined && each.pool === pool ? 1 : 0), 0)
  }

  /**
   * Returns false where no record of that request is kept. A client that names its requests itself may use a name twice: then all
   * of them are settled.
   */
  resolve(requestId: string, order: InDoubtOrder, nowMs: number): boolean {
    const { resolution, note, by } = order
    let found = false
    for (const [at, record] of this.#records.entries()) {
      if (record.requestId !== requestId) continue
      found = true
      const settled = { ...record, resolved: { resolution, note, by, atMs: nowMs } }
      this.#records[at] = settled
      this.#onChange(settled)
    }
    if (found)
      this.#logger.info({ requestId, resolution, by, note }, `in doubt: request ${requestId} is settled: ${resolution}`)
    return found
  }

  add(record: InDoubtRecord): void {
    this.#records[this.#next % this.#kept] = record
    this.#next += 1
    this.#total += 1
    this.#onChange(record)
    const { method, path, pool, upstream, ...detail } = record
    const { atMs: _, ...said } = detail
    this.#logger.warn(said, `in doubt: ${method} ${path} may or may not have been carried out by ${pool}/${upstream}`)
  }

  /** Records from before a restart, newest first; none of them is told again. */
  restore(records: readonly KnownInDoubt[]): void {
    const known = new Set(this.#records.map(idOf))
    const older = records.filter(record => !known.has(idOf(record)))
    this.#records = [...this.newest(this.#kept), ...older].slice(0, this.#kept).reverse()
    this.#next = this.#records.length
  }

  /** Newest first. */
  newest(limit: number): readonly KnownInDoubt[] {
    const count = Math.min(limit, this.#records.length)
    return Array.from({ length: count }, (_, age) => this.#records[(this.#next - 1 - age) % this.#kept]!)
  }
}

function idOf({ requestId, atMs, upstream }: InDoubtRecord): string {
  return `${requestId} ${atMs} ${upstream}`
}
