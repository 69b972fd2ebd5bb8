// The store as control uses it: opened beside everything else, never waited for by traffic. Orders of people are written before they
// are carried out; what happened by itself is written when that is possible. Where there is no store, everything is carried out as it comes.

import type { Logger } from '../../logging/logger.ts'
import type { StorePlan } from '../../plan/store.ts'
import type { AppendKind, AppendRows, Change, Store, StoreHealth } from '../../store/contract.ts'
import { openStore } from '../../store/main/store.ts'
import { StoreError } from '../../store/store-error.ts'
import { ChangeWriter } from './change-writer.ts'
import { type Kept, type OrdersFrom, StoreOpening } from './store-opening.ts'

export interface RecordsOptions {
  /** Undefined = nothing is kept. */
  readonly plan: StorePlan | undefined
  readonly logger: Logger
  /** Called once, when the file is open and was read. */
  readonly onOpen: (kept: Kept, store: Store) => void
  /** Called at most once, before `onOpen`: the file could not be read at the start. @param copy of the orders; undefined = there is none */
  readonly onUnread: (copy: Kept | undefined) => void
  /** Opens the store; tests have others. */
  readonly open?: typeof openStore
}

export interface OrderOptions {
  /** Also where it can't be recorded; then it is recorded as soon as that is possible. */
  readonly unrecorded: boolean
}

/** `none`: there is no store, so a restart forgets it. */
export type Recorded = 'recorded' | 'later' | 'none'

/** The order was not carried out, because it could not be recorded. The message is one line. */
export class NotRecorded extends Error {}

export interface RecordsHealth {
  /** `opening`: it has not been read yet. */
  readonly state: 'ok' | 'degraded' | 'opening'
  /** One line; undefined = it is ok. */
  readonly reason: string | undefined
  /** Epoch ms; undefined = it is ok. */
  readonly sinceMs: number | undefined
  /** Rows, and orders, that are not on the disk yet. */
  readonly waiting: number
  /** Rows that were given up since the start. */
  readonly dropped: number
  readonly ordersFrom: OrdersFrom
}

/** So long may people need to see that a clock is wrong. */
const KEEP_ALL_MS = 86_400_000

export class Records {
  readonly #plan: StorePlan | undefined
  readonly #logger: Logger
  readonly #opening: StoreOpening | undefined
  readonly #writer = new ChangeWriter({
    store: () => this.#opening?.store,
    notOpen: () => this.#notOpen(),
    trouble: () => this.health().reason,
  })
  readonly #beganMs = Date.now()
  #closed = false

  constructor({ plan, logger, onOpen, onUnread, open = openStore }: RecordsOptions) {
    this.#plan = plan
    this.#logger = logger
    this.#opening =
      plan &&
      new StoreOpening({
        plan,
        logger,
        open,
        onUnread,
        onHealth: health => this.#healthChanged(health),
        onOpen: (kept, store) => {
          onOpen(kept, store)
          void this.#writer.flush()
        },
      })
  }

  /** Whether anything is kept at all. */
  get enabled(): boolean {
    return this.#opening !== undefined
  }

  /** Begins to open the file; goes on trying where it can't be opened. */
  start(): void {
    this.#opening?.start()
  }

  /** Resolves when what was kept has been read, or after `withinMs`. */
  async ready(withinMs: number): Promise<void> {
    await this.#opening?.ready(withinMs)
  }

  /** What happened by itself. Never throws, never waits. */
  append<K extends AppendKind>(kind: K, row: AppendRows[K]): void {
    if (!this.#closed) this.#opening?.append(kind, row)
  }

  /**
   * Carries out what somebody asked for once it is on the disk. Rejects with NotRecorded, nothing carried out, where it can't be
   * recorded. @param apply carries it out; not called where it is refused
   */
  async order(change: Change, { unrecorded }: OrderOptions, apply: () => void): Promise<Recorded> {
    if (!this.enabled) {
      apply()
      return 'none'
    }
    if (unrecorded && this.health().state !== 'ok') return this.#carryOut(change, apply)
    try {
      await this.#writer.write(change, apply)
      apply()
      return 'recorded'
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      if (unrecorded && error.code !== 'refused' && error.code !== 'unknown') return this.#carryOut(change, apply)
      throw new NotRecorded(refusalOf(error))
    }
  }

  /** Changes that are made already: written as soon as that is possible, before any later order. */
  later(change: Change): void {
    if (!this.enabled || this.#closed) return
    this.#writer.backlog.add(change)
    void this.#writer.flush()
  }

  /** Whether an override is carried out that is not on the disk. */
  isUnrecorded(pool: string, upstream: string | undefined, kind: string): boolean {
    return this.#writer.backlog.holds(pool, upstream, kind)
  }

  /** The clock was set: for a day nothing is deleted for its age. */
  clockStepped(): void {
    this.#opening?.store?.keepAll(KEEP_ALL_MS)
  }

  /** Asks the store. Rejects with StoreError `unavailable` where there is none, or none that is open. */
  async query<T>(ask: (store: Store) => Promise<T>): Promise<T> {
    if (!this.enabled)
      throw new StoreError('unavailable', 'vigia keeps nothing: name a file with the key "store" of the configuration')
    const store = this.#opening?.store
    if (store === undefined) throw new StoreError('unavailable', this.#notOpen())
    return ask(store)
  }

  /** `ok` where there is no store. */
  health(): RecordsHealth {
    const opening = this.#opening
    const store = opening?.store?.health()
    const waiting = this.#writer.backlog.size + (opening?.early.waiting ?? 0) + (store?.waiting ?? 0)
    const dropped = this.#writer.backlog.dropped + (opening?.early.dropped ?? 0) + (store?.dropped ?? 0)
    const counts = { waiting, dropped, ordersFrom: opening?.ordersFrom ?? 'nowhere' }
    if (opening !== undefined && store === undefined) {
      const state = opening.reason === undefined ? 'opening' : 'degraded'
      return { state, reason: this.#notOpen(), sinceMs: this.#beganMs, ...counts }
    }
    if (store?.status !== 'degraded') return { state: 'ok', reason: undefined, sinceMs: undefined, ...counts }
    return { state: 'degraded', reason: store.reason, sinceMs: store.sinceMs, ...counts }
  }

  /** Writes what waits for as long as the store may take. Resolves with the number of rows that are lost. */
  async close(): Promise<number> {
    if (this.#closed) return 0
    this.#closed = true
    this.#writer.stop()
    const store = await this.#opening?.close()
    // The store itself has the bound: what is not written by then never will be.
    const left = this.#writer.close(store)
    if (store === undefined) return (await left) + (this.#opening?.early.waiting ?? 0)
    const { unwritten } = await store.close()
    return unwritten + (await left)
  }

  #healthChanged(health: StoreHealth): void {
    if (health.status === 'degraded') {
      this.#logger.error(
        `store: ${health.reason}; traffic goes on, changes by operators are refused until they can be recorded again`,
      )
      return
    }
    this.#logger.info(`store: ${this.#plan?.path} takes rows again`)
    void this.#writer.flush()
  }

  #carryOut(change: Change, apply: () => void): Recorded {
    apply()
    this.later(change)
    return 'later'
  }

  #notOpen(): string {
    return this.#opening?.reason ?? `${this.#plan?.path} is not open yet`
  }
}

function refusalOf(error: StoreError): string {
  if (error.code === 'unknown')
    return `${error.message}; the order counts as soon as the disk says that it has it, and not before: look at the status`
  if (error.code === 'refused') return error.message
  return `${error.message}; ask with unrecorded to have it carried out all the same; it is recorded when that is possible again`
}
