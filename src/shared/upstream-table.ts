// The shared table of upstreams: availability, weight, limit and addresses by slot. Control writes, every worker reads.
// A slot stands for one (pool, upstream), for a pool itself, or (slot 0) for vigia itself; it is never re-used within a process.

import { ADDRESS_BYTES_PER_SLOT, AddressCells } from './address-cells.ts'

/** Most slots in one process: upstreams + pools + 1. */
export const MAX_SLOTS = 8192

export const SLOT_OF_VIGIA = 0

/** What a worker may do with an upstream. */
export const AVAILABILITY = {
  /** No verdict yet: requests may wait for one. */
  unknown: 0,
  available: 1,
  /** Serves what it has, gets no new work. */
  draining: 2,
  /** Unhealthy or ejected: used only by a pool in panic. */
  out: 3,
  /** Never used. */
  disabled: 4,
} as const
export type Availability = (typeof AVAILABILITY)[keyof typeof AVAILABILITY]

const VERSION = 0
const HEADER_INTS = 16
const INTS_PER_SLOT = 6
const INTS = HEADER_INTS + MAX_SLOTS * INTS_PER_SLOT
/** Pages of slots that nobody uses are never touched, and cost nothing. */
const BYTES = INTS * 4 + MAX_SLOTS * ADDRESS_BYTES_PER_SLOT
/** Weights are stored as thousandths. */
const WEIGHT_SCALE = 1000

export class UpstreamTable {
  readonly #ints: Int32Array
  /** Of upstreams that are known by a name. */
  readonly addresses: AddressCells

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(BYTES)) {
    this.#ints = new Int32Array(buffer, 0, INTS)
    this.addresses = new AddressCells(new Int32Array(buffer, INTS * 4))
  }

  get buffer(): SharedArrayBuffer {
    return this.#ints.buffer as SharedArrayBuffer
  }

  /** Goes up with each change; a reader that holds derived data compares it. */
  get version(): number {
    return Atomics.load(this.#ints, VERSION)
  }

  availability(slot: number): Availability {
    return Atomics.load(this.#ints, HEADER_INTS + slot * INTS_PER_SLOT) as Availability
  }

  /** Relative share of new work, >= 0. */
  weight(slot: number): number {
    return Atomics.load(this.#ints, HEADER_INTS + slot * INTS_PER_SLOT + 1) / WEIGHT_SCALE
  }

  /** Most requests in flight at once over all workers; 0 = no limit. */
  limit(slot: number): number {
    return Atomics.load(this.#ints, HEADER_INTS + slot * INTS_PER_SLOT + 2)
  }

  /** Slots of pools: index of the first priority level that gets load; those before it wait for an operator's failback. */
  floor(slot: number): number {
    return Atomics.load(this.#ints, HEADER_INTS + slot * INTS_PER_SLOT + 3)
  }

  /** No idle connection to it is kept now: it needs its workers for new ones. */
  isIdleLimited(slot: number): boolean {
    return Atomics.load(this.#ints, HEADER_INTS + slot * INTS_PER_SLOT + 4) === 1
  }

  /** Control only. Workers look at it now and then, nobody is woken. */
  limitIdle(slot: number, limited: boolean): void {
    Atomics.store(this.#ints, HEADER_INTS + slot * INTS_PER_SLOT + 4, limited ? 1 : 0)
  }

  /** It is known to hold a worker for each connection. */
  holdsWorkers(slot: number): boolean {
    return Atomics.load(this.#ints, HEADER_INTS + slot * INTS_PER_SLOT + 5) === 1
  }

  /** Control only. Nobody is woken. */
  setHoldsWorkers(slot: number, holds: boolean): void {
    Atomics.store(this.#ints, HEADER_INTS + slot * INTS_PER_SLOT + 5, holds ? 1 : 0)
  }

  /** Control only: writes a slot, raises the version and wakes who waits for a change. */
  set(slot: number, availability: Availability, weight: number, limit = 0): void {
    const at = HEADER_INTS + slot * INTS_PER_SLOT
    Atomics.store(this.#ints, at, availability)
    Atomics.store(this.#ints, at + 1, Math.round(weight * WEIGHT_SCALE))
    Atomics.store(this.#ints, at + 2, limit)
    this.#changed()
  }

  /** Control only. */
  setFloor(slot: number, level: number): void {
    Atomics.store(this.#ints, HEADER_INTS + slot * INTS_PER_SLOT + 3, level)
    this.#changed()
  }

  #changed(): void {
    Atomics.add(this.#ints, VERSION, 1)
    Atomics.notify(this.#ints, VERSION)
  }

  /** Resolves when the version is no longer `seen`, or after `timeoutMs`. */
  async changed(seen: number, timeoutMs: number): Promise<void> {
    const wait = Atomics.waitAsync(this.#ints, VERSION, seen, timeoutMs)
    if (wait.async) await wait.value
  }
}
