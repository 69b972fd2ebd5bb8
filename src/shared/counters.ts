// Per-worker rows of gauges and counters by slot. A worker writes only its own row, readers sum over the rows.
// Totals outlive a worker that died (its successor goes on counting in the same row); gauges don't.

import { FAULT_CODES } from '../http/faults.ts'
import { CACHE_OUTCOMES, type CacheOutcome } from '../policy/cache/outcome.ts'
import { MAX_SLOTS, SLOT_OF_VIGIA } from './upstream-table.ts'

/** Most worker threads. */
export const MAX_WORKERS = 64

/** Things that go up and down. */
export const GAUGE = {
  /** Exchanges with an attempt on this upstream (slot of a pool: exchanges that wait for an upstream). */
  inFlight: 0,
  /** Open connections: to the upstream; in slot 0 those from clients. */
  connections: 1,
  /** Upgraded connections. */
  tunnels: 2,
  /** Requests waiting in this pool (slots of pools only). */
  waiting: 3,
  /** Requests of long-poll routes on this upstream; not in `inFlight`. */
  longPolls: 4,
  /** Of `connections` to an upstream: those that have not brought a byte yet. */
  unanswered: 5,
} as const
export type Gauge = (typeof GAUGE)[keyof typeof GAUGE]

/** Upper bounds of the histograms of durations, seconds; one more bucket holds the rest. */
export const DURATION_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const

/** Things that only go up. The bucket counters are not cumulative. */
export const TOTAL = {
  /** Answers to requests of safe methods (RFC 9110 9.2.1), by status class; to those of all others: `unsafe1xx` and on. */
  status1xx: 0,
  status2xx: 1,
  status3xx: 2,
  status4xx: 3,
  status5xx: 4,
  connectFailures: 5,
  /** Connection lost, or garbage, before the response was complete. */
  transportFailures: 6,
  timeouts: 7,
  /** Attempts after an exchange's first. */
  retries: 8,
  connectionsOpened: 9,
  connectionsReused: 10,
  /** Body bytes from clients. */
  bytesIn: 11,
  /** Body bytes to clients. */
  bytesOut: 12,
  /** Exchanges whose client left before the end. */
  clientAborts: 13,
  /** Malformed requests (slot 0 only). */
  rejects: 14,
  /** Sum of durations, seconds. */
  durationSum: 15,
  /** Unsafe requests whose fate is unknown. */
  inDoubt: 16,
  /** Exchanges that began in this pool (slots of pools only). */
  exchanges: 17,
  /** Retries that were taken from the pool's budget (slots of pools only). */
  budgetedRetries: 18,
  /** Retries that the pool's budget refused (slots of pools only). */
  budgetExhausted: 19,
  /** Complete answers of the upstream itself, those that were not passed on included. */
  answers: 20,
  /** Of these: 5xx, and 502, 503 or 504. */
  serverErrors: 21,
  gatewayErrors: 22,
  /** Sum of their times to the first byte, ms. */
  firstByteMs: 23,
  /** Requests that waited for a place (slots of pools only), and the sum of their waits, seconds. */
  queued: 24,
  queueSeconds: 25,
  /** Answered 503: the queue was full; waited too long; refused by the circuit breaker (slots of pools only). */
  queueFull: 26,
  queueTimeouts: 27,
  breakerRefusals: 28,
  /** Answered 429 and 403 (slots of pools only). */
  rateLimited: 29,
  forbidden: 30,
  /** Connections closed at once because their client had too many (slot 0 only). */
  clientLimit: 31,
  /** Exchanges ended because their client sent or read slower than the least rate. */
  slowClients: 32,
  /** Tunnels that were ended because their upstream was drained. */
  tunnelsDrained: 33,
  /** Requests answered by a maintenance window (slots of pools only); not in the status classes: they are planned. */
  planned: 34,
  /** Retries by why they were safe; those after a stale connection are not among them. */
  retriesNotSent: 35,
  retriesIdempotent: 36,
  retriesDeclared: 37,
  /** Requests that met the end of a connection which had been idle. */
  staleConnections: 38,
  /** Answered 508: they had come through their pool before (slots of pools only). */
  loops: 39,
  /** Five, as those of safe methods. */
  unsafe1xx: 40,
  /** Tunnels that were ended because one side took nothing of what waited for it. */
  tunnelsStuck: 45,
  /** Requests by what the cache was to them, in the order of CACHE_OUTCOMES (slots of pools only). */
  firstCached: 46,
  /** Of the duration of requests. */
  firstBucket: 51,
  /** Slots of upstreams: of the time to the first byte. Slots of pools: of the wait for a place. */
  secondBucket: 51 + DURATION_BUCKETS_S.length + 1,
} as const

/** What a worker tells of itself. All but those in bytes only go up; `firstBucket` and `firstReject` begin the last two groups. */
export const WORKER = {
  cpuUserSeconds: 0,
  cpuSystemSeconds: 1,
  /** The event loop was not waiting. */
  loopBusySeconds: 2,
  heapUsedBytes: 3,
  loopDelaySum: 4,
  firstBucket: 5,
  /** Attempts that failed for want of descriptors, ports or memory of vigia itself. */
  ownTroubles: 16,
  /** Its heap as V8 has it from the system, with buffers and all else that belongs to it. */
  memoryBytes: 17,
  firstReject: 18,
} as const

/** Upper bounds of the histogram of event loop delays, seconds; one more bucket holds the rest. */
export const LOOP_DELAY_BUCKETS_S = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5] as const

/** Most routes that are counted each on its own; those beyond, and requests without a route, share the slot 0. */
export const MAX_ROUTES = 8192
export const ROUTE_OF_NONE = 0

const CLASSES = 5
const GAUGES = 6
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
