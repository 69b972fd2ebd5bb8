// Why vigia can't start, or can't take over a configuration: one line for people. Thrown by control, turned into an exit code by commands.

export class StartError extends Error {
  /** The system's error code, e.g. EADDRINUSE; undefined = vigia's own reason. */
  readonly code: string | undefined

  constructor(message: string, code: string | undefined) {
    super(message)
    this.name = 'StartError'
    this.code = code
  }
}
