// Takes rows and changes, hands them to the thread in batches, one at a time and in order, tries again
// where the disk fails, and says how it is. It never waits for the disk; no failure of it reaches traffic.

import type {
  AppendKind,
  AppendRows,
  Change,
  Committed,
  StoreHealth,
  StoreNotice,
  StoreOptions,
  StoreTuning,
} from '../contract.ts'
import { StoreError } from '../store-error.ts'
import {
  type FromThread,
  GATE,
  type ItemResult,
  type ToThread,
  type WriteFailure,
  type WriteItem,
} from '../thread/protocol.ts'
import { type Batch, commitsOf, itemsOf, settle, waitingIn } from './batch.ts'
import { Losses } from './losses.ts'
import { PendingCommit } from './pending-commit.ts'
import { Readers } from './readers.ts'
import { takenChange, takenRow } from './taken.ts'
import { type Lost, WriteQueue } from './write-queue.ts'

export interface WriterOptions {
  readonly path: string
  readonly tuning: StoreTuning
  readonly now: () => number
  readonly onHealth: NonNullable<StoreOptions['onHealth']>
  readonly onNotice: (notice: StoreNotice) => void
  /** Shared with the thread: see protocol.ts. */
  readonly gate: Int32Array
  readonly post: (message: ToThread) => void
}

const CLOSING_RETRY_MS = 100

export class StoreWriter {
  readonly #options: WriterOptions
  readonly #queue: WriteQueue<WriteItem, PendingCommit>
  #sent: Batch | undefined
  #number = 0
  #failures = 0
  #retry: NodeJS.Timeout | undefined
  #slow: NodeJS.Timeout | undefined
  readonly #losses = new Losses()
  readonly #readers = new Readers()
  #degraded: { readonly reason: string; readonly sinceMs: number } | undefined
  #phase: 'running' | 'closing' | 'closed' = 'running'
  #onIdle: (() => void) | undefined

  constructor(options: WriterOptions) {
    this.#options = options
    this.#queue = new WriteQueue(options.tuning.queueRows)
  }

  append<K extends AppendKind>(kind: K, row: AppendRows[K]): void {
    if (this.#phase !== 'running') {
      this.#losses.dropOne()
      return
    }
    try {
      this.#lose(this.#queue.add({ type: 'append', kind, row: takenRow(kind, row, this.#options.now()) }))
    } catch (error) {
      this.#badRow(kind, (error as Error).message)
    }
    this.#pump()
  }

