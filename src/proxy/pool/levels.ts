// The priorities of a pool, as this worker sees them: which of them carry load, and from which on. Looks at the shared table only where
// that has changed. What an exchange may choose, and what it waits for, is pool.ts.

import type { PoolPlan } from '../../plan/pool.ts'
import { levelLoadsFrom, pickLevel } from '../../policy/balance/priority.ts'
import type { SessionTable } from '../../shared/sessions.ts'
import { AVAILABILITY, type UpstreamTable } from '../../shared/upstream-table.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { Choice, Selection } from './choice.ts'
import { Level } from './level.ts'
import { Permit, type PoolPermits } from './permits.ts'

export class Levels {
  situation: 'usable' | 'none' | 'no-verdict-yet' = 'none'
  /** Some upstreams have a limit. */
  limited = false
  /** Version of the shared table that it knows. */
  seenVersion = -1
  /** What the last selection that found everything full needs; see policy/request/queue-order.ts. */
  lanes: readonly number[] = []
  readonly #plan: PoolPlan
  readonly #slot: number
  readonly #table: UpstreamTable
  readonly #permits: PoolPermits
  readonly #levels: readonly Level[]
  /** Of the levels. */
  readonly #priorities: readonly number[]
  #loads: readonly number[] = []
  /** Index of the first level that gets requests, and its priority: those before it wait for a failback. */
  #floor = 0
  #floorPriority = 0
  /** Of the last level that carries load: those after it stand by. */
  #lastPriority = Number.POSITIVE_INFINITY

