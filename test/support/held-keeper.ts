// A keeper of held requests on a real file, without its thread: a test says what a worker would, sets the clock, and looks at what was told.

import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MessagePort } from 'node:worker_threads'
import { onTestFinished } from 'vitest'
import type { HeldEvent, HeldHealth } from '../../src/held/contract.ts'
import { HeldKeeper } from '../../src/held/thread/keeper.ts'
import { WorkerPort } from '../../src/held/thread/worker-port.ts'
import type { HoldPlan } from '../../src/plan/hold.ts'
import { allocateHeldTable, HeldTable } from '../../src/shared/held/held-table.ts'
import type { ForwardOutcome, ForwardRequest, HeldReceipt, HeldToWorker } from '../../src/shared/held/messages.ts'
import { ANSWERED, type Asked, HOLD_PLAN, holdRequest } from './held-requests.ts'

/** What stands for a worker. */
export class TestWorker {
  readonly port: WorkerPort
  readonly receipts = new Map<number, HeldReceipt>()
  readonly refusals = new Map<number, string>()
  /** In the order in which it was told to send them. */
  readonly sent: ForwardRequest[] = []
  found: (HeldToWorker & { type: 'found' })['found']

  constructor() {
    const end = { postMessage: (message: HeldToWorker) => this.#hear(message), close: () => {} }
    this.port = new WorkerPort(end as unknown as MessagePort)
  }

  #hear(message: HeldToWorker): void {
    if (message.type === 'held') for (const receipt of message.receipts) this.receipts.set(receipt.number, receipt)
    if (message.type === 'refused') for (const { number, why } of message.refusals) this.refusals.set(number, why)
    if (message.type === 'forward') this.sent.push(...message.requests)
    if (message.type === 'found') this.found = message.found
  }
}

export interface KeeperSetup {
  readonly path?: string
  readonly keyFiles?: readonly string[]
  readonly plan?: Partial<HoldPlan>
  readonly isOpen?: boolean
  /** Epoch; a time of its own by default. */
  readonly nowMs?: number
}

export class TestKeeper {
  readonly path: string
  readonly keeper: HeldKeeper
  readonly table = new HeldTable(allocateHeldTable())
  readonly events: HeldEvent[] = []
  readonly health: HeldHealth[] = []
  readonly notices: string[] = []
  readonly worker = new TestWorker()
  nowMs: number
  /** By how much the wall clock was set; the other one does not know. */
  setMs = 0

  constructor({
    path = tempHeldPath(),
    keyFiles = [],
    plan = {},
    isOpen = false,
    nowMs = 1_800_000_000_000,
  }: KeeperSetup = {}) {
    this.nowMs = nowMs
    this.path = path
    this.keeper = new HeldKeeper({
      path,
      keyFiles,
      writer: randomUUID(),
      table: this.table,
      notice: (_, text) => this.notices.push(text),
      say: message => {
        if (message.type === 'event') this.events.push(message.event)
        if (message.type === 'health') this.health.push(message.health)
      },
      now: () => this.nowMs + this.setMs,
      clock: () => this.nowMs,
      chance: () => 0.5,
    })
    this.configure(plan)
    this.keeper.connect(this.worker.port)
    this.gate(isOpen)
    this.keeper.flush()
    onTestFinished(() => this.keeper.close())
  }

  configure(plan: Partial<HoldPlan>): void {
    this.keeper.configure(new Map([['orders', { ...HOLD_PLAN, ...plan }]]))
  }

  gate(open: boolean): void {
    this.keeper.gate(new Map([['orders', open ? { open } : { open, why: 'window', untilMs: undefined }]]))
  }

  /** @returns their ids, or why they were not held */
  hold(...asked: readonly Asked[]): string[] {
    const requests = asked.map(holdRequest)
    this.keeper.hear(this.worker.port, { type: 'hold', requests })
    this.keeper.flush()
    return requests.map(({ number }) => this.worker.receipts.get(number)?.id ?? this.worker.refusals.get(number) ?? '')
  }

  /** Of the first that was sent and is not answered for. */
  answer(outcome: ForwardOutcome = ANSWERED): void {
    const { seq } = this.worker.sent.find(({ seq }) => this.worker.port.inFlight.has(seq))!
    this.keeper.hear(this.worker.port, { type: 'forwarded', outcomes: [{ seq, outcome }] })
    this.keeper.flush()
  }

  pass(ms: number): void {
    this.nowMs += ms
    this.keeper.flush()
  }

  state(id: string): string | undefined {
    return this.keeper.unit().views.show(id, false)?.state
  }

  bodiesSent(): string[] {
    return this.worker.sent.map(({ request }) => Buffer.from(request.body).toString())
  }
}

export function tempHeldPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vigia-held-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'held.db')
}
