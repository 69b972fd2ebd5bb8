// What an upstream has said and its client has not taken yet: in memory up to the route's size, then in a file of the spool, in the order
// in which it came. It never waits for the disk, and never keeps the upstream waiting while there is room.
//
// From the front: what is in memory, what is in the file, what has come back from the file unwritten, what is still to be written.

import type { BodyBufferPlan } from '../../../plan/buffering.ts'
import type { BufferTrouble } from '../../../policy/request/buffering/trouble.ts'
import { BLOCK_BYTES, type Buffers } from '../../spool/buffers.ts'
import type { SpoolFile, SpoolOwner } from '../../spool/spool-file.ts'
import { Blocks } from './blocks.ts'

export interface AnswerBufferOwner {
  /** There are bytes to take again, after there were none at hand. */
  onBuffered(): void
  /** There is room again, after there was none. */
  onBufferRoom(): void
  /** What is still to come is lost. */
  onBufferLost(): void
}

/** So much is read from the file at once, as soon as less is at hand. */
const READ_BYTES = 2 * BLOCK_BYTES
/** What may be on its way to the disk; then the upstream waits. */
const MOST_QUEUED = 4 * BLOCK_BYTES
/** So much is held where it can't be buffered, as any proxy does. */
const UNBUFFERED_BYTES = BLOCK_BYTES

export class AnswerBuffer implements SpoolOwner {
  readonly #plan: BodyBufferPlan
  readonly #buffers: Buffers
  readonly #owner: AnswerBufferOwner
  readonly #front: Blocks
  readonly #returned: Blocks
  readonly #behind: Blocks
  #file: SpoolFile | undefined = undefined
  /** Of the file: bytes that have been read. */
  #readBytes = 0
  #isReading = false
  /** Blocks on their way to the file. */
  #lent = 0
  /** Why nothing more is written; undefined = it would be. */
  #trouble: BufferTrouble | undefined = undefined
  readonly #told = new Set<BufferTrouble>()
  /** Somebody found nothing at hand, or no room. */
  #isAwaited = false
  #isFull = false
  /** Bytes that went in. */
  takenBytes = 0

  constructor(plan: BodyBufferPlan, buffers: Buffers, owner: AnswerBufferOwner) {
    this.#plan = plan
    this.#buffers = buffers
    this.#owner = owner
    this.#front = new Blocks(buffers)
    this.#returned = new Blocks(buffers)
    this.#behind = new Blocks(buffers)
  }

  /** That it holds now. */
  get bytes(): number {
    const inFile = this.#file === undefined ? 0 : this.#file.bytes - this.#readBytes
    return this.#front.bytes + inFile + this.#returned.bytes + this.#behind.bytes
  }

  /** Whether the upstream is to be read. Where not, `onBufferRoom` follows. */
  get hasRoom(): boolean {
    this.#isFull = !this.#canTake()
    return !this.#isFull
  }

  add(chunk: Buffer, start: number, end: number): void {
    this.takenBytes += end - start
    if (this.#file === undefined) {
      const fits = this.#front.bytes + end - start <= this.#plan.memoryBytes && !this.#buffers.isScarce
      if (fits || !this.#begin()) return this.#front.add(chunk, start, end)
    }
    this.#behind.add(chunk, start, end)
    this.#write()
  }

  /** The next bytes, which are the caller's from now on; undefined = none are at hand: where it holds any, `onBuffered` follows. */
  take(): Buffer | undefined {
    const bytes = this.#front.take()
    this.#isAwaited = bytes === undefined
    this.#fill()
    this.#makeRoom()
    return bytes
  }

  /** Lets go of all that it holds. To be called any number of times. */
  release(): void {
    this.#front.clear()
    this.#returned.clear()
    this.#behind.clear()
    this.#closeFile()
    this.#isFull = false
  }

  // ---- from the file ----

  onWritten(block: ArrayBuffer): void {
    this.#lent -= 1
    this.#buffers.free(block)
    this.#makeRoom()
  }

  onRefused(block: ArrayBuffer, bytes: number, trouble: BufferTrouble): void {
    this.#settle()
    this.#returned.append(Buffer.from(block, 0, bytes))
    this.#degrade(trouble)
    this.#fill()
    this.#hand()
  }

  onRead(bytes: ArrayBuffer): void {
    this.#isReading = false
    this.#readBytes += bytes.byteLength
    if (bytes.byteLength > 0) this.#front.append(Buffer.from(bytes))
    this.#fill()
    this.#hand()
  }

  onSlow(): void {
    this.#degrade('disk-slow')
  }

  onLost(): void {
    this.release()
    this.#owner.onBufferLost()
  }

  // ---- helpers ----

  #canTake(): boolean {
    if (this.bytes >= this.#plan.maxBytes) {
      this.#tell('too-large')
      return false
    }
    if (this.#trouble === undefined) return this.#file === undefined || this.#file.queuedBytes < MOST_QUEUED
    return this.#front.bytes + this.#returned.bytes + this.#behind.bytes < UNBUFFERED_BYTES
  }

  /** @returns whether what comes goes to a file from now on */
  #begin(): boolean {
    if (this.#trouble !== undefined) return false
    const opened = this.#buffers.spool.open(this)
    if (typeof opened === 'string') this.#degrade(opened)
    else this.#file = opened
    return this.#file !== undefined
  }

  #write(): void {
    const file = this.#file!
    while (this.#trouble === undefined) {
      const block = this.#behind.firstFull
      if (block === undefined) return
      // Its memory goes with it.
      if (!file.write(block.buffer as ArrayBuffer, BLOCK_BYTES)) return this.#degrade('disk')
      this.#behind.lend()
      this.#lent += 1
      this.#buffers.spooled(BLOCK_BYTES)
    }
  }

  /** Reads on where little is at hand; what stands behind a file that has been read follows without one. */
  #fill(): void {
    const file = this.#file
    if (file === undefined) {
      // Another try, for what is still to come.
      if (this.bytes === 0) this.#trouble = undefined
      return
    }
    if (this.#isReading || file.isReturning || this.#front.bytes >= READ_BYTES) return
    const left = file.bytes - this.#readBytes
    if (left > 0) {
      this.#isReading = true
      file.read(this.#readBytes, Math.min(left, READ_BYTES), 0)
      return
    }
    this.#front.appendAll(this.#returned)
    this.#front.appendAll(this.#behind)
    this.#closeFile()
  }

  #hand(): void {
    if (!this.#isAwaited || this.#front.bytes === 0) return
    this.#isAwaited = false
    this.#owner.onBuffered()
  }

  #makeRoom(): void {
    if (!this.#isFull || !this.#canTake()) return
    this.#isFull = false
    this.#owner.onBufferRoom()
  }

  #degrade(trouble: BufferTrouble): void {
    this.#trouble = trouble
    this.#tell(trouble)
  }

  #tell(trouble: BufferTrouble): void {
    if (this.#told.has(trouble)) return
    this.#told.add(trouble)
    this.#buffers.troubled(trouble)
  }

  #settle(): void {
    this.#lent -= 1
    this.#buffers.leave(BLOCK_BYTES)
  }

  #closeFile(): void {
    while (this.#lent > 0) this.#settle()
    const file = this.#file
    this.#file = undefined
    this.#readBytes = 0
    this.#isReading = false
    file?.close()
  }
}