  /** @param slot of the pool */
  constructor(
    plan: PoolPlan,
    slot: number,
    endpoints: readonly Endpoint[],
    permits: PoolPermits,
    { table, counters }: Runtime,
  ) {
    this.#plan = plan
    this.#slot = slot
    this.#table = table
    this.#permits = permits
    this.#priorities = [...new Set(plan.upstreams.map(upstream => upstream.priority))].sort((a, b) => a - b)
    this.#levels = this.#priorities.map(priority => {
      const own = endpoints.filter(endpoint => endpoint.plan.priority === priority)
      return new Level(plan, own, permits, counters)
    })
  }

  /** To be called before every choice. */
  refresh(): void {
    if (this.#table.version !== this.seenVersion) this.#refresh()
  }

  /** The level that the next request goes to. A client that is followed stays in its level, too. */
  first({ follow, random }: Selection): number {
    if (this.#levels.length === 1) return 0
    return pickLevel(this.#loads, follow === undefined ? random() : follow / 2 ** 32)
  }

  /** One of the upstreams of the first level that are not among `tried`. */
  pickFirst(first: number, selection: Selection): Choice | undefined {
    const level = this.#levels[first]
    if (!selection.permits) return level?.pick(selection)
    const chosen = level?.pickPermitted(selection, selection.permits)
    return chosen === 'full' ? undefined : chosen
  }

  pick(first: number, selection: Selection): Choice | 'none' {
    const chosen = this.#levels[first]?.pick(selection)
    if (chosen) return chosen
    // Everything of this level has been tried: any other level is better than an error.
    for (let at = this.#floor; at < this.#levels.length; at += 1) {
      const other = this.#levels[at]!.pick(selection)
      if (other) return other
    }
    return 'none'
  }

  /** As `pick`, where upstreams have limits. */
  pickPermitted(first: number, selection: Selection, permits: PoolPermits): Choice | 'none' | 'full' {
    let full: Level | undefined
    for (let turn = -1; turn < this.#levels.length; turn += 1) {
      const level = this.#levels[turn < 0 ? first : turn]
      if (level === undefined || (turn >= 0 && (turn === first || turn < this.#floor))) continue
      // Without `spill: capacity` a second site is not there for a busy moment.
      if (full && !level.open) continue
      const chosen = level.pickPermitted(selection, permits)
      if (chosen !== undefined && chosen !== 'full') return chosen
      if (chosen === undefined) continue
      full = level
      // It waits for its own upstream.
      if (selection.follow !== undefined) break
    }
    if (!full) return 'none'
    this.lanes = this.#lanesOf(full, selection)
    return 'full'
  }

  /** This very upstream, with a permit where one is needed. */
  pickOwn(endpoint: Endpoint, { permits, rank }: Selection): Choice | 'full' {
    const { slot } = endpoint
    const limit = permits ? this.#table.limit(slot) : 0
    const level = this.#levelOf(endpoint)
    if (permits && limit > 0 && !permits.take(slot, limit, level?.shares(endpoint) === true, rank)) {
      this.lanes = [slot]
      return 'full'
    }
    // One of another snapshot is in none of the levels.
    const permit = limit > 0 ? new Permit(this.#permits, slot) : undefined
    return level?.choiceOf(endpoint, limit > 0) ?? { endpoint, permit }
  }

  /** Its level comes before those that get requests, until an operator says so. */
  awaitsFailback({ plan }: Endpoint): boolean {
    return plan.priority < this.#floorPriority
  }

  /** Its level gets nothing while earlier ones carry the load: its clients go home to those. */
  standsBy({ plan }: Endpoint): boolean {
    return plan.priority > this.#lastPriority
  }

  /** What part of new requests each upstream gets, 0 to 1. */
  parts(): Map<Endpoint, number> {
    return new Map(
      this.#levels.flatMap((level, at) => {
        const load = this.#levels.length === 1 ? 1 : (this.#loads[at] ?? 0)
        return level.parts().map((part, i) => [level.endpoints[i]!, part * load] as const)
      }),
    )
  }

  /** Whom a followed key belongs to as things are. */
  followed(key: number): Endpoint | undefined {
    return this.#levels[this.#levels.length === 1 ? 0 : pickLevel(this.#loads, key / 2 ** 32)]?.followed(key)
  }

  /** Whether the upstream that a followed key belongs to, were all of them there, can serve. */
  isHomeUp(key: number): boolean {
    const home = this.#levels[0]?.home(key)
    if (!home) return false
    const availability = this.#table.availability(home.slot)
    return availability === AVAILABILITY.available || availability === AVAILABILITY.draining
  }

  /** The draining upstream that a followed key belonged to, where its session was served there. */
  leaving(key: number, sessions: SessionTable): Endpoint | undefined {
    for (const level of this.#levels) {
      const own = level.leaving(key)
      if (own && sessions.has(own.slot, key)) return own
    }
    return undefined
  }

  observe(endpoint: Endpoint, latencyMs: number, nowMs: number): void {
    for (const level of this.#levels) level.observe(endpoint, latencyMs, nowMs)
  }

  /** Not by its priority: that may be another one since a reload that this pool does not take part in. */
  #levelOf(endpoint: Endpoint): Level | undefined {
    for (const level of this.#levels) if (level.endpoints.includes(endpoint)) return level
    return undefined
  }

  /**
   * The client's own upstream, one of those that have not been tried, or any. Nobody stands where he would not be served: he would be
   * in the way of those who are, such as the sessions of an upstream that drains.
   */
  #lanesOf(full: Level, { follow, tried }: Selection): number[] {
    if (follow !== undefined && full.wanted) return [full.wanted.slot]
    if (tried === undefined || tried.length === 0) return [this.#slot]
    return this.#levels.filter(level => level === full || level.open).flatMap(level => level.untried(tried))
  }

  #refresh(): void {
    this.seenVersion = this.#table.version
    let unknown = false
    let floor = this.#table.floor(this.#slot)
    for (const level of this.#levels) {
      level.refresh(this.#table, false)
      unknown ||= level.hasUnknown
    }
    if (this.#levels.some(level => level.available > 0)) this.situation = 'usable'
    else if (unknown) this.situation = 'no-verdict-yet'
    else if (this.#plan.allDown === 'panic') {
      for (const level of this.#levels) level.refresh(this.#table, true)
      floor = 0
      this.situation = this.#levels.some(level => level.available > 0) ? 'usable' : 'none'
    } else this.situation = 'none'
    this.#loads = levelLoadsFrom(this.#levels, this.#plan.overprovisioning, floor)
    // Where nothing from the floor on can serve, levels before it do, until control has moved the floor.
    this.#floor = this.#loads.some((load, at) => load > 0 && at < floor) ? 0 : floor
    this.#floorPriority = this.#priorities[this.#floor] ?? 0
    this.limited = this.#levels.some(level => level.limited)
    this.#lastPriority = this.#priorities[this.#loads.findLastIndex(load => load > 0)] ?? Number.POSITIVE_INFINITY
    const spills = this.#plan.spill === 'capacity'
    for (const [at, level] of this.#levels.entries()) level.open = this.#loads[at]! > 0 || (spills && at >= this.#floor)
  }
}
