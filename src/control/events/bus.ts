// Tells everybody who listens of everything that happens: at once, in the order in which they came. It knows nothing of what is told.

export class Bus<Event> {
  readonly #listeners = new Set<(event: Event) => void>()

  /** @returns a function that ends it */
  listen(listener: (event: Event) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** A listener that throws keeps no other from hearing, nor the teller from going on: its bug ends where uncaught errors do. */
  readonly tell = (event: Event): void => {
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}
