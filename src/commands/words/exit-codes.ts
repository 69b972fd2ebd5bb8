// What the exit codes of the commands mean (numbers from 64 on follow BSD's sysexits.h). `vigia --help` prints them.

export const EXIT = {
  /** Fine; of `vigia run`: stopped as asked. */
  ok: 0,
  /** The configuration can not be used, or what was asked for is refused. */
  badConfiguration: 1,
  /** Wrong usage, or no vigia answers. */
  usage: 2,
  /** A listener can't be bound, e.g. because its port is taken. */
  cannotListen: 69,
  /** An error of vigia itself: its log, or the terminal, says which. */
  internal: 70,
  /** Node.js is too old: bin/vigia.js looks before it loads anything. */
  oldNode: 78,
  /** Ended at once by a second Ctrl-C: 128 + the signal's number. */
  interrupted: 130,
  /** Ended at once by a second SIGTERM. */
  terminated: 143,
} as const

/** Of the commands that ask a running vigia. */
export const ASKED = { done: 0, refused: 1, unreachable: 2 } as const
