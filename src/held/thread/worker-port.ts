// One worker as this thread sees it: what it is sending, and what it is to be told with the next message.

import type { MessagePort } from 'node:worker_threads'
import type { HeldReceipt, HeldToWorker, HoldRefusal } from '../../shared/held/messages.ts'

export class WorkerPort {
  readonly #port: MessagePort
  /** Places of the requests that it was told to send and has not answered for. */
  readonly inFlight = new Set<number>()
  isOpen = true
  #receipts: ({ number: number } & HeldReceipt)[] = []
  #refusals: { number: number; why: HoldRefusal }[] = []

  constructor(port: MessagePort) {
    this.#port = port
  }

  receipt(number: number, receipt: HeldReceipt): void {
    this.#receipts.push({ number, ...receipt })
  }

  refuse(number: number, why: HoldRefusal): void {
    this.#refusals.push({ number, why })
  }

  /** What has come up. */
  tell(): void {
    if (this.#receipts.length > 0) this.post({ type: 'held', receipts: this.#receipts })
    if (this.#refusals.length > 0) this.post({ type: 'refused', refusals: this.#refusals })
    this.#receipts = []
    this.#refusals = []
  }

  post(message: HeldToWorker): void {
    if (!this.isOpen) return
    const bodies =
      message.type === 'forward' ? message.requests.map(({ request }) => request.body.buffer as ArrayBuffer) : []
    this.#port.postMessage(message, bodies)
  }

  close(): void {
    this.#port.close()
  }
}
