// One upstream as this worker sees it: opens connections, keeps the idle ones, learns how long the upstream keeps them open.
// Whether a request may ride an idle one is decided in policy/request/reuse.ts.

import { connect as connectTcp, type OnReadOpts, Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { connect as connectTls } from 'node:tls'
import { isDeepStrictEqual } from 'node:util'
import type { HeadLimits } from '../../http/limits.ts'
import type { PoolPlan, UpstreamPlan } from '../../plan/pool.ts'
import { MOST_ADDRESSES } from '../../policy/names/name-state.ts'
import {
  mayReuse,
  NO_EVIDENCE,
  parseKeepAlive,
  type ReuseEvidence,
  sawAnnouncement,
  sawIdleClose,
  sawOpenAfter,
  sawStaleFailure,
} from '../../policy/request/reuse.ts'
import { GAUGE, TOTAL } from '../../shared/counters.ts'
import { UpstreamAddresses } from '../../shared/upstream-addresses.ts'
import { upstreamTlsOptions } from '../../tls/upstream-tls.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { type Expiring, Timer } from '../runtime/timer-wheel.ts'
import type { AttemptEvents } from './attempt-events.ts'
import { type ClientLogins, type ConnectionOwner, UpstreamConnection } from './connection.ts'

/** How often the idle connections are looked at: for age, and to learn that they stay open. */
const SWEEP_MS = 100

export class Endpoint implements ConnectionOwner, Expiring {
  readonly slot: number
  readonly #runtime: Runtime
  #plan: UpstreamPlan
  #maxIdle: number
  #maxIdleMs: number
  #headLimits: HeadLimits
  /** The most recently used is at the end, and is used next: the surplus grows old and is closed. */
  readonly #idle: UpstreamConnection[] = []
  /** Idle, and each of them the login of one client, which alone rides it and with which it ends. */
  readonly #logins = new Set<UpstreamConnection>()
  readonly #sweep = new Timer(this)
  readonly #addresses: UpstreamAddresses
  #evidence: ReuseEvidence = NO_EVIDENCE
  #retired = false
  #ended = false

  /** @param headLimits of the heads of its answers */
  constructor(slot: number, plan: UpstreamPlan, pool: PoolPlan, headLimits: HeadLimits, runtime: Runtime) {
    this.slot = slot
    this.#plan = plan
    this.#runtime = runtime
    this.#headLimits = headLimits
    this.#maxIdle = pool.idleConnections
    this.#maxIdleMs = pool.idleConnectionMs
    const { host } = plan
    this.#addresses = new UpstreamAddresses(host, slot, runtime.table, Math.floor(runtime.random() * MOST_ADDRESSES))
  }

  get plan(): UpstreamPlan {
    return this.#plan
  }

  /** Goes on under another plan, with all its connections and what it has learned. @returns false where they are not fit for it */
  adopt(plan: UpstreamPlan, pool: PoolPlan, headLimits: HeadLimits): boolean {
    const { host, port, tls } = this.#plan
    if (this.#retired || plan.host !== host || plan.port !== port || !isDeepStrictEqual(plan.tls, tls)) return false
    this.#plan = plan
    this.#maxIdle = pool.idleConnections
    this.#maxIdleMs = pool.idleConnectionMs
    while (this.#idle.length > this.#maxIdle) this.#idle[0]!.abandon()
    if (!isDeepStrictEqual(headLimits, this.#headLimits)) this.#renew(headLimits)
    return true
  }

  /** An idle connection that this request may ride, or undefined. @param safe the request may be sent twice */
  take(safe: boolean): UpstreamConnection | undefined {
    const connection = this.#idle.at(-1)
    if (!connection || !mayReuse(this.#evidence, performance.now() - connection.idleSinceMs, safe)) return undefined
    this.#idle.pop()
    this.#runtime.row.add(this.slot, TOTAL.connectionsReused, 1)
    return connection
  }

  /** The idle connection on which this client has logged in, or undefined. @param pool of this upstream */
  takeLogin(login: ClientLogins, pool: readonly Endpoint[]): UpstreamConnection | undefined {
    const connection = login.take(this, pool)
    if (connection === undefined) return undefined
    this.#logins.delete(connection)
    // Too old to be trusted: the upstream is about to close it.
    if (!mayReuse(this.#evidence, performance.now() - connection.idleSinceMs, true)) {
      connection.abandon()
      return undefined
    }
    this.#runtime.row.add(this.slot, TOTAL.connectionsReused, 1)
    return connection
  }

  /** Opens a connection for `attempt`, which is told when it is ready or has failed. */
  open(attempt: AttemptEvents): UpstreamConnection {
    const plan = this.#plan
    const open = (onread: OnReadOpts) => openSocket(plan, this.#addresses, onread)
    const readyEvent = plan.tls ? 'secureConnect' : 'connect'
    const connection = new UpstreamConnection(open, readyEvent, this, this.#headLimits, attempt)
    this.#runtime.row.move(this.slot, GAUGE.connections, 1)
    this.#runtime.row.add(this.slot, TOTAL.connectionsOpened, 1)
    return connection
  }

  /** A request on a re-used connection failed before its answer began: the connection was stale. */
  learnStale(idleMs: number): void {
    this.#evidence = sawStaleFailure(this.#evidence, idleMs)
  }

  /** Its drain has come to its end, and it has not been enabled again. */
  get ended(): boolean {
    return this.#ended
  }

  /** Closes what is idle, and what is in flight when it is done: the upstream's drain has come to its end. */
  end(): void {
    this.#ended = true
    this.#abandonIdle()
  }

  /** It is available. */
  readmit(): void {
    this.#ended = false
  }

  /** Closes what is idle and keeps nothing from now on: the upstream has left the configuration. */
  retire(): void {
    this.#retired = true
    this.#abandonIdle()
    this.#runtime.wheel.drop(this.#sweep)
  }

  /** A connection reads by the limits that it was opened with: what is idle is closed, and what is busy when it is free. */
  #renew(headLimits: HeadLimits): void {
    this.#headLimits = headLimits
    for (const connection of [...this.#idle]) connection.abandon()
  }

  #abandonIdle(): void {
    for (const connection of [...this.#idle, ...this.#logins]) connection.abandon()
  }

  onFree(connection: UpstreamConnection, keepAlive: string | undefined): void {
    if (keepAlive !== undefined) this.#evidence = sawAnnouncement(this.#evidence, parseKeepAlive(keepAlive))
    connection.idleSinceMs = performance.now()
    if (connection.login !== undefined) return this.#keep(connection, connection.login)
    this.#idle.push(connection)
    if (connection.limits !== this.#headLimits) return connection.abandon()
    if (this.#retired || this.#ended || this.#idle.length > this.#maxIdle) return this.#idle[0]!.abandon()
    if (this.#sweep.dueTick === 0) this.#runtime.wheel.arm(this.#sweep, SWEEP_MS)
  }

  /** It does not count among the idle ones: there are no more of these than clients, and to close one is to log its client out. */
  #keep(connection: UpstreamConnection, login: ClientLogins): void {
    if (this.#retired || this.#ended) return connection.abandon()
    this.#logins.add(connection)
    login.keep(this, connection)
  }

  onGone(connection: UpstreamConnection, idle: boolean): void {
    this.#runtime.row.move(this.slot, GAUGE.connections, -1)
    if (!idle) return
    if (connection.login !== undefined) {
      this.#logins.delete(connection)
      return connection.login.forget(this, connection)
    }
    const at = this.#idle.indexOf(connection)
    if (at < 0) return
    this.#idle.splice(at, 1)
    if (connection.closedByUpstream)
      this.#evidence = sawIdleClose(this.#evidence, performance.now() - connection.idleSinceMs)
  }

  onUnexpected(error: unknown): void {
    this.#runtime.unexpected(error, undefined)
  }

  onDeadline(): void {
    const now = performance.now()
    // Traffic follows the name: which of its addresses a connection has is not looked at, a new one costs little.
    if (this.#addresses.takeLoss()) this.#renew({ ...this.#headLimits })
    while (this.#idle.length > 0 && now - this.#idle[0]!.idleSinceMs > this.#maxIdleMs) this.#idle[0]!.abandon()
    const oldest = this.#idle[0]
    if (oldest) {
      this.#evidence = sawOpenAfter(this.#evidence, now - oldest.idleSinceMs)
      this.#runtime.wheel.arm(this.#sweep, SWEEP_MS)
    }
  }
}

/** It never throws: what keeps a socket from being opened at all (authorities that are no PEM) fails as a refused connection does. */
function openSocket({ tls, port }: UpstreamPlan, addresses: UpstreamAddresses, onread: OnReadOpts): Socket {
  const options = { ...addresses.target, port, allowHalfOpen: true, noDelay: true, onread } as const
  try {
    const socket = tls ? connectTls({ ...options, ...upstreamTlsOptions(tls) }) : connectTcp(options)
    addresses.watch(socket)
    return socket
  } catch (error) {
    return new Socket().destroy(error as Error)
  }
}
