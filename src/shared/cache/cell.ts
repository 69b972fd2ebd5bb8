// One cell of the cache's index: its words, and what its state says.

/** Words of a cell. The first one is changed by compare-exchange only. */
export const CELL = {
  word: 0,
  /** The two halves of the key's hash. */
  low: 1,
  high: 2,
  /** Its first block; -1 = none. */
  first: 3,
  metaBytes: 4,
  bodyBytes: 5,
  /** By the clock of the process, seconds: see CellFacts. */
  usedS: 6,
  storedS: 7,
  worthlessS: 8,
  hits: 9,
  /** Which of two is the newer. */
  serial: 10,
  /** Hash of what the variant is chosen by. */
  variant: 11,
} as const
export const CELL_INTS = 12

export const STATE = {
  free: 0,
  /** Its owner writes it, or takes it apart. */
  busy: 1,
  live: 2,
  /** Nobody finds it any more; it is taken apart when nobody reads it. */
  dead: 3,
} as const
export type State = (typeof STATE)[keyof typeof STATE]

const STATE_BITS = 3
const OWNER_SHIFT = 2
const OWNER_BITS = 0x7f
/** What is above tells one use of the cell from the next. */
const USE = 1 << 9

export function stateOf(word: number): State {
  return (word & STATE_BITS) as State
}

export function ownerOf(word: number): number {
  return (word >>> OWNER_SHIFT) & OWNER_BITS
}

/** The same use of the cell in another state. */
export function inState(word: number, state: State): number {
  return (word & ~STATE_BITS) | state
}

/** The same use of the cell, being taken apart by `thread`. */
export function busyOf(word: number, thread: number): number {
  return (word & -USE) | (thread << OWNER_SHIFT) | STATE.busy
}

/** The next use of the cell, by `thread`. */
export function nextUse(word: number, thread: number): number {
  return busyOf((word & -USE) + USE, thread)
}

/** What is known of an entry without reading it. */
export interface CellFacts {
  readonly cell: number
  readonly word: number
  readonly metaBytes: number
  readonly bodyBytes: number
  /** By the clock of the process, seconds. */
  readonly storedS: number
  readonly usedS: number
  readonly worthlessS: number
  readonly hits: number
}
