// What control and workers tell each other. Only what is rare travels as a message; the rest is in shared memory.

import type { MessagePort } from 'node:worker_threads'
import type { Snapshot } from '../plan/snapshot.ts'
import type { WindowBypass } from '../plan/window.ts'
import type { BufferLimits } from '../policy/process/buffer-limits.ts'
import type { InheritedSocket } from '../policy/process/inherited-sockets.ts'
import type { TransportFailure } from '../policy/upstream/failure-row.ts'
import type { HoldingSign } from '../policy/upstream/worker-holding.ts'
import type { AcmeChallenges } from './acme-challenges.ts'
import type { Question, Reply } from './explain/questions.ts'
import type { TlsMaterial } from './tls-material.ts'

/** Where each pool, upstream and route of a snapshot lives in the shared tables; parallel to `snapshot.pools` and `.routes`. */
export interface Slots {
  readonly pools: readonly number[]
  readonly upstreams: readonly (readonly number[])[]
  /** Slots of their own, which only count; undefined = routes are not told apart. */
  readonly routes?: readonly number[] | undefined
}

/** What a worker is started with. */
export interface WorkerStart {
  /** Index of the worker's counter row. */
  readonly worker: number
  readonly workers: number
  /** Random, and the same for all workers: hexadecimal digits. */
  readonly instance: string
  readonly upstreamTable: SharedArrayBuffer
  readonly counters: SharedArrayBuffer
  /** Of the Permits. */
  readonly permits: SharedArrayBuffer
  /** Of the SessionTable. */
  readonly sessions: SharedArrayBuffer
  /** Of the RateTable. */
  readonly rates: SharedArrayBuffer
  /** Of the ClientConnections. */
  readonly clients: SharedArrayBuffer
  /** Of the CacheMemory. */
  readonly cache: { readonly buffer: SharedArrayBuffer; readonly bytes: number }
  /** Of the BufferAccounts, and what they may come to. */
  readonly buffers: { readonly accounts: SharedArrayBuffer; readonly limits: BufferLimits }
  /** Of the Heartbeats. */
  readonly beats: SharedArrayBuffer
  /** Most descriptors that the process may have open; undefined = not known. */
  readonly descriptors?: number | undefined
  readonly snapshot: Snapshot
  readonly slots: Slots
  /** Which routes maintenance windows answer; undefined = none. */
  readonly closedRoutes?: readonly ClosedRoute[] | undefined
  /** Undefined = no listener has TLS. */
  readonly tls?: TlsMaterial | undefined
  /** What a CA is to be answered. */
  readonly challenges?: AcmeChallenges | undefined
  /** Of the HeldTable; undefined = nothing is ever held. */
  readonly held?: SharedArrayBuffer | undefined
  /** Listen already, for the listeners with these addresses: the process was started with them. Undefined = it was not. */
  readonly sockets?: readonly InheritedSocket[] | undefined
}

export type ToWorker =
  | { readonly type: 'snapshot'; readonly snapshot: Snapshot; readonly slots: Slots }
  /** Stop accepting, finish what is in flight within `deadlineMs`, then exit. */
  | { readonly type: 'drain'; readonly deadlineMs: number }
  /** Which routes maintenance windows answer from now on, in place of what was said before. */
  | { readonly type: 'closed-routes'; readonly closedRoutes: readonly ClosedRoute[] }
  /** The drain of this upstream has come to its end: close its tunnels and long polls, spread over `spreadMs`. */
  | { readonly type: 'end-upstream'; readonly slot: number; readonly spreadMs: number }
  /** Its probes find this upstream unhealthy, and nothing answers them; or that is over. */
  | { readonly type: 'upstream-silent'; readonly slot: number; readonly silent: boolean }
  /** The upstream serves on, but only those whom a maintenance window lets through: close its tunnels, spread over `spreadMs`. */
  | { readonly type: 'end-tunnels'; readonly slot: number; readonly spreadMs: number }
  /** Somebody waits for this upstream while connections to it are idle: close the oldest of them. */
  | { readonly type: 'close-idle'; readonly slot: number }
  /** Somebody has moved the log files away: open them again under their names. */
  | { readonly type: 'reopen-logs' }
  /** Certificates and ticket keys from now on, in place of those of before; no connection ends for it. Before the snapshot that needs it. */
  | { readonly type: 'tls'; readonly material: TlsMaterial }
  /** A way to the thread that writes the files of buffers, which was asked for. It closes when that thread ends. */
  | { readonly type: 'spool'; readonly port: MessagePort }
  /** A way to the thread that keeps held requests, which was asked for. It closes when that thread ends. */
  | { readonly type: 'held'; readonly port: MessagePort }
  /** What a CA is to be answered from now on; `challenges-known` follows. */
  | { readonly type: 'challenges'; readonly challenges: AcmeChallenges }
  /** Somebody wants to know something: `reply` with the same number follows. */
  | { readonly type: 'question'; readonly number: number; readonly question: Question }

