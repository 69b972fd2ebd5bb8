// Per-worker rows of gauges and counters by slot. A worker writes only its own row, readers sum over the rows.
// Totals outlive a worker that died (its successor goes on counting in the same row); gauges don't.

import { FAULT_CODES } from '../http/faults.ts'
import type { Coding } from '../plan/compression.ts'
import { CACHE_OUTCOMES, type CacheOutcome } from '../policy/cache/outcome.ts'
import { BUFFER_TROUBLES, type BufferTrouble } from '../policy/request/buffering/trouble.ts'
import {
  CODINGS,
  DURATION_BUCKETS_S,
  GAUGE,
  type Gauge,
  LOOP_DELAY_BUCKETS_S,
  MAX_ROUTES,
  ROUTE_OF_NONE,
  TOTAL,
  WORKER,
} from './counter-cells.ts'
import { MAX_SLOTS, SLOT_OF_VIGIA } from './upstream-table.ts'

const CLASSES = 5
const GAUGES = 8
const TOTALS = TOTAL.secondBucket + DURATION_BUCKETS_S.length + 1
const ROW_GAUGES = MAX_SLOTS * GAUGES
const ROW_TOTALS = MAX_SLOTS * TOTALS
/** By route: status classes, of safe and then of other methods. */
const ROW_ROUTES = MAX_ROUTES * 2 * CLASSES
/** By route: requests by what the cache was to them. */
const ROW_CACHED = MAX_ROUTES * CACHE_OUTCOMES.length
const ROW_WORKER = WORKER.firstReject + FAULT_CODES.length
const TOTALS_AT = ROW_GAUGES * 4
const ROUTES_AT = TOTALS_AT + ROW_TOTALS * 8
const CACHED_AT = ROUTES_AT + ROW_ROUTES * 8
const WORKER_AT = CACHED_AT + ROW_CACHED * 8
const ROW_BYTES = WORKER_AT + ROW_WORKER * 8

/** Shared memory for `workers` rows. Pages that are never touched cost nothing. */
export function allocateCounters(workers: number): SharedArrayBuffer {
  return new SharedArrayBuffer(workers * ROW_BYTES)
}

/** A worker's own row. Only that worker may call the methods that write. */
export class CounterRow {
  readonly #gauges: Int32Array
  readonly #totals: Float64Array
  readonly #routes: Float64Array
  readonly #cached: Float64Array
  readonly #worker: Float64Array

  constructor(buffer: SharedArrayBuffer, worker: number) {
    const start = worker * ROW_BYTES
    this.#gauges = new Int32Array(buffer, start, ROW_GAUGES)
    this.#totals = new Float64Array(buffer, start + TOTALS_AT, ROW_TOTALS)
    this.#routes = new Float64Array(buffer, start + ROUTES_AT, ROW_ROUTES)
    this.#cached = new Float64Array(buffer, start + CACHED_AT, ROW_CACHED)
    this.#worker = new Float64Array(buffer, start + WORKER_AT, ROW_WORKER)
  }

