// Entry of a worker thread: the data plane of one core. Takes snapshots and orders from control, tells it what is rare.

import { randomBytes } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { isDeepStrictEqual } from 'node:util'
import { parentPort, workerData } from 'node:worker_threads'
import type { Snapshot } from '../plan/snapshot.ts'
import { ClientConnections } from '../shared/client-connections.ts'
import { CounterRow, CounterTable, WORKER } from '../shared/counters.ts'
import type { FromWorker, Slots, ToWorker, WorkerStart } from '../shared/messages.ts'
import { Permits } from '../shared/permits.ts'
import { RateTable } from '../shared/rate-table.ts'
import { SessionTable } from '../shared/sessions.ts'
import { AVAILABILITY, UpstreamTable } from '../shared/upstream-table.ts'
import { Serial } from '../util/serial.ts'
import { accessLogTo, NO_ACCESS_LOG } from './access-log/access-log.ts'
import { activate } from './activate.ts'
import { addressKey, bindNamed } from './client/binding.ts'
import { HealthListener, type WorkerReadiness } from './client/health-listener.ts'
import { Listener } from './client/listener.ts'
import type { ActiveSnapshot } from './exchange/active-snapshot.ts'
import type { ClientEvents } from './exchange/client-events.ts'
import { type ClosedRoutes, compileClosedRoutes } from './exchange/closed-routes.ts'
import type { ExchangeContext } from './exchange/context.ts'
import { Ticker } from './runtime/ticker.ts'
import { Timer, TimerWheel } from './runtime/timer-wheel.ts'
import { Vitals } from './runtime/vitals.ts'
import { SilentUpstreams } from './silent-upstreams.ts'
import { Tunnels } from './tunnel/tunnels.ts'

/** How often the same own trouble is said. */
const OWN_TROUBLE_EVERY_MS = 60_000
/** How often the retry budgets look at the totals, and silent upstreams are looked at. */
const SAMPLE_MS = 500
/** How long clients may take beyond the deadline of a drain to read the answers that it brings: less than what control adds to it. */
const LAST_ANSWERS_MS = 1000
/** Likewise where a bug ends the worker: the next one is waited for. */
const FALL_MS = 100

class Worker implements ExchangeContext {
  readonly row: CounterRow
  readonly counters: CounterTable
  readonly table: UpstreamTable
  readonly descriptors: number | undefined
  readonly permits: Permits
  readonly sessions: SessionTable
  readonly tunnels = new Tunnels()
  readonly random = Math.random
  readonly rates: RateTable
  readonly clients: ClientConnections
  readonly wheel = new TimerWheel(performance.now())
  accessLog = NO_ACCESS_LOG
  active!: ActiveSnapshot
  closedRoutes: ClosedRoutes | undefined
  readonly #start: WorkerStart
  /** By address: one that only has another name goes on undisturbed. */
  readonly #listeners = new Map<string, Listener>()
  /** Left the configuration; what they have goes on to its end. */
  readonly #left = new Set<Listener>()
  readonly #health = new HealthListener(() => this.#readiness())
  readonly #vitals: Vitals
  readonly #ticker = new Ticker(this.wheel, () => performance.now())
  readonly #idPrefix = randomBytes(8).toString('hex')
  #idCount = 0
  #draining = false
  readonly #silent = new SilentUpstreams(this, () => this.#exchanges())
  #ownTroubleSaidMs = Number.NEGATIVE_INFINITY
  /** One snapshot after the other. */
  readonly #applying = new Serial()

  constructor(start: WorkerStart) {
    this.#start = start
    this.closedRoutes = compileClosedRoutes(start.closedRoutes)
    this.descriptors = start.descriptors
    this.table = new UpstreamTable(start.upstreamTable)
    this.row = new CounterRow(start.counters, start.worker)
    this.#vitals = new Vitals(this.row, this.wheel.tickMs, performance.now())
    this.permits = new Permits(start.permits, start.workers, start.worker)
    this.sessions = new SessionTable(start.sessions)
    this.rates = new RateTable(start.rates, start.worker)
    this.clients = new ClientConnections(start.clients, start.worker)
    this.counters = new CounterTable(start.counters, start.workers)
    setInterval(() => this.#tick(performance.now()), this.wheel.tickMs)
    setInterval(() => this.#sample(performance.now()), SAMPLE_MS)
  }

  #tick(nowMs: number): void {
    this.#ticker.tick(nowMs)
    this.#vitals.tick(nowMs)
  }

  #sample(nowMs: number): void {
    for (const pool of this.active?.pools ?? []) pool.budget?.sample()
    this.#silent.look(nowMs)
  }

