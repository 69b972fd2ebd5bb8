// Those that wait in this worker for something of one pool: a place on an upstream, in an order that holds over all workers, or the
// first verdict. It knows when they should look again; whether there is something for them is for pool.ts to say.
// One for each pool, whatever snapshots it is in: exchanges of an old snapshot and of the new one stand in one line.

import { Lanes, rankOf } from '../../policy/request/queue-order.ts'
import { type CounterRow, GAUGE, TOTAL } from '../../shared/counters.ts'
import { PLACE, type Places } from '../../shared/places.ts'
import { AVAILABILITY, type UpstreamTable } from '../../shared/upstream-table.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { PoolPlaces } from './permits.ts'
import { NEWCOMER, type Waiter } from './waiter.ts'

/** Everybody looks again after this time, even if nothing woke them. */
const WATCH_MS = 1000

export class Queue {
  /** What an exchange takes in one snapshot of the pool, it may give back in another. */
  readonly poolPlaces: PoolPlaces
  readonly #slot: number
  readonly #places: Places
  readonly #table: UpstreamTable
  readonly #row: CounterRow
  readonly #forVerdict = new Set<Waiter>()
  readonly #forPlace = new Lanes<Waiter>()
  /** By lane: the rank that this worker has published. */
  readonly #published = new Map<number, number>()
  #upstreams: readonly number[] = []
  #watchesTable = false
  #watchesPlaces = false

  /** @param slot of the pool */
  constructor(slot: number, { places, table, row }: Runtime) {
    this.poolPlaces = new PoolPlaces(slot, places)
    this.#slot = slot
    this.#places = places
    this.#table = table
    this.#row = row
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
    if (!this.#places.take(this.#slot, PLACE.queued, max)) return false
    if (waiter.rank === NEWCOMER) {
      waiter.rank = rankOf(priority, this.#places.nextTicket())
      this.#row.add(this.#slot, TOTAL.queued, 1)
    }
    waiter.begin('place')
    this.#row.move(this.#slot, GAUGE.waiting, 1)
    this.#stand(waiter, lanes)
    if (!this.#watchesPlaces) void this.#watchPlaces()
    if (!this.#watchesTable) void this.#watchTable(seenVersion)
    return true
  }

  /** It goes on waiting, perhaps for something else: its upstream is gone, or another one came. */
  move(waiter: Waiter, lanes: readonly number[]): void {
    const before = waiter.lanes
    if (before.length === lanes.length && before.every((lane, at) => lane === lanes[at])) return
    this.#forPlace.remove(waiter)
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
    this.#forPlace.remove(waiter)
    for (const lane of waiter.lanes) this.#publish(lane)
    this.#places.leave(this.#slot, PLACE.queued)
    this.#passOn()
  }

  #stand(waiter: Waiter, lanes: readonly number[]): void {
    waiter.lanes = lanes
    this.#forPlace.add(waiter)
    for (const lane of lanes) this.#publish(lane)
  }

  #publish(lane: number): void {
    const rank = this.#forPlace.first(lane)?.rank
    if (rank === this.#published.get(lane)) return
    if (rank === undefined) this.#published.delete(lane)
    else this.#published.set(lane, rank)
    this.#places.publish(lane, rank)
  }

  /** The turn has passed to somebody else, maybe in another worker, who looked before it was his: there may be a place for him. */
  #passOn(): void {
    if (this.#places.count(this.#slot, PLACE.queued) === 0) return
    const table = this.#table
    for (const slot of this.#upstreams) {
      if (table.availability(slot) === AVAILABILITY.disabled) continue
      const limit = table.limit(slot)
      if (limit === 0 || this.#places.count(slot, PLACE.taken) < limit) return this.#places.wake(this.#slot)
    }
  }

  /** Ends when it is woken and nobody waits any more. */
  async #watchPlaces(): Promise<void> {
    this.#watchesPlaces = true
    let seen = this.#places.wakes(this.#slot)
    while (this.#forPlace.size > 0) {
      await this.#places.woken(this.#slot, seen)
      seen = this.#places.wakes(this.#slot)
      this.#callInOrder()
    }
    this.#watchesPlaces = false
  }

  async #watchTable(seenVersion: number): Promise<void> {
    this.#watchesTable = true
    let seen = seenVersion
    while (this.#forVerdict.size + this.#forPlace.size > 0) {
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
    for (let next = this.#forPlace.next(stuck); next !== undefined; next = this.#forPlace.next(stuck)) {
      const { waiter, lane } = next
      if (called.has(waiter)) stuck.add(lane)
      else {
        called.add(waiter)
        waiter.owner.onTurn()
      }
    }
  }
}
