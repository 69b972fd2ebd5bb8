// The first priority level of each pool that may get load (`failback: manual`), kept over reloads and written into the shared table.
// When it moves is policy/upstream/failback.ts's decision; asking for a failback is the operator's.

import { type LevelState, nextFloor } from '../../../policy/upstream/failback.ts'
import { baseWeight } from '../../../policy/upstream/weight-override.ts'
import type { UpstreamTable } from '../../../shared/upstream-table.ts'
import { type RegistryPool, takesWork } from '../entry.ts'

/** How the levels of a pool stand. */
export interface LevelsInUse {
  /** The first priority that carries load; undefined = none does. */
  readonly priority: number | undefined
  /** The first priority that may carry load. */
  readonly floor: number
  /** A priority before the floor could carry load, and waits for an operator. */
  readonly waiting: number | undefined
}

export class Floors {
  readonly #table: UpstreamTable
  /** By the pool's slot: the priority (not the index, which a reload may change) of its floor. */
  readonly #priorities = new Map<number, number>()

  constructor(table: UpstreamTable) {
    this.#table = table
  }

  /** Takes note of how the pool's upstreams are now. Returns the priority of the floor if it has moved. */
  settle(pool: RegistryPool): number | undefined {
    const priorities = prioritiesOf(pool)
    if (pool.plan.failback !== 'manual' || priorities.length < 2) {
      this.#priorities.delete(pool.slot)
      this.#write(pool.slot, 0)
      return undefined
    }
    const floor = this.#index(pool, priorities)
    const next = nextFloor(levelsOf(pool, priorities), floor)
    this.#write(pool.slot, next)
    const priority = priorities[next]!
    this.#priorities.set(pool.slot, priority)
    return next === floor ? undefined : priority
  }

  /** Index of the first level that may carry load. */
  floor(pool: RegistryPool): number {
    return this.#index(pool, prioritiesOf(pool))
  }

  /** Lets the load return as far up as it can. Returns whether the floor has moved. */
  failback(pool: RegistryPool): boolean {
    const before = this.#index(pool, prioritiesOf(pool))
    this.#priorities.delete(pool.slot)
    this.settle(pool)
    return this.#index(pool, prioritiesOf(pool)) !== before
  }

  /** Where the load was before a restart; it stays there until an operator asks. */
  restore(pool: RegistryPool, priority: number): void {
    if (pool.plan.failback === 'manual') this.#priorities.set(pool.slot, priority)
    this.settle(pool)
  }

  inUse(pool: RegistryPool): LevelsInUse {
    const priorities = prioritiesOf(pool)
    const floor = this.#index(pool, priorities)
    const available = levelsOf(pool, priorities).map(level => level.available)
    const from = available.indexOf(true, floor)
    const first = available.indexOf(true)
    return {
      priority: priorities[from === -1 ? first : from],
      floor: priorities[floor] ?? 0,
      waiting: from !== -1 && first < floor ? priorities[first] : undefined,
    }
  }

  #index(pool: RegistryPool, priorities: readonly number[]): number {
    const priority = this.#priorities.get(pool.slot) ?? Number.NEGATIVE_INFINITY
    const at = priorities.findIndex(each => each >= priority)
    return at === -1 ? Math.max(0, priorities.length - 1) : at
  }

  #write(slot: number, floor: number): void {
    if (this.#table.floor(slot) !== floor) this.#table.setFloor(slot, floor)
  }
}

/** From the first on. */
export function prioritiesOf({ entries }: RegistryPool): number[] {
  return [...new Set(entries.map(entry => entry.plan.priority))].sort((a, b) => a - b)
}

function levelsOf({ entries }: RegistryPool, priorities: readonly number[]): LevelState[] {
  return priorities.map(priority => {
    const own = entries.filter(entry => entry.plan.priority === priority)
    return {
      available: own.some(takesWork),
      unknown: own.some(
        ({ verdict, plan, weightOverride }) =>
          verdict.availability === 'unknown' && baseWeight(plan.weight, weightOverride) > 0,
      ),
    }
  })
}
