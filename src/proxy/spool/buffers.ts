// What bodies that are buffered share in one worker: memory in blocks, the spool, and what is counted of both.

import type { BufferLimits } from '../../policy/process/buffer-limits.ts'
import type { BufferTrouble } from '../../policy/request/buffering/trouble.ts'
import { ACCOUNT, type BufferAccounts, unitsOf } from '../../shared/buffer-accounts.ts'
import type { CounterRow } from '../../shared/counters.ts'
import { Spool, type SpoolRuntime } from './spool.ts'

/** Largest block: what the spool writes and reads at a time. */
export const BLOCK_BYTES = 65_536
const FIRST_BYTES = 4096
/** Blocks that are kept for the next ones. */
const MOST_SPARE = 16

export class Buffers {
  readonly spool: Spool
  readonly #limits: BufferLimits
  readonly #accounts: BufferAccounts
  readonly #row: CounterRow
  readonly #spare: ArrayBuffer[] = []

  constructor(limits: BufferLimits, accounts: BufferAccounts, row: CounterRow, runtime: SpoolRuntime) {
    this.#limits = limits
    this.#accounts = accounts
    this.#row = row
    this.spool = new Spool(limits, accounts, runtime)
  }

  /** All buffers together have what they may have: what can go to a file goes. */
  get isScarce(): boolean {
    return this.#accounts.held(ACCOUNT.memory) >= unitsOf(this.#limits.memoryBytes)
  }

  /** A block for so many bytes, or the first of them. It is in the account until it is given back. */
  allocate(bytes: number): Buffer {
    let size = FIRST_BYTES
    while (size < bytes && size < BLOCK_BYTES) size *= 2
    const spare = size === BLOCK_BYTES ? this.#spare.pop() : undefined
    this.take(size)
    return spare ? Buffer.from(spare) : Buffer.allocUnsafeSlow(size)
  }

  /** A block of which nobody has a view any more. */
  free(block: ArrayBuffer): void {
    this.leave(block.byteLength)
    if (block.byteLength === BLOCK_BYTES && this.#spare.length < MOST_SPARE) this.#spare.push(block)
  }

  /** So many bytes are held. */
  take(bytes: number): void {
    this.#accounts.force(ACCOUNT.memory, unitsOf(bytes))
  }

  /** No more. */
  leave(bytes: number): void {
    this.#accounts.leave(ACCOUNT.memory, unitsOf(bytes))
  }

  /** Counts bytes that went to a file. */
  spooled(bytes: number): void {
    this.#row.spooled(bytes)
  }

  /** Counts a body that is streamed from there on. */
  troubled(trouble: BufferTrouble): void {
    this.#row.bufferTrouble(trouble)
  }
}
