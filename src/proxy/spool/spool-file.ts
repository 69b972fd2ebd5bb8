// One body's file in the spool, as its worker sees it: what is written goes to its end, and is read from anywhere.

import { performance } from 'node:perf_hooks'
import type { BufferTrouble } from '../../policy/request/buffering/trouble.ts'
import { unitsOf } from '../../shared/buffer-accounts.ts'
import type { FromSpool, SpoolPlace, ToSpool } from './protocol.ts'

export interface SpoolOwner {
  /** A block has been written, and is free for other use. @param bytes of it that were used */
  onWritten(block: ArrayBuffer, bytes: number): void
  /** A block is back, unwritten: with all that follow, in their order. */
  onRefused(block: ArrayBuffer, bytes: number, trouble: BufferTrouble): void
  /** @param bytes of the block that were read @param round of the request */
  onRead(block: ArrayBuffer, bytes: number, round: number): void
  /** Nothing of the file can be read any more. @param detail one line */
  onLost(detail: string): void
  /** The disk takes too long: nothing more is to be written. */
  onSlow(): void
}

/** What a file needs of the spool. */
export interface SpoolHost {
  readonly limits: SpoolPlace
  /** @returns false where so many units of disk space are not to be had */
  takeDisk(units: number): boolean
  leaveDisk(units: number): void
  send(message: ToSpool): void
  /** The disk is in trouble: no file is begun for a while. @param detail one line */
  pause(trouble: BufferTrouble, detail: string): void
  closed(file: SpoolFile): void
}

export class SpoolFile {
  readonly id: number
  readonly #spool: SpoolHost
  readonly #owner: SpoolOwner
  /** Written, and on their way. */
  bytes = 0
  /** On their way to the disk. */
  queuedBytes = 0
  /** Since when it waits for the disk to take something, monotonic ms; Infinity = it does not. */
  waitsSinceMs = Number.POSITIVE_INFINITY
  #isBegun = false
  #isOver = false
  /** Of disk space, in the account. */
  #units = 0
  #isRefused = false

  constructor(id: number, spool: SpoolHost, owner: SpoolOwner) {
    this.id = id
    this.#spool = spool
    this.#owner = owner
  }

  /** Blocks that were refused are still to come back: until then it is not known where the file ends. */
  get isReturning(): boolean {
    return this.#isRefused && this.queuedBytes > 0
  }

  /** Takes a block away, to be written at the end. @returns false where there is no disk space for it: it stays where it is */
  write(block: ArrayBuffer, bytes: number): boolean {
    const units = unitsOf(bytes)
    if (this.#isRefused || !this.#spool.takeDisk(units)) return false
    const { directory, keepFreeBytes } = this.#spool.limits
    const create = this.#isBegun ? undefined : { directory, keepFreeBytes }
    this.#isBegun = true
    this.#units += units
    this.bytes += bytes
    if (this.queuedBytes === 0) this.waitsSinceMs = performance.now()
    this.queuedBytes += bytes
    this.#spool.send({ type: 'write', file: this.id, bytes: block, length: bytes, create })
    return true
  }

  /** Takes a block away, to be read into; `onRead` or `onLost` follows. @param round comes back with it */
  read(at: number, bytes: number, block: ArrayBuffer, round: number): void {
    this.#spool.send({ type: 'read', file: this.id, at, length: bytes, into: block, round })
  }

  close(): void {
    if (this.#isOver) return
    this.#end()
    if (this.#isBegun) this.#spool.send({ type: 'close', file: this.id })
  }

  // ---- for the spool ----

  heard(message: FromSpool): void {
    switch (message.type) {
      case 'written':
        this.#arrived(message.length)
        return this.#owner.onWritten(message.bytes, message.length)
      case 'refused':
        if (!this.#isRefused) this.#spool.pause(message.trouble, message.detail)
        this.#isRefused = true
        this.bytes -= message.length
        this.#arrived(message.length)
        return this.#owner.onRefused(message.bytes, message.length, message.trouble)
      case 'read':
        return this.#owner.onRead(message.bytes, message.length, message.round)
      case 'unreadable':
        this.#spool.pause('disk-failed', message.detail)
        return this.lose(message.detail)
    }
  }

  /** What is on its way stays so. */
  giveUp(): void {
    this.waitsSinceMs = Number.POSITIVE_INFINITY
    this.#owner.onSlow()
  }

  lose(detail: string): void {
    if (this.#isOver) return
    this.close()
    this.#owner.onLost(detail)
  }

  #arrived(bytes: number): void {
    this.queuedBytes -= bytes
    this.waitsSinceMs = this.queuedBytes > 0 ? performance.now() : Number.POSITIVE_INFINITY
  }

  #end(): void {
    this.#isOver = true
    this.#spool.leaveDisk(this.#units)
    this.#spool.closed(this)
  }
}
