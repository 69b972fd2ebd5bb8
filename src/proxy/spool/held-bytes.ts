// The bytes of one body that are held, in the order in which they came: what is beyond its memory is in a file. They are read from the
// beginning, once (a queue), or from the beginning again (`keeps`). Everything that came is held, whatever happens; who reads its source
// asks `room` whether to go on.

import type { BufferTrouble } from '../../policy/request/buffering/trouble.ts'
import { BLOCK_BYTES, type Buffers } from './buffers.ts'
import { ReadAhead } from './read-ahead.ts'
import type { SpoolFile, SpoolOwner } from './spool-file.ts'

export interface HeldOwner {
  /** What `next` did not have is there. */
  onHeldReady(): void
  /** `room` is another. */
  onHeldRoom(): void
  /** What was in the file is gone. @param detail one line */
  onHeldLost(detail: string): void
}

export interface HeldPlan {
  /** Bytes in memory; what is beyond goes to a file. */
  readonly memoryBytes: number
  /** Bytes in memory and in the file. */
  readonly maxBytes: number
}

/** `busy`: until `onHeldRoom`, the disk has enough to do. `none`: see `trouble`. */
export type Room = 'free' | 'busy' | 'none'

interface Block {
  bytes: Buffer
  used: number
}

/** Once there is a file, a block with so many bytes goes there: a slow client holds no more memory. */
const WRITE_BYTES = 16_384
/** On their way to the disk, of one body. */
const MOST_QUEUED_BYTES = 4 * BLOCK_BYTES

export class HeldBytes implements SpoolOwner {
  /** All that came. */
  bytes = 0
  /** Of them, those that were in a file. */
  spooledBytes = 0
  /** Why it should hold no more; a queue forgets it when all is read. */
  trouble: BufferTrouble | undefined = undefined
  readonly #buffers: Buffers
  readonly #plan: HeldPlan
  readonly #owner: HeldOwner
  readonly #keeps: boolean
  #file: SpoolFile | undefined = undefined
  /** Of the body: where the file begins. The blocks come behind it. */
  #fileAt = 0
  readonly #blocks: Block[] = []
  #memoryBytes = 0
  /** What the account has, bytes. */
  #taken = 0
  /** How far it was read. */
  #at = 0
  /** Of `#blocks`, the next to be read. */
  #next = 0
  /** Somebody has a view of the last block. */
  #isLastShown = false
  readonly #ahead: ReadAhead
  /** Blocks that came back from the spool. */
  #returned = 0
  #wasBusy = false

  /** @param keeps it can be read more than once: nothing may come between the first reading and the last but where there is `trouble` */
  constructor(buffers: Buffers, plan: HeldPlan, keeps: boolean, owner: HeldOwner) {
    this.#buffers = buffers
    this.#plan = plan
    this.#keeps = keeps
    this.#ahead = new ReadAhead(buffers, keeps)
    this.#owner = owner
  }

  /** Bytes that are still to be read. */
  get unread(): number {
    return this.bytes - this.#at
  }

  get isSpooled(): boolean {
    return this.#file !== undefined
  }

  get room(): Room {
    if (this.trouble !== undefined) return 'none'
    return this.#file !== undefined && this.#file.queuedBytes >= MOST_QUEUED_BYTES ? 'busy' : 'free'
  }

  /** The bytes are copied. */
  append(chunk: Buffer, start: number, end: number): void {
    this.bytes += end - start
    this.#memoryBytes += end - start
    for (let at = start; at < end; ) {
      const block = this.#blockFor(end - at)
      const used = Math.min(end - at, block.bytes.length - block.used)
      chunk.copy(block.bytes, block.used, at, at + used)
      block.used += used
      at += used
    }
    if (this.trouble === undefined) this.#settle()
    this.#wasBusy = this.room === 'busy'
  }

