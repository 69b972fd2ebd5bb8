// Bytes in memory, first in, first out: copied into blocks that all buffers together account for. What has been handed out belongs to
// whoever has it.

import { BLOCK_BYTES, type Buffers } from '../../spool/buffers.ts'

interface Block {
  readonly bytes: Buffer
  used: number
  /** In the account, bytes. */
  readonly size: number
}

export class Blocks {
  readonly #buffers: Buffers
  readonly #blocks: Block[] = []
  bytes = 0

  constructor(buffers: Buffers) {
    this.#buffers = buffers
  }

  add(chunk: Buffer, start: number, end: number): void {
    this.bytes += end - start
    for (let at = start; at < end; ) {
      let last = this.#blocks.at(-1)
      if (last === undefined || last.used === last.bytes.length) {
        // What is added to is about to grow.
        const bytes = this.#buffers.allocate(last === undefined ? end - at : BLOCK_BYTES)
        last = { bytes, used: 0, size: bytes.length }
        this.#blocks.push(last)
      }
      const taken = chunk.copy(last.bytes, last.used, at, end)
      last.used += taken
      at += taken
    }
  }

  /** Takes a whole piece over, without a copy. */
  append(bytes: Buffer): void {
    this.#buffers.take(bytes.length)
    this.#blocks.push({ bytes, used: bytes.length, size: bytes.length })
    this.bytes += bytes.length
  }

  /** Takes over all that another one has. */
  appendAll(other: Blocks): void {
    this.#blocks.push(...other.#blocks.splice(0))
    this.bytes += other.bytes
    other.bytes = 0
  }

  /** The next bytes; undefined = there are none. */
  take(): Buffer | undefined {
    const block = this.#shift()
    if (block === undefined) return undefined
    this.#buffers.leave(block.size)
    return block.bytes.subarray(0, block.used)
  }

  /** The next bytes, where they fill a block. */
  get firstFull(): Buffer | undefined {
    const first = this.#blocks[0]
    return first !== undefined && first.used === BLOCK_BYTES ? first.bytes : undefined
  }

  /** Lets `firstFull` go, which stays in the account. */
  lend(): void {
    this.#shift()
  }

  clear(): void {
    for (const { size } of this.#blocks.splice(0)) this.#buffers.leave(size)
    this.bytes = 0
  }

  #shift(): Block | undefined {
    const block = this.#blocks.shift()
    this.bytes -= block?.used ?? 0
    return block
  }
}
