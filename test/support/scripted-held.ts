// The thread that keeps held requests, played by a test: takes what a worker hands over, answers as it is told to, and has the worker
// carry out what the test likes.

import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads'
import { allocateHeldTable, HeldTable } from '../../src/shared/held/held-table.ts'
import type {
  ForwardOutcome,
  ForwardRequest,
  HeldReceipt,
  HeldToWorker,
  HeldView,
  HoldRefusal,
  HoldRequest,
  WorkerToHeld,
} from '../../src/shared/held/messages.ts'
import type { ToWorker } from '../../src/shared/messages.ts'
import { until } from './until.ts'

/** Undefined = not yet: the test answers. */
export type Verdict = HeldReceipt | HoldRefusal | undefined

export const RECEIPT: HeldReceipt = { id: 'pXnkmvCDqDYKpVsfbDhKyg', isRepeat: false, ahead: 0, expectedMs: undefined }

export class ScriptedHeld {
  readonly buffer = allocateHeldTable()
  readonly table = new HeldTable(this.buffer)
  readonly holds: HoldRequest[] = []
  readonly messages: WorkerToHeld['type'][] = []
  readonly #outcomes = new Map<number, ForwardOutcome>()
  verdict: (request: HoldRequest) => Verdict = () => RECEIPT
  view: (id: string) => HeldView | undefined = () => undefined
  /** Says nothing to whoever asks. */
  isMute = false
  #port: MessagePort | undefined
  #seq = 0

  constructor() {
    this.table.known()
  }

  /** Hands the worker a way here, in place of the one that there was. */
  connect(worker: Worker): void {
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    port1.on('message', (message: WorkerToHeld) => this.#heard(message))
    worker.postMessage({ type: 'held', port: port2 } satisfies ToWorker, [port2])
  }

  /** As when the thread ends. */
  close(): void {
    this.#port?.close()
    this.#port = undefined
  }

  answer(number: number, verdict: HeldReceipt | HoldRefusal): void {
    if (typeof verdict === 'string') this.#send({ type: 'refused', refusals: [{ number, why: verdict }] })
    else this.#send({ type: 'held', receipts: [{ number, ...verdict }] })
  }

  /** Has it carried out. */
  async forward(request: ForwardRequest['request'], more: Partial<ForwardRequest> = {}): Promise<ForwardOutcome> {
    this.#seq += 1
    const seq = this.#seq
    const forward = {
      seq,
      id: RECEIPT.id,
      sinceMs: 1_700_000_000_000,
      attempt: 1,
      resultBytes: 65_536,
      request,
      ...more,
    }
    this.#send({ type: 'forward', requests: [forward] })
    return until(`the outcome of ${request.method} ${request.target}`, () => this.#outcomes.get(seq))
  }

  #heard(message: WorkerToHeld): void {
    this.messages.push(message.type)
    if (message.type === 'look-up' && !this.isMute)
      this.#send({ type: 'found', number: message.number, found: this.view(message.id) })
    if (message.type === 'forwarded') for (const { seq, outcome } of message.outcomes) this.#outcomes.set(seq, outcome)
    if (message.type !== 'hold') return
    for (const request of message.requests) {
      this.holds.push(request)
      const verdict = this.verdict(request)
      if (verdict !== undefined) this.answer(request.number, verdict)
    }
  }

  #send(message: HeldToWorker): void {
    this.#port?.postMessage(message)
  }
}