  /** The next piece; undefined = all is read, or `onHeldReady` follows. A queue lets go of what it gives. */
  next(): Buffer | undefined {
    const file = this.#file
    if (file !== undefined) {
      if (this.#at < this.#fileAt + file.bytes) return this.#nextOfFile(file)
      if (file.isReturning) return undefined
      if (!this.#keeps) this.#closeFile()
    }
    const block = this.#blocks[this.#next]
    if (block === undefined) {
      if (!this.#keeps) this.trouble = undefined
      return undefined
    }
    this.#at += block.used
    if (this.#keeps) {
      this.#next += 1
      this.#isLastShown = this.#next === this.#blocks.length
    } else {
      this.#blocks.shift()
      this.#memoryBytes -= block.used
      this.#taken -= block.bytes.length
      this.#ahead.give(block.bytes.buffer as ArrayBuffer)
      if (this.unread === 0) this.trouble = undefined
    }
    return block.bytes.subarray(0, block.used)
  }

  /** Bytes that need not be held, in a block that is used again with those of what `next` gave. */
  copyOf(chunk: Buffer, start: number, end: number): Buffer {
    const block = this.#buffers.allocate(end - start)
    chunk.copy(block, 0, start, end)
    this.#ahead.give(block.buffer as ArrayBuffer)
    return block.subarray(0, end - start)
  }

  /** Nobody looks at what was given any more: its blocks are used again. */
  reuse(): void {
    this.#ahead.reuse()
  }

  /** It is read from the beginning again. */
  rewind(): void {
    this.#at = 0
    this.#next = 0
    this.#ahead.forget()
    this.#readAgain()
  }

  /** All of it, where all of it is in memory. */
  whole(): Buffer | undefined {
    if (this.#file !== undefined) return undefined
    return Buffer.concat(this.#blocks.map(({ bytes, used }) => bytes.subarray(0, used)))
  }

  /** Nothing of it is wanted any more. */
  end(): void {
    this.#file?.close()
    this.#file = undefined
    this.#blocks.length = 0
    this.#ahead.end()
    this.#buffers.leave(this.#taken)
    this.#taken = 0
  }

  #blockFor(bytes: number): Block {
    const last = this.#blocks.at(-1)
    if (last === undefined || last.used === BLOCK_BYTES || this.#isLastShown) return this.#addBlock(bytes)
    if (last.used === last.bytes.length) this.#grow(last, bytes)
    return last
  }

  #addBlock(bytes: number): Block {
    const block = { bytes: this.#buffers.allocate(bytes), used: 0 }
    this.#taken += block.bytes.length
    this.#blocks.push(block)
    this.#isLastShown = false
    return block
  }

  #grow(block: Block, bytes: number): void {
    const before = block.bytes
    block.bytes = this.#buffers.allocate(block.used + bytes)
    this.#taken += block.bytes.length
    before.copy(block.bytes, 0, 0, block.used)
    this.#free(before.buffer as ArrayBuffer)
  }

  /** What there is too much of in memory goes to the file. */
  #settle(): void {
    const isScarce = this.#buffers.isScarce
    if (isScarce || this.#memoryBytes > this.#plan.memoryBytes) this.#spill(isScarce || this.#file === undefined)
    else if (this.#file !== undefined) this.#spill(false)
    const from = this.#file === undefined ? this.#at : this.#fileAt
    if (this.trouble === undefined && (this.#keeps ? this.bytes : this.bytes - from) >= this.#plan.maxBytes)
      this.#stop('too-large')
  }

  /** @param all else what is worth a write */
  #spill(all: boolean): void {
    const file = this.#file ?? this.#openFile()
    if (typeof file === 'string') return this.#stop(file)
    for (let block = this.#blocks[0]; block !== undefined; block = this.#blocks[0]) {
      if (!all && block.used < WRITE_BYTES) return
      if (!file.write(block.bytes.buffer as ArrayBuffer, block.used)) return this.#stop('disk')
      this.#blocks.shift()
      this.#memoryBytes -= block.used
      this.spooledBytes += block.used
    }
  }

  #openFile(): SpoolFile | BufferTrouble {
    const file = this.#buffers.spool.open(this)
    if (typeof file === 'string') return file
    this.#file = file
    this.#fileAt = this.#at
    this.#readAgain()
    return file
  }

  #closeFile(): void {
    this.#file?.close()
    this.#file = undefined
    this.#ahead.end()
  }

  #stop(trouble: BufferTrouble): void {
    if (this.trouble !== undefined) return
    this.trouble = trouble
    this.#buffers.troubled(trouble)
  }

  #nextOfFile(file: SpoolFile): Buffer | undefined {
    const piece = this.#ahead.next(file)
    this.#at += piece?.length ?? 0
    return piece
  }

  /** What has been read of the file, and not been given, is read again. */
  #readAgain(): void {
    this.#ahead.goTo(this.#at - this.#fileAt)
  }

  #free(block: ArrayBuffer): void {
    this.#taken -= block.byteLength
    this.#buffers.free(block)
  }

  // ---- from the spool ----

  onWritten(block: ArrayBuffer, bytes: number): void {
    this.#free(block)
    this.#buffers.spooled(bytes)
    this.#tellRoom()
  }

  onRefused(block: ArrayBuffer, bytes: number, trouble: BufferTrouble): void {
    this.#blocks.splice(this.#returned, 0, { bytes: Buffer.from(block), used: bytes })
    this.#returned += 1
    this.#memoryBytes += bytes
    this.spooledBytes -= bytes
    this.#stop(trouble)
    if (this.#file?.isReturning === true) return
    this.#returned = 0
    this.#readAgain()
    if (this.#file?.bytes === 0) this.#closeFile()
    this.#owner.onHeldRoom()
    this.#owner.onHeldReady()
  }

  onRead(block: ArrayBuffer, bytes: number, round: number): void {
    if (this.#ahead.arrived(block, bytes, round)) this.#owner.onHeldReady()
  }

  onSlow(): void {
    this.#stop('disk-slow')
    this.#tellRoom()
  }

  onLost(detail: string): void {
    this.#file = undefined
    this.#ahead.end()
    this.#owner.onHeldLost(detail)
  }

  #tellRoom(): void {
    if (!this.#wasBusy || this.room === 'busy') return
    this.#wasBusy = false
    this.#owner.onHeldRoom()
  }
}
