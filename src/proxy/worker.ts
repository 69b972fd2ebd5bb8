// Entry of a worker thread: the data plane of one core. Takes snapshots and orders from control, tells it what is rare.

import { randomBytes } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { setImmediate } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import type { Snapshot } from '../plan/snapshot.ts'
import type { BufferTrouble } from '../policy/request/buffering/trouble.ts'
import type { AcmeChallenges } from '../shared/acme-challenges.ts'
import { BufferAccounts } from '../shared/buffer-accounts.ts'
import { CacheMemory } from '../shared/cache/memory.ts'
import { TOTAL, WORKER } from '../shared/counter-cells.ts'
import { Heartbeats } from '../shared/heartbeats.ts'
import type { FromWorker, Slots, ToWorker, WorkerStart } from '../shared/messages.ts'
import { AVAILABILITY } from '../shared/upstream-table.ts'
import { Serial } from '../util/serial.ts'
import { accessLogTo, NO_ACCESS_LOG } from './access-log/access-log.ts'
import { activate, prepare } from './activate.ts'
import { type ChallengeAnswers, challengeAnswers } from './answers/challenge-answers.ts'
import { Cache } from './cache/cache.ts'
import { HealthListener, type WorkerReadiness } from './client/health-listener.ts'
import { Listeners } from './client/listeners.ts'
import { challengeContexts } from './client/tls/challenge-contexts.ts'
import type { ActiveSnapshot } from './exchange/active-snapshot.ts'
import { type ClosedRoutes, compileClosedRoutes } from './exchange/closed-routes.ts'
import { Encoders } from './exchange/compression/encoders.ts'
import { ShortBodies } from './exchange/compression/short-bodies.ts'
import type { ExchangeContext } from './exchange/context.ts'
import { Stories } from './exchange/story/stories.ts'
import { replyTo } from './explain/reply.ts'
import { ControlWatch } from './runtime/control-watch.ts'
import { SharedTables } from './runtime/shared-tables.ts'
import { Ticker } from './runtime/ticker.ts'
import { Timer, TimerWheel } from './runtime/timer-wheel.ts'
import { Vitals } from './runtime/vitals.ts'
import { whileTrue } from './runtime/while-true.ts'
import { SilentUpstreams } from './silent-upstreams.ts'
import { Buffers } from './spool/buffers.ts'
import { Tunnels } from './tunnel/tunnels.ts'
import { WorkerLog } from './worker-log.ts'

/** How often the retry budgets look at the totals, and what stands still is looked at: control, silent upstreams, stuck tunnels, clients that aren't read. */
const SAMPLE_MS = 500
/** How long clients may take beyond the deadline of a drain to read the answers that it brings: less than what control adds to it. */
const LAST_ANSWERS_MS = 1000
/** Likewise where a bug ends the worker: the next one is waited for. */
const FALL_MS = 100

class Worker extends SharedTables implements ExchangeContext {
  readonly tunnels = new Tunnels()
  readonly random = Math.random
  readonly cache: Cache
  readonly buffers: Buffers
  readonly wheel = new TimerWheel(performance.now())
  accessLog = NO_ACCESS_LOG
  readonly encoders: Encoders
  readonly stories: Stories
  readonly shortBodies: ShortBodies
  active!: ActiveSnapshot
  closedRoutes: ClosedRoutes | undefined
  challengeAnswers: ChallengeAnswers | undefined = undefined
  readonly #start: WorkerStart
  readonly #listeners: Listeners
  readonly #health = new HealthListener(() => this.#readiness())
  readonly #vitals: Vitals
  readonly #controlWatch: ControlWatch
  readonly #ticker = new Ticker(this.wheel, () => performance.now())
  readonly #idPrefix = randomBytes(8).toString('hex')
  #idCount = 0
  #draining = false
  readonly #silent = new SilentUpstreams(this, () => this.#listeners.exchanges())
  readonly #log = new WorkerLog(message => this.report(message))
  /** One snapshot after the other. */
  readonly #applying = new Serial()

