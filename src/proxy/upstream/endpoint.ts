// One upstream as this worker sees it: opens connections, keeps the idle ones, learns how long the upstream keeps them open.
// Whether a request may ride an idle one is decided in policy/request/reuse.ts.

import { performance } from 'node:perf_hooks'
import { isDeepStrictEqual } from 'node:util'
import type { Fields } from '../../http/fields.ts'
import { type HeadLimits, isSameLimits } from '../../http/limits.ts'
import type { PoolPlan, UpstreamPlan } from '../../plan/pool.ts'
import { MOST_ADDRESSES } from '../../policy/names/name-state.ts'
import {
  givesWay,
  mayReuse,
  NO_EVIDENCE,
  parseKeepAlive,
  type ReuseEvidence,
  sawAnnouncement,
  sawIdleClose,
  sawOpenAfter,
  sawStaleFailure,
} from '../../policy/request/reuse.ts'
import type { ProxyVersion } from '../../proxy-protocol/write.ts'
import { GAUGE, TOTAL } from '../../shared/counter-cells.ts'
import { UpstreamAddresses } from '../../shared/upstream-addresses.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { type Expiring, Timer } from '../runtime/timer-wheel.ts'
import type { AttemptEvents } from './attempt-events.ts'
import { type ClientLogins, UpstreamConnection } from './connection.ts'
import type { ConnectionOwner } from './connection-owner.ts'
import { HoldingWatch } from './holding-watch.ts'
import { keepAlive } from './keep-alive.ts'
import { Newcomers } from './newcomers.ts'
import { type Opening, openSocket } from './open-socket.ts'
import type { ProxiedClient } from './proxied-client.ts'

/** How often the idle connections are looked at, for age, and to learn that they stay open; and those that wait for a first answer. */
const SWEEP_MS = 50
/** Idle connections beyond the limit last for so long: requests that come together over HTTP/2 leave them together, for the next ones. */
const BURST_MS = 100
/** An idle connection that the upstream ends within so long was not to be used again. */
const AT_ONCE_MS = 100

export class Endpoint implements ConnectionOwner<UpstreamConnection>, Expiring {
  readonly slot: number
  readonly #runtime: Runtime
  #plan: UpstreamPlan
  #configuredIdle: number
  /** Most that are kept now. */
  #maxIdle: number
  #maxIdleMs: number
  #keepAliveMs: number | undefined
  readonly #proxyProtocol: ProxyVersion | undefined
  #headLimits: HeadLimits
  /** The most recently used is at the end, and is used next: the surplus grows old and is closed. */
  readonly #idle: UpstreamConnection[] = []
  /** Idle, and each of them the login of one client, which alone rides it and with which it ends. */
  readonly #logins = new Set<UpstreamConnection>()
  readonly #newcomers: Newcomers
  readonly #holding: HoldingWatch
  readonly #sweep = new Timer(this)
  readonly #addresses: UpstreamAddresses
  #evidence: ReuseEvidence = NO_EVIDENCE
  #refusesChunks = false
  #retired = false
  #ended = false

  /** @param headLimits of the heads of its answers */
  constructor(slot: number, plan: UpstreamPlan, pool: PoolPlan, headLimits: HeadLimits, runtime: Runtime) {
    this.slot = slot
    this.#plan = plan
    this.#runtime = runtime
    this.#headLimits = headLimits
    this.#newcomers = new Newcomers(slot, runtime, () => this.closeOldest())
    this.#holding = new HoldingWatch(slot, runtime)
    this.#configuredIdle = pool.idleConnections
    this.#maxIdle = this.#idleLimit()
    this.#maxIdleMs = pool.idleConnectionMs
    this.#keepAliveMs = pool.tcpKeepAliveMs
    this.#proxyProtocol = pool.proxyProtocol
    const first = Math.floor(runtime.random() * MOST_ADDRESSES)
    this.#addresses = new UpstreamAddresses(plan.host, slot, runtime.table, first)
  }

  get plan(): UpstreamPlan {
    return this.#plan
  }

