// Writes changes one after the other, whole, each with what was carried out before it and is not on the disk yet. While the disk has not
// said whether it has a change, no other is written: it could be written twice.

import type { Change, Store } from '../../store/contract.ts'
import { StoreError } from '../../store/store-error.ts'
import { Serial } from '../../util/serial.ts'
import { Backlog } from './backlog.ts'

export interface ChangeWriterOptions {
  /** Undefined = it is not open. */
  readonly store: () => Store | undefined
  /** Why the store is not open, one line. */
  readonly notOpen: () => string
  /** What is wrong with the store, one line; undefined = nothing is known. */
  readonly trouble: () => string | undefined
}

/** A change that waits for others longer than this is not written. Longer than the store takes, shorter than people's tools wait. */
const WRITE_WITHIN_MS = 4_500

export class ChangeWriter {
  /** Carried out, and not on the disk yet. */
  readonly backlog = new Backlog()
  readonly #options: ChangeWriterOptions
  readonly #turns = new Serial()
  /** The disk has not said yet whether it has the newest change. */
  #unsettled: Promise<void> | undefined
  #stopped = false

  constructor(options: ChangeWriterOptions) {
    this.#options = options
  }

  /** Rejects with StoreError. @param onLate the disk says only after that that it has the change */
  write(change: Change, onLate: () => void): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    let waits = true
    const tooLate = () => {
      waits = false
      const why = this.#options.trouble() ?? 'the store is busy'
      reject(new StoreError('not-written', `nothing was changed: ${why}`))
    }
    const timer = setTimeout(tooLate, WRITE_WITHIN_MS)
    void this.#turns.run(async () => {
      await this.#unsettled
      if (!waits) return
      clearTimeout(timer)
      try {
        await this.#commit(change)
        resolve()
      } catch (error) {
        reject(error)
        // It is as people have been told: where it turns out to be recorded, it counts.
        if (error instanceof StoreError && error.code === 'unknown' && (await error.settled) === true) onLate()
      }
    })
    return promise
  }

  /** Tries to write what waits. Never rejects. */
  flush(): Promise<void> {
    return this.#turns.run(async () => {
      await this.#unsettled
      if (this.backlog.size === 0 || this.#stopped) return
      await this.#commit(undefined).catch(() => {})
    })
  }

  /** Leaves what waits to `close`: it must not be written twice. */
  stop(): void {
    this.#stopped = true
  }

  /** Hands over what waits, for the last time. Resolves with how many changes are lost. */
  async close(store: Store | undefined): Promise<number> {
    const { whole } = this.backlog
    if (store === undefined) return this.backlog.size
    if (whole === undefined) return 0
    return store.commit(whole).then(
      () => 0,
      () => this.backlog.size,
    )
  }

  /** What was carried out before it goes first, in the same transaction: the newest order is the one that stays. */
  async #commit(change: Change | undefined): Promise<void> {
    const store = this.#options.store()
    if (store === undefined) throw new StoreError('not-written', `nothing was changed: ${this.#options.notOpen()}`)
    const { whole, taken } = this.backlog.with(change)
    if (whole === undefined) return
    try {
      await store.commit(whole)
      this.backlog.forget(taken)
    } catch (error) {
      if (error instanceof StoreError && error.code === 'unknown') {
        this.#unsettled = error.settled?.then(isWritten => {
          if (isWritten) this.backlog.forget(taken)
        })
      }
      throw error
    }
  }
}
