// Lets callers wait until every worker serves a revision, one of them refuses it, or it takes too long.

import { CannotServe } from './cannot-serve.ts'

interface Waiter {
  readonly revision: number
  readonly timer: NodeJS.Timeout
  readonly resolve: () => void
  readonly reject: (error: CannotServe) => void
}

export class RevisionGate {
  readonly #waiters = new Set<Waiter>()
  readonly #withinMs: number

  constructor(withinMs: number) {
    this.#withinMs = withinMs
  }

  /** Resolves when all serve `revision` or a later one. Rejects with CannotServe. */
  wait(revision: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const tooLate = () => {
      this.#waiters.delete(waiter)
      reject(new CannotServe(`not every worker was ready within ${this.#withinMs / 1000} s`, undefined))
    }
    const waiter: Waiter = { revision, resolve, reject, timer: setTimeout(tooLate, this.#withinMs) }
    this.#waiters.add(waiter)
    return promise
  }

  /** Every worker serves this revision or a later one. */
  reached(revision: number): void {
    for (const waiter of this.#waiters) if (waiter.revision <= revision) this.#leave(waiter).resolve()
  }

  /** A worker can't serve this revision. Returns whether somebody was waiting for it, who reports it. */
  refused(revision: number, error: CannotServe): boolean {
    let isAwaited = false
    for (const waiter of this.#waiters) {
      if (waiter.revision > revision) continue
      this.#leave(waiter).reject(error)
      isAwaited = true
    }
    return isAwaited
  }

  #leave(waiter: Waiter): Waiter {
    clearTimeout(waiter.timer)
    this.#waiters.delete(waiter)
    return waiter
  }
}
