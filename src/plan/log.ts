// What is logged, as compiled: vigia's own log; where access lines go, and which requests get one.

export interface LogPlan {
  readonly level: 'fatal' | 'error' | 'warn' | 'info' | 'debug'
}

export interface AccessLogPlan {
  readonly enabled: boolean
  /** File path, or `stdout`. */
  readonly destination: string
  /** Others may have named it: it must be no link, and when it is made nobody else may read it. Undefined = they may not. */
  readonly guarded?: true | undefined
  /** Undefined = every request gets its line. */
  readonly sampling?: LogSampling | undefined
}

/** Which requests get a line in the access log. */
export interface LogSampling {
  /** Of all requests, 0 to 1. */
  readonly share: number
  /** Those that took longer always get one; Infinity = not for that. */
  readonly slowerThanMs: number
  /** Those in which something went wrong always get one. */
  readonly errors: boolean
}