  /** Goes on under another plan, with all its connections and what it has learned. @returns false where they are not fit for it */
  adopt(plan: UpstreamPlan, pool: PoolPlan, headLimits: HeadLimits): boolean {
    const { host, port, tls } = this.#plan
    if (pool.proxyProtocol !== this.#proxyProtocol) return false
    if (this.#retired || plan.host !== host || plan.port !== port || !isDeepStrictEqual(plan.tls, tls)) return false
    this.#plan = plan
    this.#configuredIdle = pool.idleConnections
    this.#maxIdleMs = pool.idleConnectionMs
    this.#keepAliveMs = pool.tcpKeepAliveMs
    this.#closeSurplus(performance.now())
    if (!isSameLimits(headLimits, this.#headLimits)) this.#renew(headLimits)
    return true
  }

  /**
   * An idle connection that this request may ride, or undefined.
   * @param safe the request may be sent twice @param proxied see AttemptEvents
   */
  take(safe: boolean, proxied?: ProxiedClient): UpstreamConnection | undefined {
    const at = proxied ? this.#idle.findLastIndex(each => each.proxied === proxied) : this.#idle.length - 1
    const connection = this.#idle[at]
    if (!connection || !mayReuse(this.#evidence, performance.now() - connection.idleSinceMs, safe)) return undefined
    if (proxied) {
      this.#idle.splice(at, 1)
      proxied.forget(connection)
    } else this.#idle.pop()
    this.#holding.sawReuse()
    this.#runtime.row.add(this.slot, TOTAL.connectionsReused, 1)
    return connection
  }

  /** The idle connection on which this client has logged in, or undefined. @param pool of this upstream @param proxied see AttemptEvents */
  takeLogin(login: ClientLogins, pool: readonly Endpoint[], proxied?: ProxiedClient): UpstreamConnection | undefined {
    const connection = login.take(this, pool)
    if (connection === undefined) return undefined
    this.#logins.delete(connection)
    // It speaks for another client, or is too old to be trusted: the upstream is about to close it.
    if (connection.proxied !== proxied || !mayReuse(this.#evidence, performance.now() - connection.idleSinceMs, true)) {
      connection.abandon()
      return undefined
    }
    this.#runtime.row.add(this.slot, TOTAL.connectionsReused, 1)
    return connection
  }

  /** Opens a connection for `attempt`, which is told when it is ready or has failed. One that is idle, and no good for it, gives way. */
  open(attempt: AttemptEvents): UpstreamConnection {
    const { proxied } = attempt
    const plan = this.#plan
    const nowMs = performance.now()
    // What speaks for others is good enough for their requests.
    const oldest = proxied ? this.#idle.find(each => each.proxied === proxied) : this.#idle[0]
    if (oldest && givesWay(this.#evidence, nowMs - oldest.idleSinceMs)) oldest.abandon()
    const header = proxied?.header(this.#proxyProtocol!) ?? ''
    const opening: Opening = {
      open: onread => {
        const socket = openSocket(plan, this.#addresses, onread, plan.tls ? header : '')
        keepAlive(socket, this.#keepAliveMs)
        return socket
      },
      readyEvent: plan.tls ? 'secureConnect' : 'connect',
      preface: plan.tls ? '' : header,
    }
    const connection = new UpstreamConnection(opening, this, this.#headLimits, attempt)
    this.#runtime.row.move(this.slot, GAUGE.connections, 1)
    this.#runtime.row.add(this.slot, TOTAL.connectionsOpened, 1)
    this.#newcomers.add(connection, nowMs)
    this.#holding.opened()
    if (this.#sweep.dueTick === 0) this.#runtime.wheel.arm(this.#sweep, SWEEP_MS)
    return connection
  }

  /** Closes the idle connection that was used least recently. @returns false where none is idle */
  closeOldest(): boolean {
    const [oldest] = this.#idle
    oldest?.abandon()
    return oldest !== undefined
  }

  /** A request on a re-used connection failed before its answer began: the connection was stale. */
  learnStale(idleMs: number): void {
    this.#evidence = sawStaleFailure(this.#evidence, idleMs)
  }

  /** Bodies have to say their length: it refuses those that don't, or loses them. */
  get needsLength(): boolean {
    return this.#refusesChunks || this.#holding.losesChunks
  }

  /** It has answered 411. @param pool its name */
  sawLengthRequired(pool: string): void {
    if (this.#refusesChunks) return
    this.#refusesChunks = true
    const message =
      'answered 411 to a body without a length: those of its pool are gathered from now on (`requestBody`)'
    this.#runtime.report({ type: 'log', level: 'info', message, detail: { pool, upstream: this.#plan.name } })
  }

  /** It is known to hold a worker for each connection. */
  get holdsWorkers(): boolean {
    return this.#holding.holdsWorkers
  }

  /** Of an answer. */
  sawAnswer(fields: Fields): void {
    this.#holding.sawAnswer(fields)
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

  onFirstByte(connection: UpstreamConnection): void {
    this.#newcomers.answered(connection, performance.now())
  }

  onFree(connection: UpstreamConnection, keepAlive: string | undefined): void {
    if (keepAlive !== undefined) this.#evidence = sawAnnouncement(this.#evidence, parseKeepAlive(keepAlive))
    const nowMs = performance.now()
    connection.idleSinceMs = nowMs
    if (connection.login !== undefined) return this.#keep(connection, connection.login)
    if (connection.proxied?.keep(connection) === false) return connection.abandon()
    this.#idle.push(connection)
    if (connection.limits !== this.#headLimits) return connection.abandon()
    const isTooMany = this.#maxIdle === 0 || this.#newcomers.takeRoom(nowMs)
    if (this.#retired || this.#ended || isTooMany) return this.#idle[0]!.abandon()
    if (this.#sweep.dueTick === 0) this.#runtime.wheel.arm(this.#sweep, SWEEP_MS)
  }

  /** It does not count among the idle ones: there are no more of these than clients, and to close one is to log its client out. */
  #keep(connection: UpstreamConnection, login: ClientLogins): void {
    if (this.#retired || this.#ended) return connection.abandon()
    this.#logins.add(connection)
    login.keep(this, connection)
  }

  onLastAnswer(connection: UpstreamConnection, status: number): void {
    // After an error many do so.
    if (connection.idleSinceMs === 0 && status < 400) this.#holding.sawEnding()
  }

  onGone(connection: UpstreamConnection, idle: boolean): void {
    this.#runtime.row.move(this.slot, GAUGE.connections, -1)
    if (!idle) return this.#newcomers.remove(connection)
    if (connection.login !== undefined) {
      this.#logins.delete(connection)
      return connection.login.forget(this, connection)
    }
    connection.proxied?.forget(connection)
    const at = this.#idle.indexOf(connection)
    if (at < 0) return
    this.#idle.splice(at, 1)
    if (!connection.closedByUpstream) return
    const idleMs = performance.now() - connection.idleSinceMs
    this.#evidence = sawIdleClose(this.#evidence, idleMs)
    if (idleMs < AT_ONCE_MS) this.#holding.sawEnding()
  }

  onUnexpected(error: unknown): void {
    this.#runtime.unexpected(error, undefined)
  }

  onDeadline(): void {
    const now = performance.now()
    this.#closeSurplus(now)
    // Traffic follows the name: which of its addresses a connection has is not looked at, a new one costs little.
    if (this.#addresses.takeLoss()) this.#renew({ ...this.#headLimits })
    while (this.#idle.length > 0 && now - this.#idle[0]!.idleSinceMs > this.#maxIdleMs) this.#idle[0]!.abandon()
    this.#newcomers.look(now)
    const oldest = this.#idle[0]
    if (oldest) this.#evidence = sawOpenAfter(this.#evidence, now - oldest.idleSinceMs)
    if (oldest || this.#newcomers.size > 0) this.#runtime.wheel.arm(this.#sweep, SWEEP_MS)
  }

  #closeSurplus(nowMs: number): void {
    const most = this.#idleLimit()
    this.#maxIdle = most
    const oldestMs = most === 0 ? nowMs : nowMs - BURST_MS
    while (this.#idle.length > most && this.#idle[0]!.idleSinceMs <= oldestMs) this.#idle[0]!.abandon()
  }

  #idleLimit(): number {
    return this.#runtime.table.isIdleLimited(this.slot) ? 0 : this.#configuredIdle
  }
}