  report(message: FromWorker): void {
    parentPort?.postMessage(message)
  }

  nextRequestId(): string {
    this.#idCount += 1
    return `${this.#idPrefix}-${this.#idCount.toString(36)}`
  }

  readonly #say = (level: 'warn' | 'info', message: string): void => {
    this.report({ type: 'log', level, message, detail: {} })
  }

  ownTrouble(what: string): void {
    this.row.addOwn(WORKER.ownTroubles, 1)
    const nowMs = performance.now()
    if (nowMs - this.#ownTroubleSaidMs < OWN_TROUBLE_EVERY_MS) return
    this.#ownTroubleSaidMs = nowMs
    const message = `vigia itself has run out of something: ${what}. Requests are answered 503; it counts against no upstream`
    this.report({ type: 'log', level: 'error', message, detail: {} })
  }

  unexpected(error: unknown, requestId: string | undefined): void {
    const stack = error instanceof Error ? error.stack : String(error)
    this.report({
      type: 'log',
      level: 'error',
      message: 'unexpected exception in an exchange; it was ended',
      detail: { requestId, stack },
    })
  }

  onMessage(message: ToWorker): void {
    switch (message.type) {
      case 'snapshot':
        void this.#applying.run(() => this.apply(message.snapshot, message.slots))
        return
      case 'drain':
        void this.#drain(message.deadlineMs)
        return
      case 'closed-routes':
        this.closedRoutes = compileClosedRoutes(message.closedRoutes)
        return
      case 'end-upstream':
        this.#endUpstream(message.slot, message.spreadMs)
        return
      case 'upstream-silent':
        if (message.silent) this.#silent.begin(message.slot, performance.now())
        else this.#silent.end(message.slot)
        return
      case 'end-tunnels':
        this.tunnels.endUpstream(message.slot, message.spreadMs)
        return
      case 'reopen-logs':
        this.accessLog.reopen()
    }
  }

  /**
   * New exchanges use the snapshot from here on; those under way end with the one that they began with. Where an address can't be
   * bound, nothing has changed but listeners that the former snapshot, which comes next, takes back.
   */
  async apply(snapshot: Snapshot, slots: Slots): Promise<void> {
    if (this.#draining) return
    const { revision } = snapshot
    const before = this.active as ActiveSnapshot | undefined
    const next = () => activate(snapshot, slots, this, before)
    try {
      // 1. Bind, before anything else is touched. At the start there is no configuration yet that a first connection could use meanwhile.
      if (before === undefined) this.active = next()
      const leaving = await this.#bind(snapshot)
      await this.#health.listen(snapshot.health, this.#start.workers > 1)
      // 2. In one turn of the event loop, so that no connection sees half of it.
      if (before !== undefined) this.active = next()
      this.#rename(snapshot, before?.snapshot)
      for (const listener of leaving) this.#leave(listener)
      // 3. What no request waits for.
      await this.#applyAccessLog(before?.snapshot, snapshot)
      this.report({ type: 'ready', revision })
    } catch (error) {
      const { message, code } = error as NodeJS.ErrnoException
      this.report({ type: 'failed', revision, reason: message, code })
    }
  }

  #readiness(): WorkerReadiness {
    if (this.#draining) return { ready: false, reason: 'draining: vigia is being stopped' }
    return { ready: true, reason: `ready: worker ${this.#start.worker + 1} of ${this.#start.workers} listens` }
  }

  async #applyAccessLog(before: Snapshot | undefined, { accessLog }: Snapshot): Promise<void> {
    const { enabled, destination, sampling, guarded } = accessLog
    const former = before?.accessLog
    if (former?.enabled === enabled && former.destination === destination && former.guarded === guarded) {
      if (enabled) this.accessLog.sampling = sampling
      return this.accessLog.reopen()
    }
    const old = this.accessLog
    this.accessLog = enabled ? accessLogTo({ destination, guarded }, sampling, this.#say) : NO_ACCESS_LOG
    await old.close()
  }

  /** Listens on every address of the snapshot. @returns listeners that it has no more */
  async #bind({ listeners }: Snapshot): Promise<Listener[]> {
    for (const listener of this.#left) if (listener.size === 0) this.#left.delete(listener)
    const wanted = new Map(listeners.map(plan => [addressKey(plan), plan]))
    const leaving = new Map([...this.#listeners].filter(([key]) => !wanted.has(key)))
    for (const [key, plan] of wanted) {
      if (this.#listeners.has(key)) continue
      const listener = new Listener(plan, this)
      try {
        await bindNamed(listener, this.#start.workers > 1)
      } catch (error) {
        // The same port of all addresses instead of one, or the other way round: our own socket is in the way.
        const own = [...leaving.values()].filter(each => each.plan.port === plan.port)
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || own.length === 0) throw error
        for (const each of own) this.#leave(each)
        await bindNamed(listener, this.#start.workers > 1)
      }
      this.#listeners.set(key, listener)
    }
    return [...leaving.values()]
  }

  #rename({ listeners, trustedProxies }: Snapshot, before: Snapshot | undefined): void {
    const trustsOthers = !isDeepStrictEqual(before?.trustedProxies, trustedProxies)
    for (const plan of listeners) {
      const listener = this.#listeners.get(addressKey(plan))
      if (listener?.plan.name !== plan.name) listener?.rename(plan.name)
      else if (trustsOthers) listener.reassess()
      listener?.beginHeld()
    }
  }

  #leave(listener: Listener): void {
    listener.stop()
    this.#listeners.delete(addressKey(listener.plan))
    this.#left.add(listener)
  }

  /** What is in flight there goes on to its own end, but leaves no connection behind. */
  #endUpstream(slot: number, spreadMs: number): void {
    // Enabled again while the message was under way.
    if (this.table.availability(slot) === AVAILABILITY.available) return
    for (const pool of this.active.pools)
      for (const endpoint of pool.endpoints) if (endpoint.slot === slot) endpoint.end()
    this.tunnels.endUpstream(slot, spreadMs)
    for (const exchange of this.#exchanges()) {
      const end = new Timer({ onDeadline: () => this.#isEnded(slot) && exchange.endPoll(slot) })
      this.wheel.arm(end, 1 + this.random() * spreadMs)
    }
  }

  /** Nobody has enabled it again. */
  #isEnded(slot: number): boolean {
    return this.table.availability(slot) === AVAILABILITY.disabled
  }

  *#exchanges(): Iterable<ClientEvents> {
    for (const listener of this.#listeners.values()) yield* listener.exchanges()
    for (const listener of this.#left) yield* listener.exchanges()
  }

  async #drain(deadlineMs: number): Promise<void> {
    this.#draining = true
    const all = [...this.#listeners.values(), ...this.#left]
    for (const listener of all) listener.stop()
    this.tunnels.stop(deadlineMs)
    await whileTrue(() => this.tunnels.size > 0 || all.some(listener => listener.size > 0), deadlineMs)
    const cut = await this.#endAll(all, LAST_ANSWERS_MS)
    await this.accessLog.close()
    this.report({ type: 'drained', cut })
  }

  /** Answers what has no answer, and ends all connections once clients have read that. @returns how many had something under way */
  async #endAll(listeners: readonly Listener[], readMs: number): Promise<number> {
    let cut = 0
    for (const listener of listeners) cut += listener.endAll()
    await whileTrue(() => listeners.some(listener => listener.size > 0), readMs)
    for (const listener of listeners) listener.destroy()
    return cut
  }

  /** A bug that nobody caught: this thread ends, and another takes its place. Not in silence: clients would send their requests again. */
  async fall(error: unknown): Promise<void> {
    const detail = { stack: error instanceof Error ? error.stack : String(error) }
    this.report({ type: 'log', level: 'error', message: 'unexpected exception; this worker ends', detail })
    const all = [...this.#listeners.values(), ...this.#left]
    for (const listener of all) listener.stop()
    await this.#endAll(all, FALL_MS)
  }
}

async function whileTrue(condition: () => boolean, atMostMs: number): Promise<void> {
  const until = performance.now() + atMostMs
  while (condition() && performance.now() < until) await new Promise(resolve => setTimeout(resolve, 20))
}

const start = workerData as WorkerStart
const worker = new Worker(start)
process.once('uncaughtException', error => void worker.fall(error).finally(() => process.exit(1)))
parentPort?.on('message', (message: ToWorker) => worker.onMessage(message))
// Not directly: a first order may come while the start is still under way.
worker.onMessage({ type: 'snapshot', snapshot: start.snapshot, slots: start.slots })
