// Jobs that take turns: each begins when the one before it has ended, however that ended. It knows nothing of what they do.

export class Serial {
  #last: Promise<unknown> = Promise.resolve()

  /** Resolves or rejects as the job does. A job that fails keeps no other from its turn. */
  run<T>(job: () => T | Promise<T>): Promise<T> {
    const turn = this.#last.then(job)
    this.#last = turn.catch(() => {})
    return turn
  }
}
