// Starts the store: a thread that owns the file, a writer that feeds it, queries that ask it. Replaces the thread where it ends.

import { randomUUID } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import type {
  AppendKind,
  AppendRows,
  Change,
  Committed,
  Store,
  StoreHealth,
  StoreOptions,
  StoreTuning,
} from '../contract.ts'
import { copyPath, fetchCopy, type StoredOrders } from '../file/orders-copy.ts'
import { StoreError } from '../store-error.ts'
import type { FromThread, QueryName, ThreadStart, ToThread } from '../thread/protocol.ts'
import { DEFAULT_RETENTION, DEFAULT_TUNING, LEAST_AUDIT_DAYS } from '../tuning.ts'
import { Questions } from './questions.ts'
import { closedError, StoreWriter } from './store-writer.ts'

/** Between turns of tidying, so that writes come in between. */
const NEXT_TURN_MS = 50
/** What the thread may take to close the file beyond the time for writing. */
const CLOSE_GRACE_MS = 1_000

/**
 * Resolves when the file is open; or, where it can't be opened for now, with a degraded store that goes on trying.
 * Rejects with StoreError `locked`, `newer` or `foreign`: the file must not be used, and was not touched.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const store = new ThreadedStore(options)
  await store.opened()
  return store
}

/**
 * What people had ordered when the store was last written, from the copy beside it, without the store's thread. Never rejects, and takes as
 * long as the disk does; undefined = there is none that can be read.
 */
export function ordersBeside(path: string): Promise<StoredOrders | undefined> {
  return fetchCopy(copyPath(path))
}

class ThreadedStore implements Store {
  readonly #options: StoreOptions
  readonly #tuning: StoreTuning
  readonly #start: ThreadStart
  readonly #writer: StoreWriter
  readonly #questions: Questions
  readonly #opening = Promise.withResolvers<void>()
  #thread: Worker
  #tidyTimer: NodeJS.Timeout | undefined
  /** From when on rows are deleted for their age, monotonic ms: not by a clock that may be wrong still. */
  #agesFromMs: number
  #onClosed: (() => void) | undefined
  #closing: Promise<{ readonly unwritten: number }> | undefined
  /** The file must not be used: there is nothing to try again. */
  #unusable = false

