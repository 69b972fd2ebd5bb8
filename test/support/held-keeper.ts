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
import type {
  ForwardOutcome,
  ForwardRequest,
  HeldReceipt,
  HeldToWorker,
  HoldRequest,
} from '../../src/shared/held/messages.ts'

export const HOLD_PLAN: HoldPlan = {
  during: ['window', 'outage', 'queue-full'],
  paused: 'hold',
  methods: ['POST'],
  bodyBytes: 1_048_576,
  ttlMs: 7 * 86_400_000,
  maxRequests: 100_000,
  maxBytes: 2 ** 31,
  order: { by: 'route' },
  dedupe: 'idempotency-key',
  answer: { status: 202, contentType: 'application/json', body: undefined },
  forward: { perSecond: 10_000, concurrency: 100, afterMs: 0, retry: { attempts: 3, firstMs: 5_000, mostMs: 60_000 } },
  result: { keepMs: 86_400_000, bodyBytes: 65_536 },
  inDoubt: 'stop',
  callback: undefined,
  rpc: false,
}

export const ANSWERED: ForwardOutcome & { type: 'answered' } = {
  type: 'answered',
  upstream: 'erp1',
  status: 201,
  fields: ['Content-Type', 'text/plain'],
  body: new Uint8Array(Buffer.from('created')),
  isWhole: true,
}

export interface Asked {
  readonly route?: string
  readonly key?: string
  readonly body?: string
  readonly dedupe?: string
  readonly fingerprint?: string
  readonly repeatable?: boolean
  readonly callback?: string
  readonly onlyAsRepeat?: boolean
}

let count = 0

export function holdRequest({ route = 'orders', key = 'k', body = 'an order', ...rest }: Asked = {}): HoldRequest {
  count += 1
  const { dedupe, fingerprint = body, repeatable = false, callback, onlyAsRepeat = false } = rest
  return {
    number: count,
    request: {
      route,
      fields: ['Host', 'erp.test', 'Content-Type', 'text/plain', 'X-Name', 'caf\u00e9'],
      method: 'POST',
      target: '/orders?token=secret',
      host: 'erp.test',
      scheme: 'http',
      listener: 'main',
      peer: '192.0.2.1',
      client: '192.0.2.1',
      requestId: `request-${count}`,
      body: new Uint8Array(Buffer.from(body)),
    },
    identity: { key: `${route} ${key}`, keyText: key, dedupe, fingerprint, repeatable },
    reason: 'window',
    receivedMs: 1_800_000_000_000,
    callback,
    onlyAsRepeat,
  }
}

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
}

export class TestKeeper {
  readonly path: string
  readonly keeper: HeldKeeper
  readonly table = new HeldTable(allocateHeldTable())
  readonly events: HeldEvent[] = []
  readonly health: HeldHealth[] = []
  readonly notices: string[] = []
  readonly worker = new TestWorker()
  nowMs = 1_800_000_000_000

  constructor({ path = tempHeldPath(), keyFiles = [], plan = {}, isOpen = false }: KeeperSetup = {}) {
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
      now: () => this.nowMs,
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
