// Opens the store beside everything else, and goes on trying: while another vigia still has it, while its disk does not answer. What
// happens meanwhile waits here, bounded. Nothing is written before it is known what was there: an old order must not come after a new one.

import type { Logger } from '../../logging/logger.ts'
import type { StorePlan } from '../../plan/store.ts'
import type {
  AppendKind,
  AppendRows,
  Override,
  Store,
  StoredSecret,
  StoredWindow,
  StoreHealth,
} from '../../store/contract.ts'
import { type openStore, ordersBeside } from '../../store/main/store.ts'
import { StoreError } from '../../store/store-error.ts'
import { DEFAULT_RETENTION } from '../../store/tuning.ts'

/** What the store knew when it was opened. */
export interface Kept {
  readonly overrides: readonly Override[]
  readonly windows: readonly StoredWindow[]
  readonly secrets: readonly StoredSecret[]
}

export interface StoreOpeningOptions {
  readonly plan: StorePlan
  readonly logger: Logger
  /** Called once, when the file is open and was read. */
  readonly onOpen: (kept: Kept, store: Store) => void
  /** Called at most once, before `onOpen`: the file could not be read in time. With the copy beside it; undefined = there is none. */
  readonly onUnread: (copy: Kept | undefined) => void
  readonly onHealth: (health: StoreHealth) => void
  readonly open: typeof openStore
}

/** Rows that wait for the file to be opened; then the store has a queue of its own. */
const MOST_EARLY_ROWS = 10_000
const REOPEN_MS = 5_000
const READ_AGAIN_MS = 500
const CLOSE_WITHIN_MS = 1_000
/** How long the copy of the orders may take: it may lie on the disk that does not answer. */
const COPY_WITHIN_MS = 500

/** Where the orders from before the start come from; `nowhere`: they are not known, or not yet. */
export type OrdersFrom = 'store' | 'copy' | 'nowhere'

type EarlyRow = { readonly [K in AppendKind]: { readonly kind: K; readonly row: AppendRows[K] } }[AppendKind]

export class StoreOpening {
  readonly #options: StoreOpeningOptions
  readonly #ready = Promise.withResolvers<void>()
  #store: Store | undefined
  #early: EarlyRow[] = []
  #dropped = 0
  #reason: string | undefined
  #ordersFrom: OrdersFrom = 'nowhere'
  #copy: Promise<Kept | undefined> | undefined
  #isUnread = false
  #timer: NodeJS.Timeout | undefined
  #opening: Promise<void> | undefined
  #closed = false

  constructor(options: StoreOpeningOptions) {
    this.#options = options
  }

  /** Undefined = it is not open yet. */
  get store(): Store | undefined {
    return this.#store
  }

  /** Why it can't be used, one line; undefined = it is open, or being opened. */
  get reason(): string | undefined {
    return this.#reason
  }

  get ordersFrom(): OrdersFrom {
    return this.#ordersFrom
  }

  /** Rows that wait here, and rows that were given up. */
  get early(): { readonly waiting: number; readonly dropped: number } {
    return { waiting: this.#early.length, dropped: this.#dropped }
  }

  start(): void {
    this.#opening = this.#tryOpen()
  }

  /** Resolves when what was kept has been read; after `withinMs` with what its copy says, if that can be read. */
  async ready(withinMs: number): Promise<void> {
    await within(withinMs, this.#ready.promise)
    if (this.#store === undefined) await this.#fallBack()
  }

  /** Never throws, never waits. */
  append<K extends AppendKind>(kind: K, row: AppendRows[K]): void {
    if (this.#store !== undefined) return this.#store.append(kind, row)
    // When it happened, not when it could be written.
    const stamped = kind === 'audit' ? { atMs: Date.now(), ...row } : row
    this.#early.push({ kind, row: stamped } as EarlyRow)
    if (this.#early.length <= MOST_EARLY_ROWS) return
    this.#early.shift()
    this.#dropped += 1
  }

  /** Ends the tries. A disk that does not answer does not keep vigia from stopping. Resolves with the store, if it is open. */
  async close(): Promise<Store | undefined> {
    this.#closed = true
    clearTimeout(this.#timer)
    await within(CLOSE_WITHIN_MS, this.#opening)
    return this.#store
  }

  async #tryOpen(): Promise<void> {
    const { plan, logger, onHealth, open } = this.#options
    const { audit: auditDays, ...days } = plan.keepDays
    try {
      const store = await open({
        path: plan.path,
        retention: {
          auditDays,
          transitions: { ...DEFAULT_RETENTION.transitions, days: days.transitions },
          incidents: { ...DEFAULT_RETENTION.incidents, days: days.incidents },
          inDoubt: { ...DEFAULT_RETENTION.inDoubt, days: days.inDoubt },
          configurations: { ...DEFAULT_RETENTION.configurations, days: days.configurations },
        },
        onHealth,
        onNotice: ({ level, text }) => logger[level](`store: ${text}`),
      })
      await this.#read(store)
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      if (this.#reason !== error.message) logger.error(`store: ${error.message}; trying again until it can be used`)
      this.#reason = error.message
      void this.#fallBack()
      if (!this.#closed) this.#timer = setTimeout(() => this.start(), REOPEN_MS).unref()
    }
  }

  async #read(store: Store): Promise<void> {
    for (;;) {
      try {
        const [overrides, windows, secrets] = await Promise.all([store.overrides(), store.windows(), store.secrets()])
        this.#store = store
        this.#reason = undefined
        this.#ordersFrom = 'store'
        for (const { kind, row } of this.#early.splice(0)) store.append(kind, row)
        this.#options.onOpen({ overrides, windows, secrets }, store)
        return this.#ready.resolve()
      } catch (error) {
        if (!(error instanceof StoreError)) throw error
        this.#reason = error.message
        void this.#fallBack()
        if (this.#closed) {
          await store.close()
          return
        }
        await new Promise(resolve => setTimeout(resolve, READ_AGAIN_MS).unref())
      }
    }
  }

  /** Takes the copy of the orders for the time until the file can be read. Never rejects. */
  async #fallBack(): Promise<void> {
    this.#copy ??= within(COPY_WITHIN_MS, ordersBeside(this.#options.plan.path))
    const copy = await this.#copy
    // One that is only slow, perhaps at its very first start, may be open in a moment.
    const isLost = copy !== undefined || this.#reason !== undefined
    if (this.#store !== undefined || this.#closed || this.#isUnread || !isLost) return
    this.#isUnread = true
    if (copy !== undefined) this.#ordersFrom = 'copy'
    this.#options.onUnread(copy)
    this.#ready.resolve()
  }
}

/** Undefined = it takes longer. */
async function within<T>(ms: number, promise: Promise<T> | undefined): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>(resolve => {
    timer = setTimeout(resolve, ms, undefined)
  })
  const first = await Promise.race([promise, late])
  clearTimeout(timer)
  return first
}