  commit(change: Change): Promise<Committed> {
    if (this.#phase !== 'running') return Promise.reject(closedError())
    let whole: Change
    try {
      whole = takenChange(change, this.#options.now())
    } catch (error) {
      return Promise.reject(new StoreError('refused', `the change can not be stored: ${(error as Error).message}`))
    }
    const pending = new PendingCommit(whole, this.#options.tuning.commitWithinMs, commit => this.#late(commit))
    this.#queue.add({ type: 'commit', commit: pending })
    // Somebody waits: the disk may be back before the next try is due.
    this.#tryNow()
    return pending.promise
  }

  health(): StoreHealth {
    const waiting = this.#queue.length + waitingIn(this.#sent).length
    const counts = { waiting, dropped: this.#losses.dropped }
    return this.#degraded === undefined
      ? { status: 'ok', ...counts }
      : { status: 'degraded', ...this.#degraded, ...counts }
  }

  /** Resolves when all that was taken so far is in the file, or as soon as the file fails: a reader then sees what there is. */
  flushed(): Promise<void> {
    const left = this.#queue.length + (this.#sent?.entries.length ?? 0)
    return this.#readers.after(this.#degraded === undefined ? left : 0)
  }

  /** What the thread says of writing. */
  hear(message: FromThread): void {
    switch (message.type) {
      case 'opened':
        return this.#pump()
      case 'not-opened':
        return this.#failed(message.text)
      case 'written':
        return this.#written(message.number, message.results)
      case 'not-written':
        return this.#notWritten(message.number, message.failure)
      default:
        return
    }
  }

  /** The thread has ended. Its batch may or may not be in the file: its successor finds out. */
  threadLost(reason: string): void {
    const sent = this.#sent
    if (sent?.underWay) {
      sent.underWay = false
      sent.doubtful = true
    }
    this.#failed(reason)
  }

  /** Resolves when all is written or the time is over, with the number of rows that are left. */
  async close(withinMs: number): Promise<number> {
    this.#phase = 'closing'
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, withinMs)
      this.#onIdle = () => {
        clearTimeout(timer)
        resolve()
      }
      this.#tryNow()
    })
    this.#phase = 'closed'
    this.#readers.letAll()
    clearTimeout(this.#retry)
    clearTimeout(this.#slow)
    const left = this.health().waiting
    for (const commit of this.#queue.commits()) commit.reject(this.#notWrittenError())
    for (const commit of commitsOf(this.#sent)) commit.rejectUnknown(this.#options.path)
    return left
  }

  #tryNow(): void {
    clearTimeout(this.#retry)
    this.#retry = undefined
    this.#pump()
  }

  /** Sends the next batch, if none is under way and none is to wait. */
  #pump(force = false): void {
    if (this.#sent?.underWay || this.#retry !== undefined || this.#phase === 'closed') return
    if (this.#sent === undefined && this.#queue.length === 0 && !this.#losses.toConfess && !force) {
      this.#readers.letAll()
      this.#onIdle?.()
      return
    }
    this.#sent ??= this.#nextBatch()
    this.#send(this.#sent)
  }

  #nextBatch(): Batch {
    const { tuning, now } = this.#options
    this.#number += 1
    const nowMs = now()
    const lost = this.#losses.take()
    const lostRow = this.#losses.confession(lost, nowMs)
    const entries = this.#queue.take(tuning.batchRows)
    return { number: this.#number, nowMs, entries, lost, lostRow, doubtful: false, underWay: false }
  }

  #send(sent: Batch): void {
    sent.underWay = true
    Atomics.store(this.#options.gate, 0, GATE.idle)
    const { path, tuning } = this.#options
    this.#slow = setTimeout(
      () => this.#degrade(`${path} has not answered for ${tuning.slowMs / 1000} s: look at its disk`),
      tuning.slowMs,
    ).unref()
    this.#options.post({ type: 'write', number: sent.number, nowMs: sent.nowMs, items: itemsOf(sent) })
  }

  #written(number: number, results: readonly ItemResult[]): void {
    const sent = this.#answered(number)
    if (sent === undefined) return
    this.#sent = undefined
    settle(sent, results, (kind, text) => this.#badRow(kind, text))
    this.#readers.written(sent.entries.length)
    this.#failures = 0
    if (this.#degraded !== undefined) {
      this.#degraded = undefined
      this.#options.onHealth(this.health())
    }
    this.#pump()
  }

  #notWritten(number: number, failure: WriteFailure): void {
    const sent = this.#answered(number)
    if (sent === undefined) return
    if (failure.certain) this.#takeBack(sent)
    else sent.doubtful = true
    this.#failed(failure.text)
  }

  /** Nothing of it is in the file: what nobody has given up goes back to where it came from. */
  #takeBack(sent: Batch): void {
    this.#sent = undefined
    this.#losses.putBack(sent.lost)
    const kept = waitingIn(sent)
    for (const commit of commitsOf(sent)) commit.notDurable()
    this.#lose(this.#queue.putBack(kept))
  }

  #answered(number: number): Batch | undefined {
    const sent = this.#sent
    if (sent === undefined || !sent.underWay || sent.number !== number) return undefined
    sent.underWay = false
    clearTimeout(this.#slow)
    return sent
  }

  #failed(reason: string): void {
    clearTimeout(this.#slow)
    this.#failures += 1
    this.#degrade(reason)
    const { firstRetryMs, longestRetryMs } = this.#options.tuning
    const delayMs =
      this.#phase === 'closing'
        ? CLOSING_RETRY_MS
        : Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(this.#failures - 1, 20))
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => {
      this.#retry = undefined
      // Even where nothing waits: a store that works again says so by itself.
      this.#pump(true)
    }, delayMs)
  }

  /** A commit has waited for as long as its caller may. What is said of it must be true. */
  #late(commit: PendingCommit): void {
    if (this.#queue.remove(commit)) {
      commit.reject(this.#notWrittenError())
      return
    }
    const sent = this.#sent
    const { gate, path } = this.#options
    const forbidden =
      sent?.doubtful === false && Atomics.compareExchange(gate, 0, GATE.idle, GATE.forbidden) !== GATE.committing
    if (forbidden) commit.reject(this.#notWrittenError())
    else commit.rejectUnknown(path)
  }

  #notWrittenError(): StoreError {
    const { path, tuning } = this.#options
    const reason = this.#degraded?.reason ?? `${path} did not answer within ${tuning.commitWithinMs / 1000} s`
    return new StoreError('not-written', `nothing was changed, as it can not be recorded: ${reason}`)
  }

  #lose(lost: Lost): void {
    if (!this.#losses.add(lost, this.#options.now())) return
    this.#notice('error', 'the store can not keep up: its oldest waiting rows are given up')
  }

  #degrade(reason: string): void {
    this.#readers.letAll()
    if (this.#degraded?.reason === reason) return
    this.#degraded = { reason, sinceMs: this.#degraded?.sinceMs ?? this.#options.now() }
    this.#options.onHealth(this.health())
  }

  /** It can't be stored for what it is. */
  #badRow(kind: AppendKind, text: string): void {
    this.#losses.dropOne()
    this.#notice('warn', `a row of kind ${kind} can not be stored: ${text}`)
  }

  #notice(level: StoreNotice['level'], text: string): void {
    this.#options.onNotice({ level, text })
  }
}

export function closedError(): StoreError {
  return new StoreError('closed', 'the store is closed: vigia is stopping')
}
