// Keeps held requests: takes what workers and control say, writes all of it in one transaction at a time, then tells. Where the file can't
// be written nothing new is held, what is known of what was sent is kept until it can, and the file is tried again each second.

import type { HoldPlan } from '../../plan/hold.ts'
import type { HeldTable } from '../../shared/held/held-table.ts'
import type { HeldView, WorkerToHeld } from '../../shared/held/messages.ts'
import { faultOf } from '../../store/sqlite-fault.ts'
import type { Gate, HeldCounts, HeldHealth, HeldOrder, HeldOrderDone } from '../contract.ts'
import { HeldError } from '../held-error.ts'
import { Ages } from './ages.ts'
import { carryOut } from './carry-out.ts'
import { heldCounts } from './counts.ts'
import { HeldIndex } from './held-index.ts'
import { type Doubtful, Inbox } from './inputs.ts'
import type { FromThread } from './protocol.ts'
import { expireDue, nextInMs, pickNext } from './schedule.ts'
import { Teller } from './teller.ts'
import { Turn } from './turn.ts'
import { HeldUnit, type UnitOptions } from './unit.ts'
import { viewOf } from './view.ts'
import type { WorkerPort } from './worker-port.ts'

export interface KeeperOptions extends UnitOptions {
  readonly table: HeldTable
  readonly say: (message: FromThread) => void
  readonly now: () => number
  /** Never jumps, ms. */
  readonly clock: () => number
  readonly chance: () => number
}

const RETRY_MS = 1_000
const REMOVE_ROWS = 200
/** Senders that are called at a start. */
const MOST_CALLS = 10_000
const NOT_SENT = { type: 'not-sent', code: 'busy', detail: 'the disk did not take it' } as const
const LOST = { type: 'lost', what: 'vigia ended' } as const

export class HeldKeeper {
  readonly #options: KeeperOptions
  readonly #index: HeldIndex
  readonly #teller: Teller
  readonly #ports = new Set<WorkerPort>()
  readonly #inbox = new Inbox()
  #unit: HeldUnit | undefined
  #doubtful: Doubtful | undefined
  #distrust: string | undefined
  /** Undefined = the file was not opened yet. */
  #health: HeldHealth | undefined
  /** By the clock that never jumps. */
  #retryAtMs = 0
  #wasOpen = false
  #isClosing = false
  readonly #ages: Ages

