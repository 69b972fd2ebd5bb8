// What an event is in words: lines of the log, entries of GET /events. Types only.

import type { NewEntry } from './feed.ts'

export interface LogLine {
  readonly level: 'error' | 'warn' | 'info' | 'debug'
  readonly fields?: object
  readonly text: string
}

/** What an event is to people. */
export interface Words {
  readonly lines?: readonly LogLine[]
  readonly entries?: readonly NewEntry[]
}
