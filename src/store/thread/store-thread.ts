// The thread that owns the file: opens it, writes batches, answers queries, tidies. It waits for the disk so that nobody else does.
// It never retries by itself: whether and when is decided in main/store-writer.ts.

import type { DatabaseSync } from 'node:sqlite'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import type { Override, StoredSecret, StoredWindow } from '../contract.ts'
import { type FileLock, lockStore } from '../file/file-lock.ts'
import { storePath } from '../file/file-names.ts'
import { copyPath, copyText, writeCopy } from '../file/orders-copy.ts'
import { openStoreFile, type StoreFile, writeBack } from '../file/store-file.ts'
import { faultOf } from '../sqlite-fault.ts'
import { StoreError } from '../store-error.ts'
import type { FromThread, ThreadStart, ToThread, WriteFailure, WriteItem } from './protocol.ts'
import { answer } from './queries.ts'
import { tidy } from './retention.ts'
import { alreadyWritten, BatchFailed, writeBatch } from './write-batch.ts'

type Write = ToThread & { type: 'write' }

class StoreThread {
  readonly #port: MessagePort
  readonly #start: ThreadStart
  readonly #gate: Int32Array
  readonly #path: string
  /** Found without asking where the store really is: whoever reads it must not wait for its disk. */
  readonly #copy: string
  #lock: FileLock | undefined
  #file: StoreFile | undefined
  /** What a write has found broken: the next opening sets the file aside, whatever a check says. */
  #distrust: string | undefined
  /** What the copy of people's orders says; undefined = not known, or it could not be written. */
  #copied: string | undefined
  #copyTrouble = ''

  constructor(port: MessagePort, start: ThreadStart) {
    this.#port = port
    this.#start = start
    this.#gate = new Int32Array(start.gate)
    this.#path = storePath(start.path)
    this.#copy = copyPath(start.path)
  }

  open(): void {
    try {
      this.#usable(Date.now())
      this.#say({ type: 'opened' })
    } catch (error) {
      const code = error instanceof StoreError ? error.code : undefined
      this.#say({ type: 'not-opened', text: this.#words(error), code })
    }
  }

  take(message: ToThread): void {
    switch (message.type) {
      case 'write':
        return this.#write(message)
      case 'query':
        try {
          const { db } = this.#usable(Date.now())
          this.#say({ type: 'answer', id: message.id, answer: answer(db, message.query, message.argument) })
        } catch (error) {
          this.#say({ type: 'no-answer', id: message.id, text: this.#words(error) })
        }
        return
      case 'tidy':
        return this.#tidy(message.nowMs, message.ages)
      case 'close':
        return this.#close()
    }
  }

  #write({ number, nowMs, items }: Write): void {
    const batch = { writer: this.#start.writer, number, nowMs, items }
    try {
      const { db } = this.#usable(nowMs)
      this.#say({ type: 'written', number, results: writeBatch(db, this.#path, batch, this.#gate) })
      if (items.some(changesOrders)) this.#copyOrders(db)
    } catch (error) {
      const failure = this.#failureOf(error)
      this.#leaveIfBroken(failure)
      if (failure.certain) this.#say({ type: 'not-written', number, failure })
      else this.#findOut(batch, failure)
    }
  }

  /** The commit itself failed: only the file can tell whether it came to be. A fresh connection reads what a restart would. */
  #findOut(batch: { writer: string; number: number; nowMs: number }, failure: WriteFailure): void {
    const { number } = batch
    try {
      this.#leave()
      // Whatever opens the file brings the copy up to date.
      const results = alreadyWritten(this.#usable(batch.nowMs).db, batch)
      if (results !== undefined) this.#say({ type: 'written', number, results })
      else this.#say({ type: 'not-written', number, failure: { ...failure, certain: true } })
    } catch {
      this.#say({ type: 'not-written', number, failure })
    }
  }

