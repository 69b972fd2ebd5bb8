// A pool's retry budget in this worker: feeds policy/request/retry-budget.ts with the totals that all workers share.

import { performance } from 'node:perf_hooks'
import type { RetryBudget } from '../../plan/pool.ts'
import { RetryWindow } from '../../policy/request/retry-budget.ts'
import { TOTAL } from '../../shared/counter-cells.ts'
import type { CounterRow, CounterTable } from '../../shared/counters.ts'
import type { Runtime } from '../runtime/runtime.ts'

export class Budget {
  readonly #slot: number
  readonly #row: CounterRow
  readonly #counters: CounterTable
  readonly #window: RetryWindow

  /** @param slot of the pool */
  constructor(plan: RetryBudget, slot: number, { row, counters }: Runtime) {
    this.#slot = slot
    this.#row = row
    this.#counters = counters
    this.#window = new RetryWindow(plan)
    this.sample()
  }

  /** To be called about twice a second. */
  sample(): void {
    this.#window.sample(performance.now(), this.#requests(), this.#retries())
  }

  /** Whether one more retry may be made now. */
  allows(): boolean {
    return this.#window.allows(performance.now(), this.#requests(), this.#retries())
  }

  /** Counts a retry that was not made for want of budget. */
  refuse(): void {
    this.#row.add(this.#slot, TOTAL.budgetExhausted, 1)
  }

  spend(): void {
    this.#row.add(this.#slot, TOTAL.budgetedRetries, 1)
  }

  #requests(): number {
    return this.#counters.total(this.#slot, TOTAL.exchanges)
  }

  #retries(): number {
    return this.#counters.total(this.#slot, TOTAL.budgetedRetries)
  }
}
