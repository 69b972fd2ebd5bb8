// What people want to know of workers: one question after the other, so that nobody who asks much takes a worker's time; who does not
// answer within three seconds is named instead of waited for.

import type { Question, Reply } from '../../shared/explain/questions.ts'
import type { ToWorker } from '../../shared/messages.ts'
import { Serial } from '../../util/serial.ts'

export interface Replies {
  readonly replies: readonly Reply[]
  /** Workers that did not answer in time. */
  readonly silent: readonly number[]
}

interface Asked {
  readonly worker: number
  tell(message: ToWorker): void
}

const WITHIN_MS = 3000

export class Questions {
  readonly #withinMs: number
  readonly #asking = new Serial()
  #number = 0
  /** Takes what is said to the question of `#number`; undefined = there is none. */
  #heard: ((worker: number, reply: Reply) => void) | undefined

  constructor(withinMs = WITHIN_MS) {
    this.#withinMs = withinMs
  }

  ask(question: Question, whom: readonly Asked[]): Promise<Replies> {
    return this.#asking.run(() => this.#ask(question, whom))
  }

  /** What comes too late is for nobody. */
  replied(worker: number, number: number, reply: Reply): void {
    if (number === this.#number) this.#heard?.(worker, reply)
  }

  async #ask(question: Question, whom: readonly Asked[]): Promise<Replies> {
    this.#number += 1
    const replies = new Map<number, Reply>()
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, this.#withinMs)
    this.#heard = (worker, reply) => {
      replies.set(worker, reply)
      if (replies.size === whom.length) resolve()
    }
    for (const each of whom) each.tell({ type: 'question', number: this.#number, question })
    if (whom.length > 0) await promise
    clearTimeout(timer)
    this.#heard = undefined
    return {
      replies: [...replies.values()],
      silent: whom.filter(({ worker }) => !replies.has(worker)).map(({ worker }) => worker),
    }
  }
}
