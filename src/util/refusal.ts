// Why something that was asked for is not done: one shape from the decision to the API's problem and the terminal's line.

export type RefusalCode =
  /** What is asked for can't be meant. */
  | 'invalid'
  /** There is no such pool, upstream, window, request ... */
  | 'unknown'
  /** As things are, it must not be done. */
  | 'conflict'
  /** It can't be done now: a disk or another part does not answer. */
  | 'unavailable'

export interface Refusal {
  readonly ok: false
  readonly code: RefusalCode
  /** What is wrong, one line. */
  readonly message: string
  /** What to do about it, one line; undefined = the message says it. */
  readonly advice?: string | undefined
}

/** The HTTP status that a refusal is answered with. */
export const STATUS_OF: Readonly<Record<RefusalCode, number>> = {
  invalid: 400,
  unknown: 404,
  conflict: 409,
  unavailable: 503,
}

export function refuse(code: RefusalCode, message: string, advice?: string): Refusal {
  return { ok: false, code, message, advice }
}

/** All of it in one line, as people read it. */
export function refusalText({ message, advice }: Refusal): string {
  return advice === undefined ? message : `${message}; ${advice}`
}
