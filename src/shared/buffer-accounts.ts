// What buffers of bodies hold over all workers: memory, disk space, files. Each worker has a row, so that what a dead one held is free again.

import { MAX_WORKERS } from './counter-cells.ts'

export const ACCOUNT = { memory: 0, disk: 1, files: 2 } as const
export type Account = (typeof ACCOUNT)[keyof typeof ACCOUNT]

const ACCOUNTS = 3
/** Bytes are counted in units of so many: 32 bits last for 8 TiB. */
export const UNIT_BYTES = 4096

export function unitsOf(bytes: number): number {
  return Math.ceil(bytes / UNIT_BYTES)
}

export class BufferAccounts {
  readonly buffer: SharedArrayBuffer
  /** Sums first, then the rows. */
  readonly #cells: Int32Array
  readonly #row: number

  /** @param worker whose row is written; undefined = none */
  constructor(buffer = new SharedArrayBuffer((MAX_WORKERS + 1) * ACCOUNTS * 4), worker?: number) {
    this.buffer = buffer
    this.#cells = new Int32Array(buffer)
    this.#row = ((worker ?? -1) + 1) * ACCOUNTS
  }

  /** Takes so many units unless the sum would be above `limit`. Never overshoots. */
  take(account: Account, units: number, limit: number): boolean {
    let seen = Atomics.load(this.#cells, account)
    while (seen + units <= limit) {
      const before = Atomics.compareExchange(this.#cells, account, seen, seen + units)
      if (before === seen) {
        Atomics.add(this.#cells, this.#row + account, units)
        return true
      }
      seen = before
    }
    return false
  }

  /** Takes them whatever the sum is: they are held already. */
  force(account: Account, units: number): void {
    Atomics.add(this.#cells, account, units)
    Atomics.add(this.#cells, this.#row + account, units)
  }

  /** Gives so many back. */
  leave(account: Account, units: number): void {
    this.force(account, -units)
  }

  /** Units, over all workers. */
  held(account: Account): number {
    return Atomics.load(this.#cells, account)
  }

  /** Control only, after a worker has ended: what it held is free. */
  forget(worker: number): void {
    for (let account = 0; account < ACCOUNTS; account += 1) {
      const held = Atomics.exchange(this.#cells, (worker + 1) * ACCOUNTS + account, 0)
      Atomics.sub(this.#cells, account, held)
    }
  }
}
