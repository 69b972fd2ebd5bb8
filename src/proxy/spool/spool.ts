// The spool as a worker sees it: files for what bodies have beyond their memory. Its thread is asked for with the first of them. Nothing
// here waits for the disk; where the disk is slow, full or broken, bodies are told so, and no file is begun for a while.

import { performance } from 'node:perf_hooks'
import type { MessagePort } from 'node:worker_threads'
import type { BufferLimits } from '../../policy/process/buffer-limits.ts'
import { type BufferTrouble, isOfDisk } from '../../policy/request/buffering/trouble.ts'
import { ACCOUNT, type BufferAccounts, unitsOf } from '../../shared/buffer-accounts.ts'
import type { FromSpool, ToSpool } from './protocol.ts'
import { SpoolFile, type SpoolHost, type SpoolOwner } from './spool-file.ts'

/** A disk that does not take a write for so long counts as slow. */
const SLOW_MS = 4000
/** Until the thread has answered for the first time: it starts meanwhile. */
const STARTING_MS = 30_000
/** After a trouble of the disk, no file is begun for so long. */
const PAUSE_MS = 10_000
/** Between two looks; after more this thread stood still itself, and what the disk has done is yet to be read. */
const STANDSTILL_MS = 1000

export interface SpoolRuntime {
  /** Asks control for a port to the thread: `connect` follows. */
  askForSpool(): void
  /** The disk is in trouble: to be said now and then. @param detail one line */
  spoolTrouble(trouble: BufferTrouble, detail: string): void
}

export class Spool implements SpoolHost {
  readonly limits: BufferLimits
  readonly #accounts: BufferAccounts
  readonly #runtime: SpoolRuntime
  readonly #files = new Map<number, SpoolFile>()
  #port: MessagePort | undefined
  #isAsked = false
  /** What waits for the port. */
  #waiting: ToSpool[] = []
  #lastFile = 0
  /** How long a write may take, ms. */
  #patienceMs = STARTING_MS
  #trouble: BufferTrouble = 'disk-failed'
  /** All monotonic ms. */
  #pausedUntilMs = 0
  #lookedMs = 0
  #awakeMs = 0

  constructor(limits: BufferLimits, accounts: BufferAccounts, runtime: SpoolRuntime) {
    this.limits = limits
    this.#accounts = accounts
    this.#runtime = runtime
  }

  /** A file for one body, made with its first write; else why there is none. */
  open(owner: SpoolOwner): SpoolFile | BufferTrouble {
    if (performance.now() < this.#pausedUntilMs) return this.#trouble
    if (this.limits.diskBytes === 0) return 'memory'
    if (!this.#accounts.take(ACCOUNT.files, 1, this.limits.files)) return 'files'
    this.#lastFile += 1
    const file = new SpoolFile(this.#lastFile, this, owner)
    this.#files.set(file.id, file)
    return file
  }

  /** The port that was asked for. */
  connect(port: MessagePort): void {
    this.#isAsked = false
    this.#port = port
    this.#patienceMs = STARTING_MS
    port.on('message', (message: FromSpool) => this.#heard(message))
    port.on('close', () => this.#lost(port))
    const waiting = this.#waiting
    this.#waiting = []
    for (const message of waiting) this.send(message)
  }

  /** To be called now and then: files that wait for the disk for too long go without it. */
  look(nowMs: number): void {
    if (nowMs - this.#lookedMs > STANDSTILL_MS) this.#awakeMs = nowMs
    this.#lookedMs = nowMs
    for (const file of this.#files.values()) {
      if (nowMs - Math.max(file.waitsSinceMs, this.#awakeMs) < this.#patienceMs) continue
      this.pause('disk-slow', `the disk has not taken a write for ${this.#patienceMs / 1000} s`)
      file.giveUp()
    }
  }

  /** No file is begun for a while. */
  pause(trouble: BufferTrouble, detail: string): void {
    if (!isOfDisk(trouble)) return
    this.#trouble = trouble
    this.#pausedUntilMs = performance.now() + PAUSE_MS
    this.#runtime.spoolTrouble(trouble, detail)
  }

  // ---- for its files ----

  takeDisk(units: number): boolean {
    return this.#accounts.take(ACCOUNT.disk, units, unitsOf(this.limits.diskBytes))
  }

  leaveDisk(units: number): void {
    this.#accounts.leave(ACCOUNT.disk, units)
  }

  send(message: ToSpool): void {
    if (this.#port) this.#port.postMessage(message, blockOf(message))
    else if (message.type === 'close') this.#waiting = this.#waiting.filter(({ file }) => file !== message.file)
    else {
      this.#waiting.push(message)
      if (!this.#isAsked) this.#runtime.askForSpool()
      this.#isAsked = true
    }
  }

  closed(file: SpoolFile): void {
    this.#files.delete(file.id)
    this.#accounts.leave(ACCOUNT.files, 1)
  }

  #heard(message: FromSpool): void {
    this.#patienceMs = SLOW_MS
    this.#files.get(message.file)?.heard(message)
  }

  /** The thread has died, and its files with it. */
  #lost(port: MessagePort): void {
    if (this.#port !== port) return
    this.#port = undefined
    this.pause('disk-failed', 'the thread that writes the files of buffers has ended')
    for (const file of [...this.#files.values()]) file.lose('the thread that had its file has ended')
  }
}

function blockOf(message: ToSpool): ArrayBuffer[] {
  if (message.type === 'write') return [message.bytes]
  return message.type === 'read' ? [message.into] : []
}
