// What goes wrong between control and the held requests: one line for people, and what is certain about it.

/** `not-written`: nothing was changed. `unknown`: the disk has not said. `unavailable`: it can't be read. `closed`: it was closed. */
export type HeldErrorCode = 'not-written' | 'unknown' | 'unavailable' | 'closed'

export class HeldError extends Error {
  override readonly name = 'HeldError'
  readonly code: HeldErrorCode

  constructor(code: HeldErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
