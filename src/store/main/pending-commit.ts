// One change that a caller waits for: answered once, and truthfully, whatever comes first.

import type { Change, Committed } from '../contract.ts'
import { StoreError } from '../store-error.ts'
import type { ItemResult } from '../thread/protocol.ts'

export class PendingCommit {
  readonly change: Change
  readonly promise: Promise<Committed>
  readonly #resolve: (committed: Committed) => void
  readonly #reject: (error: StoreError) => void
  readonly #timer: NodeJS.Timeout
  #waits = true
  #settled: ((durable: boolean) => void) | undefined

  constructor(change: Change, withinMs: number, onLate: (commit: PendingCommit) => void) {
    this.change = change
    const { promise, resolve, reject } = Promise.withResolvers<Committed>()
    this.promise = promise
    this.#resolve = resolve
    this.#reject = reject
    this.#timer = setTimeout(() => onLate(this), withinMs)
  }

  /** Its caller has no answer yet. */
  get waits(): boolean {
    return this.#waits
  }

  /** It is in the file, or never will be: the batch that it came with is. */
  settle(result: ItemResult): void {
    this.#settled?.(result.ok)
    if (!this.#end()) return
    if (result.ok) this.#resolve(result.committed ?? { audit: [], configurationId: undefined })
    else this.#reject(new StoreError(result.refused ? 'refused' : 'not-written', result.text))
  }

  /** It is certain that nothing of it is in the file; where its caller still waits, it is tried again. */
  notDurable(): void {
    this.#settled?.(false)
  }

  reject(error: StoreError): void {
    if (this.#end()) this.#reject(error)
  }

  rejectUnknown(path: string): void {
    if (!this.#end()) return
    const settled = new Promise<boolean>(resolve => {
      this.#settled = resolve
    })
    const text = `${path} has not said whether the change is recorded: look again before you repeat it`
    this.#reject(new StoreError('unknown', text, settled))
  }

  #end(): boolean {
    if (!this.#waits) return false
    this.#waits = false
    clearTimeout(this.#timer)
    return true
  }
}