  move(slot: number, gauge: Gauge, by: 1 | -1): void {
    Atomics.add(this.#gauges, slot * GAUGES + gauge, by)
  }

  add(slot: number, total: number, by: number): void {
    this.#totals[slot * TOTALS + total]! += by
  }

  /** Counts an exchange by its final status only. @param route slot of its route; @param safe whether its method is */
  answered(slot: number, status: number, route: number, safe: boolean): void {
    // RFC 9110 15: a status above 599 counts as one of the class 5xx.
    const statusClass = status > 599 ? 4 : ((status / 100) | 0) - 1
    this.#totals[slot * TOTALS + (safe ? TOTAL.status1xx : TOTAL.unsafe1xx) + statusClass]! += 1
    this.#routes[(route * 2 + (safe ? 0 : 1)) * CLASSES + statusClass]! += 1
  }

  /** Counts a finished exchange: its final status and how long it took. */
  finished(slot: number, status: number, seconds: number, route: number = ROUTE_OF_NONE, safe = true): void {
    this.answered(slot, status, route, safe)
    this.add(slot, TOTAL.durationSum, seconds)
    this.bucket(slot, TOTAL.firstBucket, seconds)
  }

  /** Counts what the cache was to a request. @param slot of its pool @param route slot of its route */
  cached(slot: number, route: number, outcome: CacheOutcome): void {
    const which = CACHE_OUTCOMES.indexOf(outcome)
    this.add(slot, TOTAL.firstCached + which, 1)
    this.#cached[route * CACHE_OUTCOMES.length + which]! += 1
  }

  /** Counts a duration in one of the two histograms of a slot; its sum is counted apart. */
  bucket(slot: number, first: number, seconds: number): void {
    let bucket = 0
    while (bucket < DURATION_BUCKETS_S.length && seconds > DURATION_BUCKETS_S[bucket]!) bucket += 1
    this.#totals[slot * TOTALS + first + bucket]! += 1
  }

  /** Counts a request that was refused for this fault. @param index of the fault in FAULT_CODES */
  rejected(index: number): void {
    this.add(SLOT_OF_VIGIA, TOTAL.rejects, 1)
    this.addOwn(WORKER.firstReject + index, 1)
  }

  /** Counts an answer that was compressed, and its bytes. */
  compressed(coding: Coding, before: number, after: number): void {
    const first = WORKER.firstCoding + CODINGS.indexOf(coding) * 3
    this.addOwn(first, 1)
    this.addOwn(first + 1, before)
    this.addOwn(first + 2, after)
  }

  /** Counts bytes of bodies that went to a file. */
  spooled(bytes: number): void {
    this.addOwn(WORKER.spooledBytes, bytes)
  }

  /** Counts an answer of which so many bytes had to wait for its client. @param seconds for which its upstream was free already */
  bufferedAnswer(bytes: number, seconds: number): void {
    this.addOwn(WORKER.bufferedAnswers, 1)
    this.addOwn(WORKER.bufferedAnswerBytes, bytes)
    this.addOwn(WORKER.bufferedAnswerSeconds, seconds)
  }

  /** Counts a body that is not buffered any more. */
  bufferTrouble(trouble: BufferTrouble): void {
    this.addOwn(WORKER.firstBufferTrouble + BUFFER_TROUBLES.indexOf(trouble), 1)
  }

  /** @param cell one of WORKER */
  addOwn(cell: number, by: number): void {
    this.#worker[cell]! += by
  }

  setMemory(heapUsedBytes: number, memoryBytes: number): void {
    this.#worker[WORKER.heapUsedBytes] = heapUsedBytes
    this.#worker[WORKER.memoryBytes] = memoryBytes
  }

  loopDelayed(seconds: number): void {
    let bucket = 0
    while (bucket < LOOP_DELAY_BUCKETS_S.length && seconds > LOOP_DELAY_BUCKETS_S[bucket]!) bucket += 1
    this.#worker[WORKER.loopDelaySum]! += seconds
    this.#worker[WORKER.firstBucket + bucket]! += 1
  }

  gauge(slot: number, gauge: Gauge): number {
    return Atomics.load(this.#gauges, slot * GAUGES + gauge)
  }

  total(slot: number, total: number): number {
    return this.#totals[slot * TOTALS + total]!
  }

  /** What the worker tells of itself. */
  own(cell: number): number {
    return this.#worker[cell]!
  }

  /** @param statusClass 1 to 5 */
  routeTotal(route: number, statusClass: number, safe: boolean): number {
    return this.#routes[(route * 2 + (safe ? 0 : 1)) * CLASSES + statusClass - 1]!
  }

  /** See `cached`. */
  routeCached(route: number, outcome: CacheOutcome): number {
    return this.#cached[route * CACHE_OUTCOMES.length + CACHE_OUTCOMES.indexOf(outcome)]!
  }

  /** Control only, after the row's worker has ended: what it had in flight is gone with it. */
  dropGauges(): void {
    this.#gauges.fill(0)
    this.#worker[WORKER.encoders] = 0
    this.setMemory(0, 0)
  }
}

/** Idle connections to an upstream, over all workers. */
export function idleOf(counters: CounterTable, slot: number): number {
  const busy = counters.gauge(slot, GAUGE.inFlight) + counters.gauge(slot, GAUGE.longPolls)
  return Math.max(0, counters.gauge(slot, GAUGE.connections) - busy)
}

/** All rows, summed. */
export class CounterTable {
  readonly rows: readonly CounterRow[]
  /** All memory: summing a gauge is on the path of every request. */
  readonly #ints: Int32Array

  constructor(buffer: SharedArrayBuffer, workers: number) {
    this.#ints = new Int32Array(buffer)
    this.rows = Array.from({ length: workers }, (_, worker) => new CounterRow(buffer, worker))
  }

  gauge(slot: number, gauge: Gauge): number {
    let sum = 0
    let at = slot * GAUGES + gauge
    for (let left = this.rows.length; left > 0; left -= 1) {
      sum += Atomics.load(this.#ints, at)
      at += ROW_BYTES / 4
    }
    return sum
  }

  total(slot: number, total: number): number {
    let sum = 0
    for (let i = 0; i < this.rows.length; i += 1) sum += this.rows[i]!.total(slot, total)
    return sum
  }

  /** Answers by status class, whatever the method. @param statusClass 1 to 5 */
  answers(slot: number, statusClass: number): number {
    const at = statusClass - 1
    return this.total(slot, TOTAL.status1xx + at) + this.total(slot, TOTAL.unsafe1xx + at)
  }

  /** @param statusClass 1 to 5 */
  routeTotal(route: number, statusClass: number, safe: boolean): number {
    let sum = 0
    for (const row of this.rows) sum += row.routeTotal(route, statusClass, safe)
    return sum
  }

  /** Requests of a route by what the cache was to them. */
  routeCached(route: number, outcome: CacheOutcome): number {
    let sum = 0
    for (const row of this.rows) sum += row.routeCached(route, outcome)
    return sum
  }

  /** @param cell one of WORKER */
  own(cell: number): number {
    let sum = 0
    for (const row of this.rows) sum += row.own(cell)
    return sum
  }
}
