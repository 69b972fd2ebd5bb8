// The queries that wait for the thread: each is answered once, or given up when its time is over. It sends nothing itself.

import { StoreError } from '../store-error.ts'

interface Question {
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: StoreError) => void
  readonly timer: NodeJS.Timeout
}

export class Questions {
  readonly #path: string
  readonly #withinMs: number
  readonly #waiting = new Map<number, Question>()
  #count = 0

  /** @param path of the store's file, for words */
  constructor(path: string, withinMs: number) {
    this.#path = path
    this.#withinMs = withinMs
  }

  /** The answer rejects with a StoreError `unavailable` when the time is over. */
  add(): { readonly id: number; readonly answer: Promise<unknown> } {
    this.#count += 1
    const id = this.#count
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const late = `${this.#path} did not answer within ${this.#withinMs / 1000} s: look at its disk`
    const timer = setTimeout(() => this.reject(id, new StoreError('unavailable', late)), this.#withinMs)
    this.#waiting.set(id, { resolve, reject, timer })
    return { id, answer: promise }
  }

  waits(id: number): boolean {
    return this.#waiting.has(id)
  }

  resolve(id: number, answer: unknown): void {
    this.#take(id)?.resolve(answer)
  }

  reject(id: number, error: StoreError): void {
    this.#take(id)?.reject(error)
  }

  rejectAll(error: StoreError): void {
    for (const id of [...this.#waiting.keys()]) this.reject(id, error)
  }

  #take(id: number): Question | undefined {
    const question = this.#waiting.get(id)
    this.#waiting.delete(id)
    clearTimeout(question?.timer)
    return question
  }
}
