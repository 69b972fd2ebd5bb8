// A pool as this worker sees it: which upstream gets the next attempt. Availability and weights come from the shared table,
// the decision from policy/balance and policy/priority; here they are only joined.

import type { PoolPlan } from '../config/snapshot.ts'
import type { Balancer, BalanceView } from '../policy/balance/balancer.ts'
import { createBalancer } from '../policy/balance/create.ts'
import { Hash } from '../policy/balance/hash.ts'
import { levelLoads, pickLevel } from '../policy/priority.ts'
import { type CounterRow, type CounterTable, GAUGE } from '../shared/counters.ts'
import { AVAILABILITY, type UpstreamTable } from '../shared/upstream-table.ts'
import { Affinity, type Claim } from './affinity.ts'
import { Budget } from './budget.ts'
import type { Endpoint } from './endpoint.ts'

/** What `choose` returns when there is no upstream: none may be used, or none is known well enough yet. */
export type NoChoice = 'none' | 'no-verdict-yet'

/** An exchange that waits for the first verdict on any upstream. */
export interface Waiting {
  /** Asks again; it does not throw. */
  onVerdict(): void
}

/** A watcher looks again after this time, even if nothing woke it. */
const WATCH_MS = 1000

export class Pool {
  readonly plan: PoolPlan
  readonly slot: number
  readonly endpoints: readonly Endpoint[]
  /** Undefined = any upstream serves any request. */
  readonly affinity: Affinity | undefined
  /** Undefined = retries are limited by `attempts` only. */
  readonly budget: Budget | undefined
  readonly #table: UpstreamTable
  readonly #levels: readonly Level[]
  readonly #row: CounterRow
  readonly #waiting = new Set<Waiting>()
  #watching = false
  #seenVersion = -1
  #loads: readonly number[] = []
  #situation: 'usable' | NoChoice = 'none'

