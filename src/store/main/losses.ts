// Counts the rows that were given up, and words the row that confesses them once the file takes rows again.

import type { WriteItem } from '../thread/protocol.ts'
import { addLost, type Lost, NOTHING_LOST, totalLost } from './write-queue.ts'

export class Losses {
  #dropped = 0
  /** Not confessed yet. */
  #open: Lost = NOTHING_LOST
  #sinceMs = 0

  /** Since the start. */
  get dropped(): number {
    return this.#dropped
  }

  get toConfess(): boolean {
    return totalLost(this.#open) > 0
  }

  /** One row that could not be stored for what it is: said at once, no gap in time. */
  dropOne(): void {
    this.#dropped += 1
  }

  /** Returns whether these are the first of a gap. */
  add(lost: Lost, nowMs: number): boolean {
    const count = totalLost(lost)
    if (count === 0) return false
    const first = !this.toConfess
    if (first) this.#sinceMs = nowMs
    this.#open = addLost(this.#open, lost)
    this.#dropped += count
    return first
  }

  /** What the next batch confesses. */
  take(): Lost {
    const lost = this.#open
    this.#open = NOTHING_LOST
    return lost
  }

  /** That batch was not written. */
  putBack(lost: Lost): void {
    this.#open = addLost(lost, this.#open)
  }

  /** Undefined = there is nothing to confess. */
  confession(lost: Lost, nowMs: number): WriteItem | undefined {
    if (totalLost(lost) === 0) return undefined
    const row = {
      atMs: nowMs,
      actor: 'vigia',
      source: 'automatic',
      action: 'store.rows-lost',
      subject: 'store',
      reason: `${totalLost(lost)} rows were given up while the disk did not take them`,
      after: { ...lost, fromMs: this.#sinceMs, toMs: nowMs },
    } as const
    return { type: 'append', kind: 'audit', row }
  }
}