  constructor(options: StoreOptions) {
    const { path, retention, now = Date.now, onHealth, onNotice } = options
    this.#options = options
    this.#tuning = { ...DEFAULT_TUNING, ...options.tuning }
    this.#agesFromMs = performance.now() + this.#tuning.agesEveryMs
    const kept = { ...DEFAULT_RETENTION, ...retention }
    const gate = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
    this.#start = {
      path,
      busyMs: this.#tuning.busyMs,
      retention: { ...kept, auditDays: Math.max(LEAST_AUDIT_DAYS, kept.auditDays) },
      gate,
      writer: randomUUID(),
    }
    this.#writer = new StoreWriter({
      path,
      tuning: this.#tuning,
      now,
      onHealth: health => onHealth?.(health),
      onNotice: notice => onNotice?.(notice),
      gate: new Int32Array(gate),
      post: message => this.#post(message),
    })
    this.#questions = new Questions(path, this.#tuning.queryWithinMs)
    this.#thread = this.#spawn()
    this.#tidyAfter(this.#tuning.tidyEveryMs)
  }

  async opened(): Promise<void> {
    const timer = setTimeout(() => {
      this.#writer.hear({
        type: 'not-opened',
        text: `${this.#options.path} has not opened yet: look at its disk`,
        code: undefined,
      })
      this.#opening.resolve()
    }, this.#tuning.openWithinMs)
    try {
      await this.#opening.promise
    } finally {
      clearTimeout(timer)
    }
  }

  append<K extends AppendKind>(kind: K, row: AppendRows[K]): void {
    this.#writer.append(kind, row)
  }

  commit(change: Change): Promise<Committed> {
    return this.#writer.commit(change)
  }

  health(): StoreHealth {
    return this.#writer.health()
  }

  audit: Store['audit'] = (query = {}) => this.#ask('audit', query)
  transitions: Store['transitions'] = (query = {}) => this.#ask('transitions', query)
  incidents: Store['incidents'] = (query = {}) => this.#ask('incidents', query)
  inDoubt: Store['inDoubt'] = (query = {}) => this.#ask('inDoubt', query)
  configurations: Store['configurations'] = (query = {}) => this.#ask('configurations', query)
  configuration: Store['configuration'] = id => this.#ask('configuration', id)
  overrides: Store['overrides'] = () => this.#ask('overrides', undefined)
  windows: Store['windows'] = () => this.#ask('windows', undefined)
  secrets: Store['secrets'] = () => this.#ask('secrets', undefined)

  close(): Promise<{ readonly unwritten: number }> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<{ readonly unwritten: number }> {
    clearTimeout(this.#tidyTimer)
    const unwritten = await this.#writer.close(this.#tuning.closeWithinMs)
    this.#questions.rejectAll(closedError())
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, CLOSE_GRACE_MS)
      this.#onClosed = () => {
        clearTimeout(timer)
        resolve()
      }
      this.#post({ type: 'close' })
    })
    // A thread that still waits for its disk ends when the disk lets it; nobody waits with it.
    this.#thread.unref()
    void this.#thread.terminate()
    return { unwritten }
  }

  #ask<T>(query: QueryName, argument: unknown): Promise<T> {
    if (this.#closing !== undefined) return Promise.reject(closedError())
    const { id, answer } = this.#questions.add()
    // Who has appended something and looks for it finds it.
    void this.#writer.flushed().then(() => {
      if (this.#questions.waits(id)) this.#post({ type: 'query', id, query, argument })
    })
    return answer as Promise<T>
  }

  #hear(message: FromThread): void {
    switch (message.type) {
      case 'answer':
        return this.#questions.resolve(message.id, message.answer)
      case 'no-answer':
        return this.#questions.reject(message.id, new StoreError('unavailable', message.text))
      case 'tidied':
        if (message.aged) this.#agesFromMs = Math.max(this.#agesFromMs, performance.now() + this.#tuning.agesEveryMs)
        return this.#tidyAfter(message.more ? NEXT_TURN_MS : this.#tuning.tidyEveryMs)
      case 'notice':
        this.#options.onNotice?.(message.notice)
        return
      case 'closed':
        this.#onClosed?.()
        return
      case 'not-opened':
        if (message.code !== undefined) return this.#refuse(new StoreError(message.code, message.text))
        this.#writer.hear(message)
        this.#opening.resolve()
        return
      case 'opened':
        this.#writer.hear(message)
        this.#opening.resolve()
        return
      case 'written':
      case 'not-written':
        return this.#writer.hear(message)
    }
  }

  #refuse(error: StoreError): void {
    this.#unusable = true
    clearTimeout(this.#tidyTimer)
    void this.#thread.terminate().then(() => this.#opening.reject(error))
  }

  #spawn(): Worker {
    const thread = new Worker(new URL('../thread/store-thread.ts', import.meta.url), {
      workerData: this.#start,
      name: 'store',
    })
    thread.on('message', (message: FromThread) => this.#hear(message))
    let reason = 'the thread of the store has ended'
    thread.on('error', (error: Error) => {
      reason = `the thread of the store has failed: ${error.message}`
    })
    thread.on('exit', () => {
      if (this.#unusable || this.#closing !== undefined) return
      this.#questions.rejectAll(new StoreError('unavailable', reason))
      this.#thread = this.#spawn()
      this.#writer.threadLost(reason)
    })
    return thread
  }

  #post(message: ToThread): void {
    this.#thread.postMessage(message)
  }

  keepAll(ms: number): void {
    this.#agesFromMs = performance.now() + ms
  }

  #tidyAfter(delayMs: number): void {
    if (this.#closing !== undefined || this.#unusable) return
    clearTimeout(this.#tidyTimer)
    const tidy = () => {
      const ages = performance.now() >= this.#agesFromMs
      this.#post({ type: 'tidy', nowMs: (this.#options.now ?? Date.now)(), ages })
    }
    this.#tidyTimer = setTimeout(tidy, delayMs).unref()
  }
}
