// Opens the store beside everything else, and goes on trying: while another vigia still has it, while its disk does not answer. What
// happens meanwhile waits here, bounded. Nothing is written before it is known what was there: an old order must not come after a new one.

import type { Logger } from '../../logging/logger.ts'
import type { StorePlan } from '../../plan/store.ts'
import type { AppendKind, AppendRows, Override, Store, StoredWindow, StoreHealth } from '../../store/contract.ts'
import type { openStore } from '../../store/main/store.ts'
import { StoreError } from '../../store/store-error.ts'
import { DEFAULT_RETENTION } from '../../store/tuning.ts'

/** What the store knew when it was opened. */
export interface Kept {
  readonly overrides: readonly Override[]
  readonly windows: readonly StoredWindow[]
}

export interface StoreOpeningOptions {
  readonly plan: StorePlan
  readonly logger: Logger
  /** Called once, when the file is open and was read. */
  readonly onOpen: (kept: Kept, store: Store) => void
  readonly onHealth: (health: StoreHealth) => void
  readonly open: typeof openStore
}

/** Rows that wait for the file to be opened; then the store has a queue of its own. */
const MOST_EARLY_ROWS = 10_000
const REOPEN_MS = 5_000
const READ_AGAIN_MS = 500
const CLOSE_WITHIN_MS = 1_000

type EarlyRow = { readonly [K in AppendKind]: { readonly kind: K; readonly row: AppendRows[K] } }[AppendKind]

export class StoreOpening {
  readonly #options: StoreOpeningOptions
  readonly #ready = Promise.withResolvers<void>()
  #store: Store | undefined
  #early: EarlyRow[] = []
  #dropped = 0
  #reason: string | undefined
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

  /** Rows that wait here, and rows that were given up. */
  get early(): { readonly waiting: number; readonly dropped: number } {
    return { waiting: this.#early.length, dropped: this.#dropped }
  }

  start(): void {
    this.#opening = this.#tryOpen()
  }

  /** Resolves when what was kept has been read, or after `withinMs`. */
  async ready(withinMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>(resolve => {
      timer = setTimeout(resolve, withinMs)
    })
    await Promise.race([this.#ready.promise, late])
    clearTimeout(timer)
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
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>(resolve => {
      timer = setTimeout(resolve, CLOSE_WITHIN_MS)
    })
    await Promise.race([this.#opening, late])
    clearTimeout(timer)
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
      if (!this.#closed) this.#timer = setTimeout(() => this.start(), REOPEN_MS).unref()
    }
  }

  async #read(store: Store): Promise<void> {
    for (;;) {
      try {
        const [overrides, windows] = await Promise.all([store.overrides(), store.windows()])
        this.#store = store
        this.#reason = undefined
        for (const { kind, row } of this.#early.splice(0)) store.append(kind, row)
        this.#options.onOpen({ overrides, windows }, store)
        return this.#ready.resolve()
      } catch (error) {
        if (!(error instanceof StoreError)) throw error
        this.#reason = error.message
        if (this.#closed) {
          await store.close()
          return
        }
        await new Promise(resolve => setTimeout(resolve, READ_AGAIN_MS).unref())
      }
    }
  }
}
