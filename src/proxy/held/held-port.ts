// A worker's way to the thread that keeps held requests: what comes up in one turn of the loop goes as one message. Nothing here waits for
// the disk; where there is no way, nothing is held.

import type { MessagePort } from 'node:worker_threads'
import type { HeldTable } from '../../shared/held/held-table.ts'
import type {
  ForwardOutcome,
  ForwardRequest,
  HeldReceipt,
  HeldToWorker,
  HeldView,
  HoldRefusal,
  HoldRequest,
  WorkerToHeld,
} from '../../shared/held/messages.ts'

/** `unknown`: the thread has ended, or did not answer in time. Whether it is held, nobody knows. */
export type HoldFailure = HoldRefusal | 'unknown'

export interface HoldWaiter {
  onReceipt(receipt: HeldReceipt): void
  onRefused(why: HoldFailure): void
}

export interface HeldRuntime {
  /** Asks control for a port to the thread: `connect` follows. */
  askForHeld(): void
}

/** On their way to the disk: a disk that stands still must not fill the memory. */
const MOST_BYTES_UNDER_WAY = 64 * 1024 ** 2
/** A smaller body is copied sooner than handed over. */
const LEAST_TRANSFER = 16_384
/** Somebody who asks is not to fill the memory either. */
const MOST_QUESTIONS = 1000

interface Waiting {
  readonly waiter: HoldWaiter
  readonly bytes: number
}

export class HeldPort {
  /** What keeps requests of one key from passing each other. */
  readonly keys: HeldTable
  /** Carries out a request, and calls `forwarded` once. */
  onForward: (request: ForwardRequest) => void = () => {}
  readonly #runtime: HeldRuntime
  #port: MessagePort | undefined = undefined
  #isAsked = false
  #last = 0
  readonly #waiting = new Map<number, Waiting>()
  readonly #questions = new Map<number, (found: HeldView | undefined | 'unknown') => void>()
  #bytesUnderWay = 0
  #holds: HoldRequest[] = []
  #outcomes: { seq: number; outcome: ForwardOutcome }[] = []
  #isDue = false

  constructor(keys: HeldTable, runtime: HeldRuntime) {
    this.keys = keys
    this.#runtime = runtime
  }

  /** Some route holds requests: from now on there is to be a way. */
  want(): void {
    if (this.#port !== undefined || this.#isAsked) return
    this.#isAsked = true
    this.#runtime.askForHeld()
  }

  /** The port that was asked for. */
  connect(port: MessagePort): void {
    this.#isAsked = false
    this.#port = port
    port.on('message', (message: HeldToWorker) => this.#heard(message))
    port.on('close', () => this.#lost(port))
  }

  /** Has it written to the disk. @returns what `forget` needs; undefined = it can't be held now */
  hold(request: Omit<HoldRequest, 'number'>, waiter: HoldWaiter): number | undefined {
    const bytes = request.request.body.length
    if (this.#port === undefined || this.#bytesUnderWay + bytes > MOST_BYTES_UNDER_WAY) return undefined
    this.#last += 1
    const number = this.#last
    this.#waiting.set(number, { waiter, bytes })
    this.#bytesUnderWay += bytes
    this.#holds.push({ ...request, number })
    this.#due()
    return number
  }

  /** Nobody waits for it any more; it may be held all the same. */
  forget(number: number): void {
    const waiting = this.#waiting.get(number)
    if (waiting) this.#waiting.set(number, { waiter: NOBODY, bytes: waiting.bytes })
  }

  /** `unknown`: nobody can say now. */
  lookUp(id: string, told: (found: HeldView | undefined | 'unknown') => void): void {
    const port = this.#port
    if (port === undefined || this.#questions.size >= MOST_QUESTIONS) return told('unknown')
    this.#last += 1
    this.#questions.set(this.#last, told)
    port.postMessage({ type: 'look-up', number: this.#last, id } satisfies WorkerToHeld)
  }

  /** It has been carried out, or not. */
  forwarded(seq: number, outcome: ForwardOutcome): void {
    this.#outcomes.push({ seq, outcome })
    this.#due()
  }

  /** What has come up goes now: nothing will run after this. */
  flush(): void {
    this.#isDue = false
    const [requests, outcomes, port] = [this.#holds, this.#outcomes, this.#port]
    this.#holds = []
    this.#outcomes = []
    // What was being sent is judged as after a crash by who finds the port closed.
    if (port === undefined) return
    if (requests.length > 0)
      port.postMessage(
        { type: 'hold', requests } satisfies WorkerToHeld,
        blocksOf(requests.map(each => each.request.body)),
      )
    if (outcomes.length > 0) {
      const bodies = outcomes.map(({ outcome }) => (outcome.type === 'answered' ? outcome.body : undefined))
      port.postMessage({ type: 'forwarded', outcomes } satisfies WorkerToHeld, blocksOf(bodies))
    }
  }

  #due(): void {
    if (this.#isDue) return
    this.#isDue = true
    setImmediate(() => {
      if (this.#isDue) this.flush()
    })
  }

  #heard(message: HeldToWorker): void {
    switch (message.type) {
      case 'held':
        for (const { number, ...receipt } of message.receipts) this.#take(number)?.onReceipt(receipt)
        return
      case 'refused':
        for (const { number, why } of message.refusals) this.#take(number)?.onRefused(why)
        return
      case 'forward':
        for (const request of message.requests) this.onForward(request)
        return
      case 'found': {
        const told = this.#questions.get(message.number)
        this.#questions.delete(message.number)
        told?.(message.found)
      }
    }
  }

  #take(number: number): HoldWaiter | undefined {
    const waiting = this.#waiting.get(number)
    if (waiting === undefined) return undefined
    this.#waiting.delete(number)
    this.#bytesUnderWay -= waiting.bytes
    return waiting.waiter
  }

  /** The thread has ended. */
  #lost(port: MessagePort): void {
    if (this.#port !== port) return
    this.#port = undefined
    const unsent = new Set(this.#holds.map(({ number }) => number))
    this.#holds = []
    this.#outcomes = []
    for (const number of [...this.#waiting.keys()])
      this.#take(number)?.onRefused(unsent.has(number) ? 'closed' : 'unknown')
    const questions = [...this.#questions.values()]
    this.#questions.clear()
    for (const told of questions) told('unknown')
    this.want()
  }
}

const NOBODY: HoldWaiter = { onReceipt() {}, onRefused() {} }

/** Of bodies that have a block to themselves. */
function blocksOf(bodies: readonly (Uint8Array | undefined)[]): ArrayBuffer[] {
  return bodies
    .filter(body => body !== undefined && body.length >= LEAST_TRANSFER && body.buffer.byteLength === body.length)
    .map(body => body!.buffer as ArrayBuffer)
}
