// The circuit breaker of a pool, for one exchange: its part of the requests, and of those without a connection, that the pool may
// have at once over all workers. Made only where a pool has a breaker.

import type { BreakerPlan } from '../../plan/pool.ts'
import { TOTAL } from '../../shared/counter-cells.ts'
import { PERMIT, type PermitKind } from '../../shared/permits.ts'
import type { Runtime } from '../runtime/runtime.ts'

export class Breaker {
  readonly #plan: BreakerPlan
  readonly #slot: number
  readonly #runtime: Runtime
  #entered = false
  #pending: 'not yet' | 'held' | 'over' = 'not yet'

  /** @param slot of the pool */
  constructor(plan: BreakerPlan, slot: number, runtime: Runtime) {
    this.#plan = plan
    this.#slot = slot
    this.#runtime = runtime
  }

  /** Counts the exchange in. @returns false = one too many */
  enter(): boolean {
    const { requests } = this.#plan
    if (requests === undefined) return true
    this.#entered = this.#take(PERMIT.taken, requests)
    return this.#entered
  }

  /** Counts it among those without a connection, until its first one. @returns false = one too many */
  pend(): boolean {
    const { pending } = this.#plan
    if (pending === undefined || this.#pending !== 'not yet') return true
    if (!this.#take(PERMIT.pending, pending)) return false
    this.#pending = 'held'
    return true
  }

  connected(): void {
    if (this.#pending === 'held') this.#runtime.permits.leave(this.#slot, PERMIT.pending)
    this.#pending = 'over'
  }

  end(): void {
    this.connected()
    if (this.#entered) this.#runtime.permits.leave(this.#slot, PERMIT.taken)
    this.#entered = false
  }

  #take(kind: PermitKind, limit: number): boolean {
    const taken = this.#runtime.permits.take(this.#slot, kind, limit)
    if (!taken) this.#runtime.row.add(this.#slot, TOTAL.breakerRefusals, 1)
    return taken
  }
}