  constructor(
    plan: PoolPlan,
    slot: number,
    endpoints: readonly Endpoint[],
    table: UpstreamTable,
    counters: CounterTable,
    row: CounterRow,
  ) {
    this.plan = plan
    this.slot = slot
    this.endpoints = endpoints
    this.#table = table
    this.#row = row
    const budget = plan.retry?.budget
    this.affinity = plan.affinity && new Affinity(plan.affinity, plan, endpoints)
    this.budget = budget && new Budget(budget, slot, row, counters)
    const priorities = [...new Set(plan.upstreams.map(upstream => upstream.priority))].sort((a, b) => a - b)
    this.#levels = priorities.map(
      priority =>
        new Level(
          plan,
          endpoints.filter(endpoint => endpoint.plan.priority === priority),
          counters,
        ),
    )
  }

  /**
   * @param key hash of the key of `balance: hash`
   * @param claim what the request brings with it; undefined = this pool has no affinity
   * @param tried upstreams that this exchange has tried already; undefined = none
   */
  choose(
    key: number,
    claim: Claim | undefined,
    tried: readonly Endpoint[] | undefined,
    nowMs: number,
    random: () => number,
  ): Endpoint | NoChoice {
    if (this.#table.version !== this.#seenVersion) this.#refresh()
    if (claim?.endpoint) {
      const own = this.#own(claim.endpoint, tried)
      if (own) return own
    }
    if (this.#situation !== 'usable') return this.#situation
    const follow = claim?.key
    if (follow !== undefined && this.affinity?.plan.gone === 'fail' && !this.#isHomeUp(follow)) return 'none'
    const first = this.#levels.length === 1 ? 0 : pickLevel(this.#loads, random())
    const chosen = this.#levels[first]?.pick(key, follow, tried, nowMs, random)
    if (chosen) return chosen
    // Everything of this level has been tried: any other level is better than an error.
    for (const level of this.#levels) {
      const other = level.pick(key, follow, tried, nowMs, random)
      if (other) return other
    }
    return 'none'
  }

  /** The client's own upstream, while it serves: also one that is draining. Undefined = any other will do. */
  #own(endpoint: Endpoint, tried: readonly Endpoint[] | undefined): Endpoint | NoChoice | undefined {
    const availability = this.#table.availability(endpoint.slot)
    const serves = availability === AVAILABILITY.available || availability === AVAILABILITY.draining
    if (serves && !tried?.includes(endpoint)) return endpoint
    if (this.affinity?.plan.gone !== 'fail') return undefined
    return availability === AVAILABILITY.unknown ? 'no-verdict-yet' : 'none'
  }

  /** Whether the upstream that a followed key belongs to, were all of them there, can serve. */
  #isHomeUp(key: number): boolean {
    const home = this.#levels[0]?.home(key)
    return home !== undefined && this.#table.availability(home.slot) === AVAILABILITY.available
  }

  /** `onVerdict` is called when a verdict has come. */
  awaitVerdict(waiting: Waiting): void {
    this.#row.move(this.slot, GAUGE.waiting, 1)
    this.#waiting.add(waiting)
    if (!this.#watching) void this.#watch()
  }

  stopWaiting(waiting: Waiting): void {
    if (this.#waiting.delete(waiting)) this.#row.move(this.slot, GAUGE.waiting, -1)
  }

  /** One watcher for all that wait; it ends with the last of them. */
  async #watch(): Promise<void> {
    this.#watching = true
    while (this.#waiting.size > 0) {
      await this.#table.changed(this.#seenVersion, WATCH_MS)
      for (const waiting of [...this.#waiting]) {
        this.stopWaiting(waiting)
        waiting.onVerdict()
      }
    }
    this.#watching = false
  }

  /** Tells the balancer how long an attempt took to its first byte. */
  observe(endpoint: Endpoint, latencyMs: number, nowMs: number): void {
    for (const level of this.#levels) level.observe(endpoint, latencyMs, nowMs)
  }

  #refresh(): void {
    this.#seenVersion = this.#table.version
    let unknown = false
    for (const level of this.#levels) {
      level.refresh(this.#table, false)
      unknown ||= level.hasUnknown
    }
    if (this.#levels.some(level => level.available > 0)) this.#situation = 'usable'
    else if (unknown) this.#situation = 'no-verdict-yet'
    else if (this.plan.allDown === 'panic') {
      for (const level of this.#levels) level.refresh(this.#table, true)
      this.#situation = this.#levels.some(level => level.available > 0) ? 'usable' : 'none'
    } else this.#situation = 'none'
    this.#loads = levelLoads(this.#levels, this.plan.overprovisioning)
  }
}

/** The upstreams of one priority. */
class Level implements BalanceView {
  readonly size: number
  readonly weights: Float64Array
  uniform = true
  /** Sums of weights. */
  total = 0
  available = 0
  hasUnknown = false
  readonly #endpoints: readonly Endpoint[]
  readonly #counters: CounterTable
  readonly #balancer: Balancer
  readonly #rendezvous: Balancer

  constructor(plan: PoolPlan, endpoints: readonly Endpoint[], counters: CounterTable) {
    this.size = endpoints.length
    this.weights = new Float64Array(this.size)
    this.#endpoints = endpoints
    this.#counters = counters
    const names = endpoints.map(endpoint => endpoint.plan.name)
    this.#balancer = createBalancer(plan.balance, names)
    this.#rendezvous = new Hash(names, Number.POSITIVE_INFINITY)
  }

  inFlight(index: number): number {
    return this.#counters.gauge(this.#endpoints[index]!.slot, GAUGE.inFlight)
  }

  /** @param panic everything that is not disabled counts as available */
  refresh(table: UpstreamTable, panic: boolean): void {
    this.total = 0
    this.available = 0
    this.hasUnknown = false
    this.uniform = true
    let seen = 0
    for (let i = 0; i < this.size; i += 1) {
      const { slot } = this.#endpoints[i]!
      const availability = table.availability(slot)
      const weight = table.weight(slot)
      const usable = panic ? availability !== AVAILABILITY.disabled : availability === AVAILABILITY.available
      this.weights[i] = usable ? weight : 0
      if (usable && weight > 0) {
        if (seen > 0 && weight !== seen) this.uniform = false
        seen = weight
      }
      this.available += this.weights[i]!
      this.total += availability === AVAILABILITY.disabled ? 0 : weight
      this.hasUnknown ||= availability === AVAILABILITY.unknown
    }
  }

  /** @param follow key of the affinity, which goes before the balancer; undefined = there is none */
  pick(
    key: number,
    follow: number | undefined,
    tried: readonly Endpoint[] | undefined,
    nowMs: number,
    random: () => number,
  ): Endpoint | undefined {
    const balancer = follow === undefined ? this.#balancer : this.#rendezvous
    const hash = follow ?? key
    if (tried === undefined || tried.length === 0) return this.#endpoints[balancer.pick(this, hash, nowMs, random)]
    const before = this.weights.slice()
    for (const endpoint of tried) {
      const at = this.#endpoints.indexOf(endpoint)
      if (at >= 0) this.weights[at] = 0
    }
    const index = balancer.pick(this, hash, nowMs, random)
    this.weights.set(before)
    return this.#endpoints[index]
  }

  /** The upstream that a followed key belongs to while all are there. */
  home(key: number): Endpoint | undefined {
    const weights = Float64Array.from(this.#endpoints, endpoint => endpoint.plan.weight)
    const view = { size: this.size, weights, uniform: false, inFlight: () => 0 }
    return this.#endpoints[this.#rendezvous.pick(view, key, 0, () => 0)]
  }

  observe(endpoint: Endpoint, latencyMs: number, nowMs: number): void {
    const at = this.#endpoints.indexOf(endpoint)
    if (at >= 0) this.#balancer.observe(at, latencyMs, nowMs)
  }
}