/** Requests of a route that a maintenance window answers, or that somebody has paused. */
export interface ClosedRoute {
  /** Name of the route. */
  readonly route: string
  /** Somebody has paused it, whatever windows say. Undefined = nobody has. */
  readonly paused?: true | undefined
  /** Its name; `paused` where there is none. */
  readonly window: string
  /** What users read. */
  readonly reason: string
  /** In which the end is told, IANA name. */
  readonly timeZone: string
  /** The end, epoch ms; undefined = not known. */
  readonly untilMs: number | undefined
  /** Who passes all the same: a client that each of them lets through. Empty = nobody. */
  readonly bypasses: readonly WindowBypass[]
}

/** An unsafe request whose fate is unknown. */
export interface InDoubtRecord {
  readonly requestId: string
  /** When it became so, epoch ms. */
  readonly atMs: number
  readonly route: string
  readonly pool: string
  readonly upstream: string
  readonly method: string
  /** Normalised, without the query. */
  readonly path: string
  readonly idempotencyKey: string | undefined
  /** The client's address. */
  readonly client: string
  /** Of the request, head included, that were handed to the connection. */
  readonly bytesSent: number
  /** How far it had come: `sent` (no byte of a response was seen) or `responding`. */
  readonly stage: 'sent' | 'responding'
  /** How the attempt failed: one line. */
  readonly cause: string
}

export type FromWorker =
  | { readonly type: 'in-doubt'; readonly record: InDoubtRecord }
  /** Every listener of the snapshot with this revision is bound, every new exchange uses it. */
  | { readonly type: 'ready'; readonly revision: number }
  /** It answers a CA as of this version of the challenges. */
  | { readonly type: 'challenges-known'; readonly version: number }
  /** A listener could not be bound, or another fatal start error: one line for people. */
  | { readonly type: 'failed'; readonly revision: number; readonly reason: string; readonly code: string | undefined }
  /** An attempt on an upstream failed below HTTP (connect, TLS, reset, timeout, garbage). */
  | { readonly type: 'transport-failure'; readonly slot: number; readonly failure: TransportFailure }
  /** A request waits on a new connection to this upstream while connections of other workers are idle. */
  | { readonly type: 'idle-in-the-way'; readonly slot: number }
  /** This upstream answers on new connections only once idle ones are closed. */
  | { readonly type: 'starved'; readonly slot: number }
  /** This upstream holds a worker for each connection. */
  | { readonly type: 'holds-workers'; readonly slot: number; readonly sign: HoldingSign }
  /** The first body is to go to a file, or the thread that had them has ended: `spool` follows. */
  | { readonly type: 'spool-wanted' }
  /** A route of its snapshot holds requests and it has no way to the thread that keeps them: `held` follows. Where that thread can't be had, later. */
  | { readonly type: 'held-wanted' }
  | { readonly type: 'reply'; readonly number: number; readonly reply: Reply }
  /** Everything in flight has ended, or the deadline cut it; `cut` exchanges were cut. */
  | { readonly type: 'drained'; readonly cut: number }
  | {
      readonly type: 'log'
      readonly level: 'error' | 'warn' | 'info'
      readonly message: string
      readonly detail: Readonly<Record<string, unknown>>
    }
