// The newest unsafe requests whose fate is unknown, for the people who reconcile them: bounded. In memory; what a store has kept over a
// restart is put in again. How many there were, per upstream, is counted in shared memory.

import type { InDoubtOrder, Resolution } from '../../admin/contract/operations.ts'
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

/** People have found out what became of a request; those that a client gave the same id are settled with it. */
export interface SettledEvent extends Resolved {
  readonly type: 'settled'
  readonly requestId: string
  readonly requests: readonly KnownInDoubt[]
}

export interface InDoubtListOptions {
  /** Most records that are kept. */
  readonly kept?: number
  readonly tell?: (event: SettledEvent) => void
}

/** Most records that are kept. */
export const IN_DOUBT_KEPT = 1000

export class InDoubtList {
  readonly #kept: number
  readonly #tell: (event: SettledEvent) => void
  /** Once it is full, a ring: record number n is at n modulo its length. */
  #records: KnownInDoubt[] = []
  /** Number of the next record. */
  #next = 0
  #total = 0

  constructor({ kept = IN_DOUBT_KEPT, tell = () => {} }: InDoubtListOptions = {}) {
    this.#kept = kept
    this.#tell = tell
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

  /** The newest of that id; undefined = none is kept. */
  find(requestId: string): KnownInDoubt | undefined {
    return this.newest(this.#kept).find(each => each.requestId === requestId)
  }

  /**
   * Returns false where no record of that request is kept. A client that names its requests itself may use a name twice: then all
   * of them are settled.
   */
  resolve(requestId: string, { resolution, note, by }: InDoubtOrder, atMs: number): boolean {
    const resolved = { resolution, note, by, atMs }
    const requests: KnownInDoubt[] = []
    for (const [at, record] of this.#records.entries()) {
      if (record.requestId !== requestId) continue
      const settled = { ...record, resolved }
      this.#records[at] = settled
      requests.push(settled)
    }
    if (requests.length > 0) this.#tell({ type: 'settled', requestId, requests, ...resolved })
    return requests.length > 0
  }

  add(record: InDoubtRecord): void {
    this.#records[this.#next % this.#kept] = record
    this.#next += 1
    this.#total += 1
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
