// What bodies that are buffered share in one worker: memory in blocks, the spool, and what is counted of both.

import type { BufferLimits } from '../../policy/process/buffer-limits.ts'
import type { BufferTrouble } from '../../policy/request/buffering/trouble.ts'
import { ACCOUNT, type BufferAccounts, unitsOf } from '../../shared/buffer-accounts.ts'
import type { CounterRow } from '../../shared/counters.ts'
import { Spool, type SpoolRuntime } from './spool.ts'

/** Largest block: what the spool writes and reads at a time. */
export const BLOCK_BYTES = 65_536
const FIRST_BYTES = 4096
/** From 4 to 64 KiB, each twice as large as the one before. */
const SIZES = 5
/** Of blocks that are kept for the next ones, of each size. */
const SPARE_BYTES = 262_144

export class Buffers {
  readonly spool: Spool
  readonly #limits: BufferLimits
  readonly #accounts: BufferAccounts
  readonly #row: CounterRow
  readonly #spare: readonly ArrayBuffer[][] = Array.from({ length: SIZES }, () => [])

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
    const which = sizeOf(bytes)
    const size = FIRST_BYTES << which
    const spare = this.#spare[which]!.pop()
    this.take(size)
    return spare ? Buffer.from(spare) : Buffer.allocUnsafeSlow(size)
  }

  /** A block of which nobody has a view any more. What is not kept goes back at once: a collection might come much later. */
  free(block: ArrayBuffer): void {
    this.leave(block.byteLength)
    const spare = this.#spare[sizeOf(block.byteLength)]!
    if ((spare.length + 1) * block.byteLength <= SPARE_BYTES) spare.push(block)
    else block.transfer(0)
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

/** The smallest that fits, else the largest. */
function sizeOf(bytes: number): number {
  let which = 0
  while (FIRST_BYTES << which < bytes && which < SIZES - 1) which += 1
  return which
}
