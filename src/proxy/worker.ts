// Entry of a worker thread: the data plane of one core. Takes snapshots and orders from control, tells it what is rare.

import { randomBytes } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { parentPort, workerData } from 'node:worker_threads'
import type { Snapshot } from '../config/snapshot.ts'
import { ClientConnections } from '../shared/client-connections.ts'
import { CounterRow, CounterTable } from '../shared/counters.ts'
import type { FromWorker, Slots, ToWorker, WorkerStart } from '../shared/messages.ts'
import { Places } from '../shared/places.ts'
import { RateTable } from '../shared/rate-table.ts'
import { SessionTable } from '../shared/sessions.ts'
import { AVAILABILITY, UpstreamTable } from '../shared/upstream-table.ts'
import { accessLogTo, NO_ACCESS_LOG } from './access-log.ts'
import { Listener } from './listener.ts'
import { compilePlan, type Plan } from './plan.ts'
import type { Runtime } from './runtime.ts'
import { TimerWheel } from './timer-wheel.ts'
import { Tunnels } from './tunnels.ts'

/** How often the retry budgets look at the totals. */
const BUDGET_SAMPLE_MS = 500

class Worker implements Runtime {
  readonly row: CounterRow
  readonly places: Places
  readonly sessions: SessionTable
  readonly tunnels = new Tunnels()
  readonly rates: RateTable
  readonly clients: ClientConnections
  readonly wheel = new TimerWheel(performance.now())
  accessLog = NO_ACCESS_LOG
  plan!: Plan
  readonly #start: WorkerStart
  readonly #table: UpstreamTable
  readonly #counters: CounterTable
  /** By name and address: a listener that did not change goes on undisturbed. */
  readonly #listeners = new Map<string, Listener>()
  /** Left the configuration; what they have goes on to its end. */
  readonly #leaving = new Set<Listener>()
  readonly #idPrefix = randomBytes(8).toString('hex')
  #idCount = 0
  /** One snapshot after the other. */
  #applying: Promise<void> = Promise.resolve()

  constructor(start: WorkerStart) {
    this.#start = start
    this.#table = new UpstreamTable(start.upstreamTable)
    this.row = new CounterRow(start.counters, start.worker)
    this.places = new Places(start.places, start.workers, start.worker)
    this.sessions = new SessionTable(start.sessions)
    this.rates = new RateTable(start.rates, start.worker)
    this.clients = new ClientConnections(start.clients, start.worker)
    this.#counters = new CounterTable(start.counters, start.workers)
    setInterval(() => this.wheel.advance(performance.now()), this.wheel.tickMs)
    setInterval(() => this.#sampleBudgets(), BUDGET_SAMPLE_MS)
  }

  #sampleBudgets(): void {
    for (const pool of this.plan?.pools ?? []) pool.budget?.sample()
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
        this.#applying = this.#applying.then(() => this.apply(message.snapshot, message.slots))
        return
      case 'drain':
        void this.#drain(message.deadlineMs)
        return
      case 'end-upstream':
        this.#endUpstream(message.slot, message.spreadMs)
    }
  }

  /** New exchanges use the snapshot from here on; those under way end with the one that they began with. */
  async apply(snapshot: Snapshot, slots: Slots): Promise<void> {
    const before = this.plan as Plan | undefined
    this.plan = compilePlan(snapshot, slots, this, this.#table, this.#counters, before)
    await this.#applyAccessLog(before?.snapshot, snapshot)
    try {
      await this.#applyListeners(snapshot)
      this.report({ type: 'ready', revision: snapshot.revision })
    } catch (error) {
      const { message, code } = error as NodeJS.ErrnoException
      this.report({ type: 'failed', revision: snapshot.revision, reason: message, code })
    }
  }

  async #applyAccessLog(before: Snapshot | undefined, { accessLog }: Snapshot): Promise<void> {
    if (before?.accessLog.enabled === accessLog.enabled && before.accessLog.destination === accessLog.destination)
      return this.accessLog.reopen()
    const old = this.accessLog
    this.accessLog = accessLog.enabled ? accessLogTo(accessLog.destination, this.#say) : NO_ACCESS_LOG
    await old.close()
  }

  async #applyListeners({ listeners }: Snapshot): Promise<void> {
    const wanted = new Map(listeners.map(plan => [`${plan.name} ${plan.host} ${plan.port}`, plan]))
    for (const listener of this.#leaving) if (listener.size === 0) this.#leaving.delete(listener)
    for (const [key, listener] of this.#listeners) {
      if (wanted.has(key)) continue
      listener.stop()
      this.#listeners.delete(key)
      this.#leaving.add(listener)
    }
    for (const [key, plan] of wanted) {
      if (this.#listeners.has(key)) continue
      const listener = new Listener(plan, this)
      await bindNamed(listener, this.#start.workers > 1)
      this.#listeners.set(key, listener)
    }
  }

  /** What is in flight there goes on to its own end, but leaves no connection behind. */
  #endUpstream(slot: number, spreadMs: number): void {
    // Enabled again while the message was under way.
    if (this.#table.availability(slot) === AVAILABILITY.available) return
    for (const pool of this.plan.pools)
      for (const endpoint of pool.endpoints) if (endpoint.slot === slot) endpoint.end()
    this.tunnels.endUpstream(slot, spreadMs)
  }

  async #drain(deadlineMs: number): Promise<void> {
    const all = [...this.#listeners.values(), ...this.#leaving]
    for (const listener of all) listener.stop()
    this.tunnels.stop(deadlineMs)
    const until = performance.now() + deadlineMs
    const busy = () => this.tunnels.size > 0 || all.some(listener => listener.size > 0)
    while (busy() && performance.now() < until) await new Promise(resolve => setTimeout(resolve, 20))
    let cut = 0
    for (const listener of all) cut += listener.destroy()
    await this.accessLog.close()
    this.report({ type: 'drained', cut })
  }
}

async function bindNamed(listener: Listener, reusePort: boolean): Promise<void> {
  try {
    await listener.bind(reusePort)
  } catch (error) {
    const { name, host, port } = listener.plan
    const { code, message } = error as NodeJS.ErrnoException
    throw Object.assign(new Error(`listener ${name} (${host}:${port}): ${message}`), { code })
  }
}

const start = workerData as WorkerStart
const worker = new Worker(start)
parentPort?.on('message', (message: ToWorker) => worker.onMessage(message))
await worker.apply(start.snapshot, start.slots)
