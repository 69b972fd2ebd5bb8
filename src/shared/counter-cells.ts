// What is counted in a row of counters (counters.ts): the cells of a slot, and those of a worker.

import { CONNECTION_FAULT_CODES } from '../http2/errors.ts'
import type { Coding } from '../plan/compression.ts'
import { CACHE_OUTCOMES } from '../policy/cache/outcome.ts'
import { BUFFER_TROUBLES } from '../policy/request/buffering/trouble.ts'
import { HEADER_REFUSALS } from '../proxy-protocol/header.ts'
import { HANDSHAKE_FAILURES } from '../tls/handshake-failure.ts'

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
  /** TLS handshakes in progress with clients, and those that wait until these have ended (slot 0 only). */
  handshakes: 6,
  handshakesWaiting: 7,
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
  /** As the retries above: it had been refused for want of a length. */
  retriesRefused: 46,
  /** Requests by what the cache was to them, in the order of CACHE_OUTCOMES (slots of pools only). */
  firstCached: 47,
  /** Of the duration of requests. */
  firstBucket: 47 + CACHE_OUTCOMES.length,
  /** Slots of upstreams: of the time to the first byte. Slots of pools: of the wait for a place. */
  secondBucket: 47 + CACHE_OUTCOMES.length + DURATION_BUCKETS_S.length + 1,
} as const

export const CODINGS: readonly Coding[] = ['zstd', 'br', 'gzip']
const AFTER_FAULTS = 22 + HANDSHAKE_FAILURES.length + CONNECTION_FAULT_CODES.length
const AFTER_BUFFERS = AFTER_FAULTS + 11 + HEADER_REFUSALS.length

/** What a worker tells of itself. All but those in bytes and `encoders` only go up; names with `first` begin groups. */
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
  /** TLS handshakes with clients that came to their end: those with a certificate, those that resumed a session. */
  handshakesFull: 18,
  handshakesResumed: 19,
  firstHandshakeFailure: 20,
  /** Of clients that speak HTTP/2: connections, requests on them, and connections that were ended for a fault, by which. */
  http2Connections: 20 + HANDSHAKE_FAILURES.length,
  http2Requests: 21 + HANDSHAKE_FAILURES.length,
  firstHttp2Fault: 22 + HANDSHAKE_FAILURES.length,
  /** In use now: answers that are compressed as they come. */
  encoders: AFTER_FAULTS,
  /** Answers that were not compressed for want of an encoder. */
  compressionsRefused: AFTER_FAULTS + 1,
  /** By coding: answers, their bytes before, their bytes after. */
  firstCoding: AFTER_FAULTS + 2,
  firstHeaderRefusal: AFTER_FAULTS + 11,
  /** Bytes of bodies that were written to files. */
  spooledBytes: AFTER_BUFFERS,
  /** Bodies of requests that were gathered, and for how long no upstream was held meanwhile, seconds. */
  gathered: AFTER_BUFFERS + 1,
  gatheringSeconds: AFTER_BUFFERS + 2,
  /** Answers that waited for their clients, the bytes of them that did, and how much sooner their upstreams were free, seconds. */
  bufferedAnswers: AFTER_BUFFERS + 3,
  bufferedAnswerBytes: AFTER_BUFFERS + 4,
  bufferedAnswerSeconds: AFTER_BUFFERS + 5,
  /** Bodies that were streamed from some place on, by why. */
  firstBufferTrouble: AFTER_BUFFERS + 6,
  firstReject: AFTER_BUFFERS + 6 + BUFFER_TROUBLES.length,
} as const

/** Upper bounds of the histogram of event loop delays, seconds; one more bucket holds the rest. */
export const LOOP_DELAY_BUCKETS_S = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5] as const

/** Most routes that are counted each on its own; those beyond, and requests without a route, share the slot 0. */
export const MAX_ROUTES = 8192
export const ROUTE_OF_NONE = 0
