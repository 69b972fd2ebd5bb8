// Per-worker rows of gauges and counters by slot. A worker writes only its own row, readers sum over the rows.
// Totals outlive a worker that died (its successor goes on counting in the same row); gauges don't.

import { MAX_SLOTS } from './upstream-table.ts'

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
} as const
export type Gauge = (typeof GAUGE)[keyof typeof GAUGE]

/** Upper bounds of the duration histogram, seconds; one more bucket holds the rest. */
export const DURATION_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const

/** Things that only go up. The bucket counters are not cumulative. */
export const TOTAL = {
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
  firstBucket: 35,
} as const

const GAUGES = 5
const TOTALS = TOTAL.firstBucket + DURATION_BUCKETS_S.length + 1
const ROW_GAUGES = MAX_SLOTS * GAUGES
const ROW_TOTALS = MAX_SLOTS * TOTALS
const ROW_BYTES = ROW_GAUGES * 4 + ROW_TOTALS * 8

/** Shared memory for `workers` rows. Pages that are never touched cost nothing. */
export function allocateCounters(workers: number): SharedArrayBuffer {
  return new SharedArrayBuffer(workers * ROW_BYTES)
}

/** A worker's own row. Only that worker may call the methods that write. */
export class CounterRow {
  readonly #gauges: Int32Array
  readonly #totals: Float64Array

  constructor(buffer: SharedArrayBuffer, worker: number) {
    this.#gauges = new Int32Array(buffer, worker * ROW_BYTES, ROW_GAUGES)
    this.#totals = new Float64Array(buffer, worker * ROW_BYTES + ROW_GAUGES * 4, ROW_TOTALS)
  }

  move(slot: number, gauge: Gauge, by: 1 | -1): void {
    Atomics.add(this.#gauges, slot * GAUGES + gauge, by)
  }

  add(slot: number, total: number, by: number): void {
    this.#totals[slot * TOTALS + total]! += by
  }

  /** Counts an exchange by its final status only. */
  answered(slot: number, status: number): void {
    this.#totals[slot * TOTALS + TOTAL.status1xx + ((status / 100) | 0) - 1]! += 1
  }

  /** Counts a finished exchange: its final status and how long it took. */
  finished(slot: number, status: number, seconds: number): void {
    const at = slot * TOTALS
    this.answered(slot, status)
    this.#totals[at + TOTAL.durationSum]! += seconds
    let bucket = 0
    while (bucket < DURATION_BUCKETS_S.length && seconds > DURATION_BUCKETS_S[bucket]!) bucket += 1
    this.#totals[at + TOTAL.firstBucket + bucket]! += 1
  }

  gauge(slot: number, gauge: Gauge): number {
    return Atomics.load(this.#gauges, slot * GAUGES + gauge)
  }

  total(slot: number, total: number): number {
    return this.#totals[slot * TOTALS + total]!
  }

  /** Control only, after the row's worker has ended: what it had in flight is gone with it. */
  dropGauges(): void {
    this.#gauges.fill(0)
  }
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
}
