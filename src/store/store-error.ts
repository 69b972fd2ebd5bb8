// What goes wrong between a caller and the store: one line for people, and a code that says what is certain about it.

/**
 * `locked`, `newer`, `foreign`: the file can't be used, and was not touched. `refused`: the change contradicts what is stored.
 * `not-written`: nothing was changed. `unknown`: the disk has not said. `unavailable`: it can't be read. `closed`: it was closed.
 */
export type StoreErrorCode =
  | 'locked'
  | 'newer'
  | 'foreign'
  | 'refused'
  | 'not-written'
  | 'unknown'
  | 'unavailable'
  | 'closed'

export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly code: StoreErrorCode
  /** Where the code is `unknown`: resolves once it is certain, with whether the change is durable. Never rejects. */
  readonly settled: Promise<boolean> | undefined

  constructor(code: StoreErrorCode, message: string, settled?: Promise<boolean>) {
    super(message)
    this.code = code
    this.settled = settled
  }
}
