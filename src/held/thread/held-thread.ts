// The thread that keeps held requests, and alone waits for their disk: from messages to the keeper, and its timers.

import { randomUUID } from 'node:crypto'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { HeldTable } from '../../shared/held/held-table.ts'
import type { WorkerToHeld } from '../../shared/held/messages.ts'
import { HeldError } from '../held-error.ts'
import { HeldKeeper } from './keeper.ts'
import type { FromThread, HeldQuestion, ThreadStart, ToThread } from './protocol.ts'
import { WorkerPort } from './worker-port.ts'

const TICK_MS = 1_000
const MORE_MS = 20

class HeldThread {
  readonly #port: MessagePort
  readonly #keeper: HeldKeeper
  #soon: NodeJS.Immediate | undefined
  #later: NodeJS.Timeout | undefined
  #tick: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(port: MessagePort, { path, keyFiles, table }: ThreadStart) {
    this.#port = port
    this.#keeper = new HeldKeeper({
      path,
      keyFiles,
      writer: randomUUID(),
      table: new HeldTable(table),
      notice: (level, text) => this.#say({ type: 'notice', level, text }),
      say: message => this.#say(message),
      now: Date.now,
      clock: () => performance.now(),
      chance: Math.random,
    })
    this.#flush()
    this.#tickAfter(TICK_MS)
  }

  take(message: ToThread): void {
    switch (message.type) {
      case 'connect':
        return this.#connect(message.port)
      case 'configure':
        this.#keeper.configure(message.routes)
        return this.#wake()
      case 'gate':
        this.#keeper.gate(message.gates)
        return this.#wake()
      case 'called':
        this.#keeper.called(message.heldId)
        return this.#wake()
      case 'ask':
        void this.#answer(message.number, message.question)
        return
      case 'close':
        return this.#close()
    }
  }

  #connect(port: MessagePort): void {
    const worker = new WorkerPort(port)
    this.#keeper.connect(worker)
    port.on('message', (message: WorkerToHeld) => {
      this.#keeper.hear(worker, message)
      if (message.type !== 'look-up') this.#wake()
    })
    port.on('close', () => {
      this.#keeper.disconnect(worker)
      this.#wake()
    })
    this.#wake()
  }

  async #answer(number: number, question: HeldQuestion): Promise<void> {
    try {
      this.#say({ type: 'answer', number, answer: await this.#find(question) })
    } catch (error) {
      const code = error instanceof HeldError ? error.code : 'unavailable'
      this.#say({ type: 'no-answer', number, code, text: (error as Error).message })
    }
  }

  #find(question: HeldQuestion): unknown {
    switch (question.type) {
      case 'order':
        this.#wake()
        return this.#keeper.order(question.order)
      case 'list':
        return this.#keeper.unit().views.list(question.query)
      case 'show':
        return this.#keeper.unit().views.show(question.heldId, question.withBody)
    }
  }

  /** Once all that has come up in this turn of the loop was heard. */
  #wake(): void {
    this.#soon ??= setImmediate(() => this.#flush())
  }

  #flush(): void {
    if (this.#isClosed) return
    this.#soon = undefined
    clearTimeout(this.#later)
    const inMs = this.#keeper.flush()
    if (inMs === 0) this.#wake()
    else if (inMs !== undefined) this.#later = setTimeout(() => this.#flush(), inMs)
  }

  #tickAfter(delayMs: number): void {
    this.#tick = setTimeout(() => {
      this.#wake()
      this.#say({ type: 'counts', counts: this.#keeper.counts() })
      this.#tickAfter(this.#keeper.tidy() ? MORE_MS : TICK_MS)
    }, delayMs)
  }

  #close(): void {
    this.#isClosed = true
    clearImmediate(this.#soon)
    clearTimeout(this.#later)
    clearTimeout(this.#tick)
    this.#keeper.close()
    this.#say({ type: 'closed' })
    this.#port.close()
  }

  #say(message: FromThread): void {
    this.#port.postMessage(message)
  }
}

if (parentPort !== null) {
  const port = parentPort
  const thread = new HeldThread(port, workerData as ThreadStart)
  port.on('message', (message: ToThread) => thread.take(message))
}
