// What is held, in memory: narrow, so that 100,000 requests take some ten megabytes. The file is what counts: after a failed write this is
// made anew from it.

import type { HoldPlan } from '../../plan/hold.ts'
import type { HeldTable } from '../../shared/held/held-table.ts'
import type { LiveRow } from '../file/live-row.ts'
import type { HeldRows } from '../file/rows.ts'
import { type Entry, KeyQueue } from './key-queue.ts'
import { RouteQueue } from './route-queue.ts'

export class HeldIndex {
  readonly entries = new Map<number, Entry>()
  readonly routes = new Map<string, RouteQueue>()
  lastSeq = 0
  readonly #table: HeldTable
  readonly #queues = new Map<string, KeyQueue>()
  /** Keys of those that are done, but not yet on the disk. */
  #done: string[] = []

  constructor(table: HeldTable) {
    this.#table = table
  }

  /** All that the file has. @param routes of the index before it: their plans, gates and paces stay */
  load(rows: HeldRows, nowMs: number): void {
    this.entries.clear()
    this.#queues.clear()
    this.#done = []
    for (const [name, { plan, gate }] of this.routes) {
      const fresh = new RouteQueue(name)
      fresh.plan = plan
      fresh.gate = gate
      this.routes.set(name, fresh)
    }
    this.lastSeq = rows.meta().lastSeq
    for (const row of rows.live()) this.#enter(row, nowMs)
    for (const { route, count, bytes } of rows.dead()) {
      const queue = this.route(route)
      queue.dead += count
      queue.bytes += bytes
    }
    this.#table.replace(this.#marked(rows))
  }

  route(name: string): RouteQueue {
    let route = this.routes.get(name)
    if (route === undefined) {
      route = new RouteQueue(name)
      this.routes.set(name, route)
    }
    return route
  }

  configure(plans: ReadonlyMap<string, HoldPlan>, nowMs: number): void {
    for (const [name, route] of this.routes) route.plan = plans.get(name)
    for (const [name, plan] of plans) this.route(name).plan = plan
    for (const entry of this.entries.values()) {
      if (entry.state !== 'in-doubt') continue
      const blocks = this.#doubtBlocks(entry)
      if (blocks && !entry.blocks) this.#block(entry)
      if (!blocks && entry.blocks) this.#unblock(entry)
      this.routeOf(entry).settle(entry.queue, nowMs)
    }
  }

  routeOf(entry: Entry): RouteQueue {
    return this.route(entry.queue.route)
  }

  /** The cell of its key is up before anybody is told that it is held. */
  add(row: LiveRow, nowMs: number): Entry {
    const entry = this.#enter(row, nowMs)
    if (entry.blocks) this.#table.raise(entry.queue.key)
    if (row.dedupe !== undefined) this.#table.raise(row.dedupe)
    return entry
  }

  /** What `dedupe` has compared of those whose time is over. */
  removed(dedupes: Iterable<string | undefined>): void {
    for (const dedupe of dedupes) if (dedupe !== undefined) this.#table.lower(dedupe)
  }

  /** Those that are on their way, as the file says, and are none of these. */
  sendingBeside(known: ReadonlySet<number>): readonly number[] {
    return [...this.entries.values()]
      .filter(({ state, seq }) => state === 'sending' && !known.has(seq))
      .map(({ seq }) => seq)
  }

  twin(route: string, dedupe: string): Entry | undefined {
    return this.route(route).twins.get(dedupe)
  }

  sending(entry: Entry): void {
    this.#leave(entry)
    entry.state = 'sending'
    entry.attempts += 1
    this.routeOf(entry).sending += 1
  }

  waiting(entry: Entry, nowMs: number): void {
    this.#leave(entry)
    entry.state = 'waiting'
    if (!entry.blocks) this.#block(entry)
    const route = this.routeOf(entry)
    route.waiting += 1
    route.settle(entry.queue, nowMs)
  }

  inDoubt(entry: Entry, nowMs: number): void {
    this.#leave(entry)
    entry.state = 'in-doubt'
    const route = this.routeOf(entry)
    route.inDoubt += 1
    if (!this.#doubtBlocks(entry)) this.#unblock(entry)
    route.settle(entry.queue, nowMs)
  }

  /** Answered, dropped or dead. */
  end(entry: Entry, isDead: boolean, nowMs: number): void {
    const route = this.routeOf(entry)
    this.#leave(entry)
    if (entry.blocks) this.#unblock(entry)
    this.entries.delete(entry.seq)
    const { dedupe } = entry
    if (dedupe !== undefined && route.twins.get(dedupe) === entry) route.twins.delete(dedupe)
    if (isDead) route.dead += 1
    else route.bytes -= entry.bytes
    route.settle(entry.queue, nowMs)
  }

  /** One that was dead is no longer. */
  raised(route: string, bytes: number): void {
    const queue = this.route(route)
    queue.dead -= 1
    queue.bytes -= bytes
  }

  /** What has ended is on the disk: others of its key may pass. */
  durable(): void {
    for (const key of this.#done) {
      this.#table.lower(key)
      if (this.#queues.get(key)?.length === 0) this.#queues.delete(key)
    }
    this.#done = []
  }

  #enter(row: LiveRow, nowMs: number): Entry {
    const route = this.route(row.route)
    let queue = this.#queues.get(row.key)
    if (queue === undefined) {
      queue = new KeyQueue(row.key, row.route)
      this.#queues.set(row.key, queue)
    }
    const { seq, dedupe, fingerprint, repeatable, receivedMs, bytes, calls, expiresMs, notBeforeMs, attempts } = row
    const state = row.state as Entry['state']
    const entry: Entry = {
      seq,
      queue,
      state,
      dedupe,
      fingerprint,
      repeatable,
      receivedMs,
      bytes,
      calls,
      expiresMs,
      notBeforeMs,
      attempts,
      refusals: 0,
      blocks: true,
    }
    entry.blocks = state !== 'in-doubt' || this.#doubtBlocks(entry)
    this.entries.set(seq, entry)
    if (dedupe !== undefined) route.twins.set(dedupe, entry)
    route.bytes += bytes
    if (state === 'waiting') route.waiting += 1
    else if (state === 'sending') route.sending += 1
    else route.inDoubt += 1
    if (entry.blocks) queue.add(entry)
    route.settle(queue, nowMs)
    return entry
  }

  #leave(entry: Entry): void {
    const route = this.routeOf(entry)
    if (entry.state === 'waiting') route.waiting -= 1
    else if (entry.state === 'sending') route.sending -= 1
    else route.inDoubt -= 1
  }

  /** Until it is configured, those behind it stop. */
  #doubtBlocks(entry: Entry): boolean {
    return this.routeOf(entry).plan?.inDoubt !== 'go-on'
  }

  #block(entry: Entry): void {
    entry.blocks = true
    const { key } = entry.queue
    // Its queue may have been let go meanwhile, and another one begun.
    entry.queue = this.#queues.get(key) ?? entry.queue
    this.#queues.set(key, entry.queue)
    entry.queue.add(entry)
    this.#table.raise(key)
  }

  #unblock(entry: Entry): void {
    entry.blocks = false
    entry.queue.remove(entry)
    this.#done.push(entry.queue.key)
  }

  *#marked(rows: HeldRows): Iterable<string> {
    for (const entry of this.entries.values()) if (entry.blocks) yield entry.queue.key
    yield* rows.dedupes()
  }
}
