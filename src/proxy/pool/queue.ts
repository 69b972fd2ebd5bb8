// Those that wait in this worker for something of one pool: a permit for an upstream, in an order that holds over all workers, or the
// first verdict. It knows when they should look again; whether there is something for them is for pool.ts to say.
// One for each pool, whatever snapshots it is in: exchanges of an old snapshot and of the new one stand in one line.

import { Lanes, rankOf } from '../../policy/request/queue-order.ts'
import { GAUGE, TOTAL } from '../../shared/counter-cells.ts'
import type { CounterRow } from '../../shared/counters.ts'
import { PERMIT, type Permits } from '../../shared/permits.ts'
import { AVAILABILITY, type UpstreamTable } from '../../shared/upstream-table.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { PoolPermits } from './permits.ts'
import { NEWCOMER, type Waiter } from './waiter.ts'

/** Everybody looks again after this time, even if nothing woke them. */
const WATCH_MS = 1000

export class Queue {
  /** What an exchange takes in one snapshot of the pool, it may give back in another. */
  readonly permits: PoolPermits
  readonly #slot: number
  readonly #permits: Permits
  readonly #table: UpstreamTable
  readonly #row: CounterRow
  readonly #forVerdict = new Set<Waiter>()
  readonly #forPermit = new Lanes<Waiter>()
  /** By lane: the rank that this worker has published. */
  readonly #published = new Map<number, number>()
  #upstreams: readonly number[] = []
  #watchesTable = false
  #watchesPermits = false

  /** @param slot of the pool */
  constructor(slot: number, { permits, table, row }: Runtime) {
    this.permits = new PoolPermits(slot, permits)
    this.#slot = slot
    this.#permits = permits
    this.#table = table
    this.#row = row
  }

  get isWaitedFor(): boolean {
    return this.#permits.count(this.#slot, PERMIT.queued) > 0
  }

  /** Slots of the pool's upstreams, in the newest snapshot. */
  serve(upstreams: readonly number[]): void {
    this.#upstreams = upstreams
  }

  /** @param seenVersion of the upstream table, when there was no verdict */
  awaitVerdict(waiter: Waiter, seenVersion: number): void {
    waiter.begin('verdict')
    this.#forVerdict.add(waiter)
    this.#row.move(this.#slot, GAUGE.waiting, 1)
    if (!this.#watchesTable) void this.#watchTable(seenVersion)
  }

  /**
   * Puts one into the order. It has to look once more afterwards: what became free before it stood there woke nobody.
   * @param lanes slots of the upstreams one of which it needs; the pool's own = any of them
   * @param max most that wait at once, over all workers
   * @returns false where so many wait already
   */
  join(waiter: Waiter, lanes: readonly number[], priority: number, max: number, seenVersion: number): boolean {
    if (!this.#permits.take(this.#slot, PERMIT.queued, max)) return false
    if (waiter.rank === NEWCOMER) {
      waiter.rank = rankOf(priority, this.#permits.nextTicket())
      this.#row.add(this.#slot, TOTAL.queued, 1)
    }
    waiter.begin('permit')
    this.#row.move(this.#slot, GAUGE.waiting, 1)
    this.#stand(waiter, lanes)
    if (!this.#watchesPermits) void this.#watchPermits()
    if (!this.#watchesTable) void this.#watchTable(seenVersion)
    return true
  }

  /** It goes on waiting, perhaps for something else: its upstream is gone, or another one came. */
  move(waiter: Waiter, lanes: readonly number[]): void {
    const before = waiter.lanes
    if (before.length === lanes.length && before.every((lane, at) => lane === lanes[at])) return
    this.#forPermit.remove(waiter)
    this.#stand(waiter, lanes)
    for (const lane of before) this.#publish(lane)
    this.#passOn()
  }

  /** It does not wait any more: it was served, or gave up. */
  leave(waiter: Waiter): void {
    const { waitsFor } = waiter
    if (waitsFor === 'nothing') return
    const waitedMs = waiter.end()
    this.#row.move(this.#slot, GAUGE.waiting, -1)
    if (waitsFor === 'verdict') {
      this.#forVerdict.delete(waiter)
      return
    }
    this.#row.add(this.#slot, TOTAL.queueSeconds, waitedMs / 1000)
    this.#row.bucket(this.#slot, TOTAL.secondBucket, waitedMs / 1000)
    this.#forPermit.remove(waiter)
    for (const lane of waiter.lanes) this.#publish(lane)
    this.#permits.leave(this.#slot, PERMIT.queued)
    this.#passOn()
  }

  #stand(waiter: Waiter, lanes: readonly number[]): void {
    waiter.lanes = lanes
    this.#forPermit.add(waiter)
    for (const lane of lanes) this.#publish(lane)
  }

  #publish(lane: number): void {
    const rank = this.#forPermit.first(lane)?.rank
    if (rank === this.#published.get(lane)) return
    if (rank === undefined) this.#published.delete(lane)
    else this.#published.set(lane, rank)
    this.#permits.publish(lane, rank)
  }

  /** The turn has passed to somebody else, maybe in another worker, who looked before it was his: there may be a permit for him. */
  #passOn(): void {
    if (this.#permits.count(this.#slot, PERMIT.queued) === 0) return
    const table = this.#table
    for (const slot of this.#upstreams) {
      if (table.availability(slot) === AVAILABILITY.disabled) continue
      const limit = table.limit(slot)
      if (limit === 0 || this.#permits.count(slot, PERMIT.taken) < limit) return this.#permits.wake(this.#slot)
    }
  }

  /** Ends when it is woken and nobody waits any more. */
  async #watchPermits(): Promise<void> {
    this.#watchesPermits = true
    let seen = this.#permits.wakes(this.#slot)
    while (this.#forPermit.size > 0) {
      await this.#permits.woken(this.#slot, seen)
      seen = this.#permits.wakes(this.#slot)
      this.#callInOrder()
    }
    this.#watchesPermits = false
  }

  async #watchTable(seenVersion: number): Promise<void> {
    this.#watchesTable = true
    let seen = seenVersion
    while (this.#forVerdict.size + this.#forPermit.size > 0) {
      await this.#table.changed(seen, WATCH_MS)
      seen = this.#table.version
      for (const waiter of [...this.#forVerdict]) if (waiter.waitsFor === 'verdict') waiter.owner.onTurn()
      this.#callInOrder()
    }
    this.#watchesTable = false
  }

  /** Each looks in his turn, until the first of every lane has found nothing. */
  #callInOrder(): void {
    const stuck = new Set<number>()
    const called = new Set<Waiter>()
    for (let next = this.#forPermit.next(stuck); next !== undefined; next = this.#forPermit.next(stuck)) {
      const { waiter, lane } = next
      if (called.has(waiter)) stuck.add(lane)
      else {
        called.add(waiter)
        waiter.owner.onTurn()
      }
    }
  }
}
