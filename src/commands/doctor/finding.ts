// What the doctor has found about one thing.

export interface Finding {
  /** What was looked at: `somaxconn`, `clock`, `probe erp/erp-1`. */
  readonly check: string
  /** `note`: nothing is wrong, but somebody may want to know. */
  readonly severity: 'ok' | 'note' | 'warning' | 'error'
  /** One line. */
  readonly what: string
  /** What to do, one line; undefined = nothing. */
  readonly advice: string | undefined
}

export type Severity = Finding['severity']

/** Text of a file; undefined = there is none, or it must not be read. */
export type ReadText = (path: string) => string | undefined

export function ok(check: string, what: string): Finding {
  return { check, severity: 'ok', what, advice: undefined }
}

export function found(severity: Severity, check: string, what: string, advice: string): Finding {
  return { check, severity, what, advice }
}