  constructor(start: WorkerStart) {
    super(start)
    this.#start = start
    this.#listeners = new Listeners(this, start)
    this.closedRoutes = compileClosedRoutes(start.closedRoutes)
    if (start.challenges) this.#answerTo(start.challenges)
    this.stories = new Stories(start.worker, this.table)
    this.encoders = new Encoders(this.row)
    this.shortBodies = new ShortBodies(this.encoders)
    const beats = new Heartbeats(start.beats)
    this.#vitals = new Vitals(this.row, () => beats.beat(start.worker), this.wheel.tickMs, performance.now())
    this.cache = new Cache(new CacheMemory(start.cache, start.workers, start.worker))
    const { limits, accounts } = start.buffers
    this.buffers = new Buffers(limits, new BufferAccounts(accounts, start.worker), this.row, this)
    this.#controlWatch = new ControlWatch({
      ...start,
      beats,
      plan: () => this.active?.snapshot,
      drain: deadlineMs => this.#drain(deadlineMs),
    })
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
    this.encoders.look(nowMs)
    this.buffers.spool.look(nowMs)
    this.tunnels.look(SAMPLE_MS)
    this.#listeners.feel()
    this.#controlWatch.look()
  }

  report(message: FromWorker): void {
    if (!this.#controlWatch.takes(message)) parentPort?.postMessage(message)
  }

  nextRequestId(): string {
    this.#idCount += 1
    return `${this.#idPrefix}-${this.#idCount.toString(36)}`
  }

  askForSpool(): void {
    this.report({ type: 'spool-wanted' })
  }

  spoolTrouble(trouble: BufferTrouble, detail: string): void {
    this.#log.spoolTrouble(trouble, detail)
  }

  ownTrouble(what: string): void {
    this.row.addOwn(WORKER.ownTroubles, 1)
    this.#log.ownTrouble(what)
  }

  looped(slot: number, pool: string): void {
    this.row.add(slot, TOTAL.loops, 1)
    this.#log.looped(pool)
  }

  unexpected(error: unknown, requestId: string | undefined): void {
    this.#log.unexpected(error, requestId)
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
      case 'close-idle':
        for (const pool of this.active.pools)
          for (const endpoint of pool.endpoints) if (endpoint.slot === message.slot) endpoint.closeOldest()
        return
      case 'end-tunnels':
        this.tunnels.endUpstream(message.slot, message.spreadMs)
        return
      case 'reopen-logs':
        this.accessLog.reopen()
        return
      case 'tls':
        this.#listeners.serve(message.material)
        return
      case 'spool':
        this.buffers.spool.connect(message.port)
        return
      case 'challenges':
        this.#answerTo(message.challenges)
        this.report({ type: 'challenges-known', version: message.challenges.version })
        return
      case 'question':
        this.report({ type: 'reply', number: message.number, reply: replyTo(this, message.question) })
    }
  }

  #answerTo(challenges: AcmeChallenges): void {
    this.challengeAnswers = challengeAnswers(challenges)
    this.#listeners.show(challengeContexts(challenges))
  }

  /**
   * New exchanges use the snapshot from here on; those under way end with the one that they began with. Where an address can't be
   * bound, nothing has changed but listeners that the former snapshot, which comes next, takes back.
   */
  async apply(snapshot: Snapshot, slots: Slots): Promise<void> {
    const { revision } = snapshot
    const before = this.active as ActiveSnapshot | undefined
    // A large one has taken its time to arrive: what clients wait for goes between.
    if (before !== undefined) await setImmediate()
    if (this.#draining) return
    const prepared = prepare(snapshot)
    const next = () => activate(snapshot, slots, this, before, prepared)
    try {
      // 1. Bind, before anything else is touched. At the start there is no configuration yet that a first connection could use meanwhile.
      if (before === undefined) this.active = next()
      else await setImmediate()
      const leaving = await this.#listeners.bind(snapshot.listeners)
      await this.#health.listen(snapshot.health, this.#start.workers > 1)
      // 2. In one turn of the event loop, so that no connection sees half of it.
      if (before !== undefined) this.active = next()
      this.#listeners.adopt(snapshot, before?.snapshot)
      this.#listeners.leave(leaving)
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
    this.accessLog = enabled
      ? accessLogTo({ destination, guarded }, sampling, (level, text) => this.#log.say(level, text))
      : NO_ACCESS_LOG
    await old.close()
  }

  /** What is in flight there goes on to its own end, but leaves no connection behind. */
  #endUpstream(slot: number, spreadMs: number): void {
    // Enabled again while the message was under way.
    if (this.table.availability(slot) === AVAILABILITY.available) return
    for (const pool of this.active.pools)
      for (const endpoint of pool.endpoints) if (endpoint.slot === slot) endpoint.end()
    this.tunnels.endUpstream(slot, spreadMs)
    for (const exchange of this.#listeners.exchanges()) {
      const end = new Timer({ onDeadline: () => this.#isEnded(slot) && exchange.endPoll(slot) })
      this.wheel.arm(end, 1 + this.random() * spreadMs)
    }
  }

  /** Nobody has enabled it again. */
  #isEnded(slot: number): boolean {
    return this.table.availability(slot) === AVAILABILITY.disabled
  }

  async #drain(deadlineMs: number): Promise<void> {
    this.#draining = true
    this.#listeners.stop()
    this.tunnels.stop(deadlineMs)
    await whileTrue(() => this.tunnels.size > 0 || !this.#listeners.isEmpty, deadlineMs)
    const cut = await this.#listeners.endAll(LAST_ANSWERS_MS)
    await this.accessLog.close()
    this.report({ type: 'drained', cut })
  }

  /** A bug that nobody caught: this thread ends, and another takes its place. Not in silence: clients would send their requests again. */
  async fall(error: unknown): Promise<void> {
    const stack = error instanceof Error ? error.stack : String(error)
    this.#log.say('error', 'unexpected exception; this worker ends', { stack })
    this.#listeners.stop()
    await this.#listeners.endAll(FALL_MS)
  }
}

const start = workerData as WorkerStart
const worker = new Worker(start)
process.once('uncaughtException', error => void worker.fall(error).finally(() => process.exit(1)))
parentPort?.on('message', (message: ToWorker) => worker.onMessage(message))
// Not directly: a first order may come while the start is still under way.
worker.onMessage({ type: 'snapshot', snapshot: start.snapshot, slots: start.slots })
