// Why vigia can't serve a configuration, at its start or when one is to take the place of another: one line for people. Thrown by
// control, turned into an exit code by commands, into the outcome of a reload by configuration/.

export class CannotServe extends Error {
  /** The system's error code, e.g. EADDRINUSE; undefined = vigia's own reason. */
  readonly code: string | undefined

  constructor(message: string, code: string | undefined) {
    super(message)
    this.name = 'CannotServe'
    this.code = code
  }
}
