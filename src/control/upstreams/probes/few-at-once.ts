// Begins what is due, a few in each turn of the event loop: however much is due at once, everything else has its turn in between.

export class FewAtOnce<T> {
  readonly #most: number
  readonly #begin: (due: T) => void
  /** In the order in which they came. */
  readonly #due = new Set<T>()
  /** In this turn. */
  #begun = 0
  #nextTurn: NodeJS.Immediate | undefined

  /** @param most that begin in one turn */
  constructor(most: number, begin: (due: T) => void) {
    this.#most = most
    this.#begin = begin
  }

  /** Begins it at once where few are due, and in its turn otherwise. What waits already keeps its place. */
  add(due: T): void {
    this.#due.add(due)
    this.#go()
  }

  /** It is not due any more. */
  delete(due: T): void {
    this.#due.delete(due)
  }

  clear(): void {
    this.#due.clear()
    clearImmediate(this.#nextTurn)
  }

  #go(): void {
    for (const due of this.#due) {
      if (this.#begun === this.#most) return
      this.#nextTurn ??= setImmediate(() => {
        this.#nextTurn = undefined
        this.#begun = 0
        this.#go()
      })
      this.#begun += 1
      this.#due.delete(due)
      this.#begin(due)
    }
  }
}
