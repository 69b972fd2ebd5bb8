// Control's side of the held requests: starts their thread and replaces it where it ends, asks it, and tells what it says.

import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import type { HoldPlan } from '../../plan/hold.ts'
import type {
  Gate,
  HeldCounts,
  HeldDetail,
  HeldHealth,
  HeldOptions,
  HeldOrder,
  HeldOrderDone,
  HeldPage,
  HeldQuery,
  HeldRequests,
} from '../contract.ts'
import { HeldError } from '../held-error.ts'
import type { FromThread, HeldQuestion, ThreadStart, ToThread } from '../thread/protocol.ts'

interface Asked {
  readonly isOrder: boolean
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: HeldError) => void
  readonly timer: NodeJS.Timeout
}

const ANSWER_WITHIN_MS = 5_000
const CLOSE_WITHIN_MS = 3_000
/** A thread that ends as soon as it is started is not started over and over. */
const AGAIN_AFTER_MS = 1_000

/** At once: the file is opened by the thread, and what is wrong with it is told by `onHealth`. */
export function openHeldRequests(options: HeldOptions): HeldRequests {
  return new ThreadedHeldRequests(options)
}

class ThreadedHeldRequests implements HeldRequests {
  readonly #options: HeldOptions
  readonly #asked = new Map<number, Asked>()
  #number = 0
  #thread: Worker
  #plans: ReadonlyMap<string, HoldPlan> = new Map()
  #gates: ReadonlyMap<string, Gate> = new Map()
  #counts: HeldCounts = new Map()
  #health: HeldHealth = { status: 'ok' }
  #closing: Promise<void> | undefined
  #onClosed: (() => void) | undefined
  #again: NodeJS.Timeout | undefined
  /** Of workers, for the next thread: what is posted to one that has ended goes nowhere, and its port would never close. Undefined = there is a thread. */
  #unconnected: MessagePort[] | undefined

  constructor(options: HeldOptions) {
    this.#options = options
    this.#thread = this.#spawn()
  }

  connect(): MessagePort {
    const { port1, port2 } = new MessageChannel()
    if (this.#closing !== undefined) port1.close()
    else if (this.#unconnected === undefined) this.#handOver(port1)
    else this.#unconnected.push(port1)
    return port2
  }

  #handOver(port: MessagePort): void {
    this.#thread.postMessage({ type: 'connect', port } satisfies ToThread, [port])
  }

  configure(routes: ReadonlyMap<string, HoldPlan>): void {
    this.#plans = routes
    this.#post({ type: 'configure', routes })
  }

  gate(gates: ReadonlyMap<string, Gate>): void {
    this.#gates = new Map([...this.#gates, ...gates])
    this.#post({ type: 'gate', gates })
  }

  order(order: HeldOrder): Promise<HeldOrderDone> {
    return this.#ask({ type: 'order', order })
  }

  list(query: HeldQuery): Promise<HeldPage> {
    return this.#ask({ type: 'list', query })
  }

  show(id: string, withBody: boolean): Promise<HeldDetail | undefined> {
    return this.#ask({ type: 'show', heldId: id, withBody })
  }

  called(id: string): void {
    this.#post({ type: 'called', heldId: id })
  }

  counts(): HeldCounts {
    return this.#counts
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    clearTimeout(this.#again)
    for (const port of this.#unconnected ?? []) port.close()
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, CLOSE_WITHIN_MS)
      this.#onClosed = () => {
        clearTimeout(timer)
        resolve()
      }
      this.#post({ type: 'close' })
    })
    this.#rejectAll(new HeldError('closed', 'vigia ends'))
    // A thread that still waits for its disk ends when the disk lets it; nobody waits with it.
    this.#thread.unref()
    void this.#thread.terminate()
  }

  #ask<T>(question: HeldQuestion): Promise<T> {
    if (this.#closing !== undefined) return Promise.reject(new HeldError('closed', 'vigia ends'))
    this.#number += 1
    const number = this.#number
    const isOrder = question.type === 'order'
    return new Promise((resolve, reject) => {
      const late = new HeldError(
        isOrder ? 'unknown' : 'unavailable',
        `${this.#options.path} did not answer within ${ANSWER_WITHIN_MS / 1_000} s: look at its disk`,
      )
      const timer = setTimeout(() => this.#take(number)?.reject(late), ANSWER_WITHIN_MS)
      this.#asked.set(number, { isOrder, resolve: resolve as (answer: unknown) => void, reject, timer })
      this.#post({ type: 'ask', number, question })
    })
  }

  #hear(message: FromThread): void {
    switch (message.type) {
      case 'answer':
        this.#take(message.number)?.resolve(message.answer)
        return
      case 'no-answer':
        this.#take(message.number)?.reject(new HeldError(message.code, message.text))
        return
      case 'counts':
        this.#counts = message.counts
        return
      case 'event':
        return this.#options.onEvent(message.event)
      case 'health':
        return this.#tellHealth(message.health)
      case 'notice':
        return this.#options.onNotice?.(message.level, message.text)
      case 'closed':
        this.#onClosed?.()
        return
    }
  }

  #spawn(): Worker {
    const { path, keyFiles, table } = this.#options
    const thread = new Worker(new URL('../thread/held-thread.ts', import.meta.url), {
      workerData: { path, keyFiles, table } satisfies ThreadStart,
      name: 'held',
    })
    thread.on('message', (message: FromThread) => this.#hear(message))
    let reason = 'the thread of the held requests has ended'
    thread.on('error', (error: Error) => {
      reason = `the thread of the held requests has failed: ${error.message}`
    })
    thread.on('exit', () => {
      this.#onClosed?.()
      if (this.#closing !== undefined) return
      this.#unconnected = []
      this.#rejectAll(new HeldError('unavailable', reason))
      this.#tellHealth({ status: 'degraded', reason, sinceMs: Date.now() })
      this.#again = setTimeout(() => this.#replace(), AGAIN_AFTER_MS)
    })
    return thread
  }

  #replace(): void {
    this.#thread = this.#spawn()
    this.#post({ type: 'configure', routes: this.#plans })
    this.#post({ type: 'gate', gates: this.#gates })
    for (const port of this.#unconnected ?? []) this.#handOver(port)
    this.#unconnected = undefined
  }

  /** Once each way. */
  #tellHealth(health: HeldHealth): void {
    if (health.status === this.#health.status) return
    this.#health = health
    this.#options.onHealth(health)
  }

  /** What becomes of an order that a thread was about is not known. */
  #rejectAll(error: HeldError): void {
    for (const [number, { isOrder }] of [...this.#asked])
      this.#take(number)?.reject(
        isOrder ? new HeldError('unknown', `${error.message}: look again before you repeat it`) : error,
      )
  }

  #take(number: number): Asked | undefined {
    const asked = this.#asked.get(number)
    this.#asked.delete(number)
    clearTimeout(asked?.timer)
    return asked
  }

  #post(message: ToThread): void {
    this.#thread.postMessage(message)
  }
}
