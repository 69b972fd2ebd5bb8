// What the exit codes of the commands mean (numbers from 64 on follow BSD's sysexits.h). `vigia --help` prints them.

export const EXIT = {
  ok: 0,
  badConfiguration: 1,
  usage: 2,
  /** A listener can't be bound, e.g. because its port is taken. */
  cannotListen: 69,
  internal: 70,
  /** Killed by a second Ctrl-C or SIGTERM: 128 + the signal's number. */
  interrupted: 130,
  terminated: 143,
} as const

/** Of the commands that ask a running vigia. */
export const ASKED = { done: 0, refused: 1, unreachable: 2 } as const
