// Permits that must never be given twice, counted over all workers: requests on an upstream, in a queue, in a circuit breaker; and
// who of those that wait comes first. Counts, order and waking only: who takes which permit is decided by those who call.

import { MAX_WORKERS } from './counter-cells.ts'
import { MAX_SLOTS } from './upstream-table.ts'

/** What is counted at a slot. */
export const PERMIT = {
  /** Slot of an upstream: requests on it, against its limit; slot of a pool: its requests, against the circuit breaker. */
  taken: 0,
  /** Slots of pools: requests in the queue. */
  queued: 1,
  /** Slots of pools: requests without a connection, against the circuit breaker. */
  pending: 2,
} as const
export type PermitKind = (typeof PERMIT)[keyof typeof PERMIT]

/** Goes up whenever somebody who waits at this slot (of a pool) should look again. */
const WAKE = 3
const INTS_PER_SLOT = 4
const COUNTS = MAX_SLOTS * INTS_PER_SLOT
/** The tickets' counter, on a cache line of its own; then, by worker, whether the others pass over its waiters. */
const PASSED_AT = 64
const HEADER_BYTES = PASSED_AT + MAX_WORKERS * 4
const ROW_BYTES = COUNTS * 4 + MAX_SLOTS * 8
/** The rank of nobody. */
const NOBODY = 0n

/** Shared memory for `workers` rows. Pages that are never touched cost nothing. */
export function allocatePermits(workers: number): SharedArrayBuffer {
  return new SharedArrayBuffer(HEADER_BYTES + COUNTS * 4 + workers * ROW_BYTES)
}

/**
 * The table as one worker sees it: it takes and leaves permits in its own name, so that control can give back what it held when it
 * dies. Control itself reads only, and calls `forget`; it has no row.
 */
export class Permits {
  readonly #tickets: BigInt64Array
  readonly #passed: Int32Array
  /** Sums over all workers: what limits are compared with. */
  readonly #counts: Int32Array
  /** What each worker holds of them. */
  readonly #rows: readonly Int32Array[]
  /** By worker and slot: rank of the first that waits there. Atomic, unlike floats. */
  readonly #ranks: readonly BigInt64Array[]
  readonly #own: number

  /** @param worker whose row is written; undefined = none */
  constructor(buffer: SharedArrayBuffer, workers: number, worker: number | undefined) {
    const row = (at: number) => HEADER_BYTES + COUNTS * 4 + at * ROW_BYTES
    this.#tickets = new BigInt64Array(buffer, 0, 1)
    this.#passed = new Int32Array(buffer, PASSED_AT, MAX_WORKERS)
    this.#counts = new Int32Array(buffer, HEADER_BYTES, COUNTS)
    this.#rows = Array.from({ length: workers }, (_, at) => new Int32Array(buffer, row(at), COUNTS))
    this.#ranks = Array.from({ length: workers }, (_, at) => new BigInt64Array(buffer, row(at) + COUNTS * 4, MAX_SLOTS))
    this.#own = worker ?? -1
  }

  /** Takes a permit unless `limit` are taken. It never overshoots, not even for a moment: nobody is refused for a permit that is free. */
  take(slot: number, kind: PermitKind, limit: number): boolean {
    const at = slot * INTS_PER_SLOT + kind
    let seen = Atomics.load(this.#counts, at)
    while (seen < limit) {
      const before = Atomics.compareExchange(this.#counts, at, seen, seen + 1)
      if (before === seen) {
        Atomics.add(this.#rows[this.#own]!, at, 1)
        return true
      }
      seen = before
    }
    return false
  }

  /** Gives one back. */
  leave(slot: number, kind: PermitKind): void {
    const at = slot * INTS_PER_SLOT + kind
    Atomics.sub(this.#rows[this.#own]!, at, 1)
    Atomics.sub(this.#counts, at, 1)
  }

  count(slot: number, kind: PermitKind): number {
    return Atomics.load(this.#counts, slot * INTS_PER_SLOT + kind)
  }

  /** A number higher than any that a worker got before. */
  nextTicket(): number {
    return Number(Atomics.add(this.#tickets, 0, 1n))
  }

  /** Says who of this worker's waiters comes first at a slot. @param rank a positive integer; undefined = nobody waits there */
  publish(slot: number, rank: number | undefined): void {
    Atomics.store(this.#ranks[this.#own]!, slot, rank === undefined ? NOBODY : BigInt(rank))
  }

  /** The lowest rank that any worker has published at a slot, those that are passed over apart; Infinity = nobody waits there. */
  firstRank(slot: number): number {
    let first = Number.POSITIVE_INFINITY
    for (let at = 0; at < this.#ranks.length; at += 1) {
      const rank = Atomics.load(this.#ranks[at]!, slot)
      if (rank !== NOBODY && Number(rank) < first && Atomics.load(this.#passed, at) === 0) first = Number(rank)
    }
    return first
  }

  /** Lets everybody who waits at this slot look again. */
  wake(slot: number): void {
    const at = slot * INTS_PER_SLOT + WAKE
    Atomics.add(this.#counts, at, 1)
    Atomics.notify(this.#counts, at)
  }

  /** How often it was woken. To be read before one looks: what is changed afterwards wakes again. */
  wakes(slot: number): number {
    return Atomics.load(this.#counts, slot * INTS_PER_SLOT + WAKE)
  }

  /** Resolves when it was woken once more than `seen`. */
  async woken(slot: number, seen: number): Promise<void> {
    const wait = Atomics.waitAsync(this.#counts, slot * INTS_PER_SLOT + WAKE, seen)
    if (wait.async) await wait.value
  }

  /** Control only, after a worker has ended: gives back what it held, takes its waiters out of the order, wakes the others. */
  forget(worker: number): void {
    const row = this.#rows[worker]!
    for (let at = 0; at < COUNTS; at += 1) {
      const held = Atomics.exchange(row, at, 0)
      if (held !== 0) Atomics.sub(this.#counts, at, held)
    }
    this.#ranks[worker]!.fill(NOBODY)
    this.passOver(worker, false)
  }

  /** Control only: whether nobody waits for the waiters of this worker, which can't look. What it holds it keeps. Wakes the others. */
  passOver(worker: number, isPassed: boolean): void {
    Atomics.store(this.#passed, worker, isPassed ? 1 : 0)
    for (let slot = 0; slot < MAX_SLOTS; slot += 1) if (this.count(slot, PERMIT.queued) > 0) this.wake(slot)
  }
}