  constructor(options: KeeperOptions) {
    this.#options = options
    const { table, now, clock, say } = options
    this.#index = new HeldIndex(table)
    this.#ages = new Ages(now, clock)
    this.#teller = new Teller({
      index: this.#index,
      ports: this.#ports,
      now,
      clock,
      tellEvent: event => say({ type: 'event', event }),
    })
  }

  connect(port: WorkerPort): void {
    this.#ports.add(port)
  }

  /** Its worker has gone: what it was sending is judged as after a crash. */
  disconnect(port: WorkerPort): void {
    port.isOpen = false
    this.#ports.delete(port)
    this.#inbox.forget(port)
  }

  hear(port: WorkerPort, message: WorkerToHeld): void {
    switch (message.type) {
      case 'hold':
        return this.#inbox.hold(port, message.requests)
      case 'forwarded':
        return this.#inbox.outcome(port, message.outcomes)
      case 'look-up':
        return port.post({ type: 'found', number: message.number, found: this.#lookUp(message.id) })
    }
  }

  configure(routes: ReadonlyMap<string, HoldPlan>): void {
    this.#index.configure(routes, this.#options.now())
  }

  gate(gates: ReadonlyMap<string, Gate>): void {
    const nowMs = this.#options.now()
    for (const [name, gate] of gates) {
      const route = this.#index.route(name)
      const opens = gate.open && !route.gate.open
      route.gate = gate
      if (opens) route.reopen(nowMs)
    }
  }

  order(order: HeldOrder): Promise<HeldOrderDone> {
    return this.#inbox.order(order)
  }

  called(id: string): void {
    const seq = this.#unit?.ids.seqOf(id)
    if (seq !== undefined) this.#inbox.called.push(seq)
  }

  /** To read. Throws HeldError where the file is not open. */
  unit(): HeldUnit {
    if (this.#unit === undefined) throw new HeldError('unavailable', this.#trouble ?? 'it is not open yet')
    return this.#unit
  }

  counts(): HeldCounts {
    return heldCounts(this.#index, this.#teller.tallies, this.#options.now())
  }

  /** All that has come up, in one transaction. @returns ms until there is something to do by itself; undefined = when something comes up */
  flush(): number | undefined {
    const { now, clock } = this.#options
    const waitMs = this.#trouble === undefined ? 0 : this.#retryAtMs - clock()
    if (waitMs > 0) {
      this.#refuseAll()
      return waitMs
    }
    try {
      const unit = this.#usable()
      this.#write(unit)
      this.#say({ status: 'ok' })
      if (this.#inbox.outcomes.length > 0) return 0
      return this.#ports.size === 0 ? undefined : nextInMs(this.#index, now())
    } catch (error) {
      this.#failed(error)
      this.#refuseAll()
      return RETRY_MS
    }
  }

  /** What nobody asks for: answers whose time is over go, what an older key has encrypted is encrypted anew. @returns there is more */
  tidy(): boolean {
    if (this.#unit === undefined || this.#trouble !== undefined) return false
    try {
      const { nowMs, ages } = this.#ages.look()
      return this.#unit.tidy(ages ? nowMs : undefined, REMOVE_ROWS, this.#index)
    } catch (error) {
      this.#failed(error)
      return false
    }
  }

  /** Writes what is known, sends nothing more. */
  close(): void {
    if (this.#isClosing) return
    this.#isClosing = true
    this.#retryAtMs = 0
    this.flush()
    this.#refuseAll()
    this.#leave()
    for (const port of this.#ports) port.close()
  }

  #write(unit: HeldUnit): void {
    const { holds, outcomes, orders, called } = this.#inbox
    const moment = this.#ages.look()
    const { nowMs } = moment
    const context = { rows: unit.rows, index: this.#index, ids: unit.ids, nowMs, chance: this.#options.chance }
    const turn = new Turn(context)
    if (!this.#inbox.isEmpty || this.#trouble !== undefined) unit.begin()
    if (this.#trouble !== undefined) unit.probe()
    for (const outcome of outcomes) turn.outcome(outcome)
    const done = orders.map(({ order }) => carryOut(order, turn, context))
    for (const seq of called) unit.rows.called(seq)
    for (const hold of holds) {
      if (this.#isClosing) turn.refuse(hold, 'closed')
      else turn.hold(hold)
    }
    if (this.#ages.isDue(moment)) expireDue(this.#index, unit, turn, nowMs)
    if (this.#ports.size > 0 && !this.#isClosing) pickNext(this.#index, unit, turn, moment)
    const batch = unit.batch + 1
    if (unit.isBegun) unit.number(batch)
    const doubtful = { batch, turn, inputs: this.#inbox.take(), done }
    if (unit.isBegun) {
      this.#doubtful = doubtful
      this.#commit(unit, doubtful)
      this.#doubtful = undefined
    }
    this.#tellAll(unit, doubtful)
  }

  #commit(unit: HeldUnit, { inputs }: Doubtful): void {
    try {
      unit.commit()
    } catch (error) {
      // Without room the frame that ends the transaction was not written. Any other failure may have come after it.
      if (faultOf(error, this.#options.path).kind === 'full') {
        this.#doubtful = undefined
        this.#inbox.putBack(inputs)
      }
      throw error
    }
  }

  #tellAll(unit: HeldUnit, { turn, inputs, done }: Omit<Doubtful, 'batch'>): void {
    for (const seq of this.#teller.all(unit, turn.told, inputs, done))
      this.#inbox.outcomes.push({ seq, port: undefined, outcome: { type: 'unreadable' } })
  }

  /** The open file; opens it where it is not, and finds out what became of the last commit. */
  #usable(): HeldUnit {
    if (this.#unit?.isUsable() === true) return this.#unit
    this.#leave()
    const unit = new HeldUnit(this.#options, { nowMs: this.#options.now(), distrust: this.#distrust })
    this.#unit = unit
    this.#distrust = undefined
    const doubtful = this.#doubtful
    if (doubtful !== undefined) unit.settle()
    this.#load(unit)
    this.#doubtful = undefined
    if (doubtful === undefined) return unit
    // What was picked was not sent: nobody was told to.
    doubtful.turn.told.picked.length = 0
    if (unit.batch === doubtful.batch) this.#tellAll(unit, doubtful)
    else this.#inbox.putBack(doubtful.inputs)
    return unit
  }

  /** What the file says counts. What it says to be on its way and no worker has was not sent; at the start nobody knows. */
  #load(unit: HeldUnit): void {
    this.#index.load(unit.rows, this.#options.now())
    const known = [...this.#inbox.outcomes, ...(this.#doubtful?.inputs.outcomes ?? [])].map(({ seq }) => seq)
    const inFlight = new Set([...this.#ports].flatMap(port => [...port.inFlight]).concat(known))
    const outcome = this.#wasOpen ? NOT_SENT : LOST
    for (const seq of this.#index.sendingBeside(inFlight)) this.#inbox.outcomes.push({ seq, port: undefined, outcome })
    if (this.#wasOpen) return
    this.#wasOpen = true
    const atMs = this.#options.now()
    for (const { row, url } of unit.views.toCall(0, MOST_CALLS))
      this.#options.say({ type: 'event', event: { type: 'held.call', row, url, atMs } })
  }

  #failed(error: unknown): void {
    const { kind, text } = faultOf(error, this.#options.path)
    this.#unit?.rollBack()
    if (kind === 'corrupt') this.#distrust = text
    const stays = this.#doubtful === undefined && (kind === 'full' || kind === 'busy' || kind === 'row')
    try {
      if (stays && this.#unit !== undefined) this.#load(this.#unit)
      else this.#leave()
    } catch {
      this.#leave()
    }
    // Traffic goes on, also where it is not known who would be overtaken.
    if (!this.#wasOpen) this.#options.table.known()
    this.#retryAtMs = this.#options.clock() + RETRY_MS
    this.#say({ status: 'degraded', reason: text, sinceMs: this.#options.now() })
  }

  #leave(): void {
    this.#unit?.close()
    this.#unit = undefined
  }

  /** Nothing new is taken; what was sent and called is kept. */
  #refuseAll(): void {
    const { holds, orders } = this.#inbox.takeWaiting()
    for (const { port, request } of holds) {
      port.refuse(request.number, 'disk')
      this.#teller.tallies.add(request.request.route, 'refused')
    }
    for (const port of this.#ports) port.tell()
    for (const { reject } of orders) reject(new HeldError('not-written', this.#trouble ?? 'vigia ends'))
  }

  #lookUp(id: string): HeldView | undefined {
    try {
      return this.#unit && viewOf(id, this.#unit, this.#index, this.#options.now())
    } catch {
      // What is wrong with the file is said by the next write.
      return undefined
    }
  }

  get #trouble(): string | undefined {
    return this.#health?.status === 'degraded' ? this.#health.reason : undefined
  }

  /** Once each way. */
  #say(health: HeldHealth): void {
    if (health.status === this.#health?.status) return
    this.#health = health
    this.#options.say({ type: 'health', health })
  }
}