  /** Nobody waits for it. What it says is what the store says: an order counts without it. */
  #copyOrders(db: DatabaseSync): void {
    try {
      const text = copyText({
        overrides: answer(db, 'overrides', undefined) as readonly Override[],
        windows: answer(db, 'windows', undefined) as readonly StoredWindow[],
        secrets: answer(db, 'secrets', undefined) as readonly StoredSecret[],
      })
      if (text === this.#copied) return
      this.#copied = undefined
      writeCopy(this.#copy, text)
      this.#copied = text
      this.#copyTrouble = ''
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      const text = `${this.#copy} can't be written: at a start where the store can't be read, the newest orders would not be known: ${why}`
      if (text !== this.#copyTrouble) this.#say({ type: 'notice', notice: { level: 'warn', text } })
      this.#copyTrouble = text
    }
  }

  /** Opens the file where it isn't open, and makes sure that it is still the file of that name. */
  #usable(nowMs: number): StoreFile {
    this.#lock ??= lockStore(this.#path)
    const options = {
      busyMs: this.#start.busyMs,
      nowMs,
      distrust: this.#distrust,
      copy: this.#copy,
      notice: (level: 'error' | 'warn', text: string) => this.#say({ type: 'notice', notice: { level, text } }),
    }
    const file = this.#file
    switch (file?.presence()) {
      case 'there':
        return file!
      case 'gone':
        this.#file = writeBack(file!, options)
        return this.#file
      case 'replaced':
        // Two files, both with a claim: a person decides. The log beside it belongs to ours, so the other one must not be opened.
        throw new StoreError(
          'unavailable',
          `${this.#path} was replaced by another file while vigia runs: put the former one back, or restart vigia to use this one`,
        )
      case 'log-gone':
        this.#leave()
        break
      case undefined:
        break
    }
    this.#file = openStoreFile(this.#path, options)
    this.#distrust = undefined
    this.#copyOrders(this.#file.db)
    return this.#file
  }

  /** @param ages also for their age */
  #tidy(nowMs: number, ages: boolean): void {
    let more = false
    try {
      more = tidy(this.#usable(nowMs).db, this.#path, this.#start.retention, ages ? nowMs : undefined)
    } catch (error) {
      // The next write meets the same and says so; only what it would not meet is said here.
      const { kind, text } = faultOf(error, this.#path)
      if (kind === 'row') this.#say({ type: 'notice', notice: { level: 'warn', text: `old rows stay: ${text}` } })
    }
    this.#say({ type: 'tidied', more, aged: ages && !more })
  }

  #failureOf(error: unknown): WriteFailure {
    if (error instanceof BatchFailed) return error.failure
    if (error instanceof StoreError) return { kind: 'unusable', text: error.message, certain: true }
    return { ...faultOf(error, this.#path), certain: true }
  }

  #leaveIfBroken({ kind, text }: WriteFailure): void {
    if (kind === 'corrupt') this.#distrust = text
    // A deleted file lives on in its connection only: that one is kept until the file is written back.
    const gone = this.#file?.presence() === 'gone'
    if (kind === 'corrupt' || (kind === 'file' && !gone)) this.#leave()
  }

  #leave(): void {
    const file = this.#file
    this.#file = undefined
    try {
      file?.close()
    } catch {
      // Closing is all that is wanted of it.
    }
  }

  #close(): void {
    this.#leave()
    this.#lock?.release()
    this.#lock = undefined
    this.#say({ type: 'closed' })
    this.#port.close()
  }

  #words(error: unknown): string {
    return error instanceof StoreError ? error.message : faultOf(error, this.#path).text
  }

  #say(message: FromThread): void {
    this.#port.postMessage(message)
  }
}

function changesOrders(item: WriteItem): boolean {
  if (item.type !== 'commit') return false
  const { overrides = [], windows = [], secrets = [] } = item.change
  return overrides.length + windows.length + secrets.length > 0
}

if (parentPort !== null) {
  const thread = new StoreThread(parentPort, workerData as ThreadStart)
  parentPort.on('message', (message: ToThread) => thread.take(message))
  thread.open()
}
