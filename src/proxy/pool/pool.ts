// A pool as this worker sees it: which upstream gets the next attempt, and what an exchange that finds none may wait for. Availability,
// weights and limits come from the shared table, the decision from policy/balance and policy/priority; here they are only joined.

import type { PoolPlan } from '../../plan/pool.ts'
import type { RoutePlan } from '../../plan/route.ts'
import { levelLoadsFrom, pickLevel } from '../../policy/balance/priority.ts'
import { type CounterRow, TOTAL } from '../../shared/counters.ts'
import { AVAILABILITY, type UpstreamTable } from '../../shared/upstream-table.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import { Affinity, type Claim } from './affinity.ts'
import { Breaker } from './breaker.ts'
import { Budget } from './budget.ts'
import { Level } from './level.ts'
import type { PoolPlaces } from './permits.ts'
import type { Queue } from './queue.ts'
import { Suspects } from './suspects.ts'
import { NEWCOMER, type Waiter } from './waiter.ts'

/**
 * What `choose` returns when there is no upstream: none may be used, none is known well enough yet, or those that may be used have no
 * place (or others wait for it).
 */
export type NoChoice = 'none' | 'no-verdict-yet' | 'full'

/** What a request brings to the choice. */
export interface Wish {
  readonly route: RoutePlan
  /** Hash of the key of `balance: hash`. */
  readonly key: number
  /** Undefined = this pool has no affinity. */
  readonly claim: Claim | undefined
}

/** Why an exchange may not wait. */
export type WaitRefusal = 'overloaded' | 'queue-full' | 'queue-timeout'

export class Pool {
  readonly plan: PoolPlan
  readonly slot: number
  readonly endpoints: readonly Endpoint[]
  /** Undefined = any upstream serves any request. */
  readonly affinity: Affinity | undefined
  /** Undefined = retries are limited by `attempts` only. */
  readonly budget: Budget | undefined
  readonly places: PoolPlaces
  readonly #runtime: Runtime
  readonly #row: CounterRow
  readonly #table: UpstreamTable
  readonly #queue: Queue
  readonly #suspects = new Suspects()
  /** The same pool in a newer snapshot. */
  #successor: Pool | undefined = undefined
  readonly #levels: readonly Level[]
  /** Of the levels. */
  readonly #priorities: readonly number[]
  #seenVersion = -1
  #loads: readonly number[] = []
  /** Index of the first level that gets requests, and its priority: those before it wait for a failback. */
  #floor = 0
  #floorPriority = 0
  #situation: 'usable' | 'none' | 'no-verdict-yet' = 'none'
  /** Some upstreams have a limit. */
  #limited = false
  /** What the last exchange that found everything full needs; see policy/request/queue-order.ts. */
  #lanes: readonly number[] = []

  constructor(plan: PoolPlan, slot: number, endpoints: readonly Endpoint[], queue: Queue, runtime: Runtime) {
    this.plan = plan
    this.slot = slot
    this.endpoints = endpoints
    this.places = queue.poolPlaces
    this.#runtime = runtime
    this.#row = runtime.row
    this.#table = runtime.table
    this.#queue = queue
    queue.serve(endpoints.map(endpoint => endpoint.slot))
    const budget = plan.retry?.budget
    this.affinity = plan.affinity && new Affinity(plan.affinity, plan, endpoints)
    this.budget = budget && new Budget(budget, slot, runtime)
    const priorities = [...new Set(plan.upstreams.map(upstream => upstream.priority))].sort((a, b) => a - b)
    this.#priorities = priorities
    this.#levels = priorities.map(
      priority =>
        new Level(
          plan,
          endpoints.filter(endpoint => endpoint.plan.priority === priority),
          runtime.counters,
        ),
    )
  }

  /** From now on choices are made there: a reload may have given the pool other upstreams, on which those that wait here can go on. */
  succeededBy(pool: Pool): void {
    this.#successor = pool
  }

  /**
   * The upstream for the next attempt. Where it has a limit, its place is taken for the caller: `places.taken` says so.
   * @param tried upstreams that this exchange has tried already; undefined = none
   * @param rank of an exchange that waits
   */
  choose(
    wish: Wish,
    tried: readonly Endpoint[] | undefined,
    nowMs: number,
    random: () => number,
    rank = NEWCOMER,
  ): Endpoint | NoChoice {
    if (this.#successor) return this.#successor.choose(this.#successor.#translated(wish), tried, nowMs, random, rank)
    const { route, key, claim } = wish
    if (this.#table.version !== this.#seenVersion) this.#refresh()
    this.places.begin(rank)
    const places = this.#limited && route.longPoll !== true ? this.places : undefined
    if (claim?.endpoint) {
      const own = this.#own(claim.endpoint, tried, places)
      if (own) return own
    }
    const follow = claim?.key
    // A followed session that a draining upstream has served stays there; a new one that would belong there does not.
    const left = follow === undefined ? undefined : this.#leaving(follow)
    if (left) {
      const own = this.#own(left, tried, places)
      if (own) return own
    }
    if (this.#situation !== 'usable') return this.#situation
    if (follow !== undefined && this.affinity?.plan.gone === 'fail' && !this.#isHomeUp(follow)) return 'none'
    // A client that is followed stays in its level, too.
    const first =
      this.#levels.length === 1 ? 0 : pickLevel(this.#loads, follow === undefined ? random() : follow / 2 ** 32)
    // Who is followed asks his own upstream, whatever others met there.
    const shunned = follow === undefined ? this.#suspects.with(tried, nowMs) : undefined
    const better = shunned && this.#pickIn(this.#levels[first], key, shunned, places, nowMs, random)
    if (better) return better
    if (places) return this.#choosePlace(key, follow, first, tried, places, nowMs, random)
    const chosen = this.#levels[first]?.pick(key, follow, tried, nowMs, random)
    if (chosen) return chosen
    // Everything of this level has been tried: any other level is better than an error.
    for (let at = this.#floor; at < this.#levels.length; at += 1) {
      const other = this.#levels[at]!.pick(key, follow, tried, nowMs, random)
      if (other) return other
    }
    return 'none'
  }

  /**
   * Makes an exchange wait for what `choose` has just not found.
   * @returns how long it may wait, ms; undefined = it waits for that already. After a number for `full` it has to choose once more
   */
  wait(waiter: Waiter, why: 'no-verdict-yet' | 'full', priority: number): number | undefined | WaitRefusal {
    if (this.#successor) return this.#successor.wait(waiter, why, priority)
    if (why === 'no-verdict-yet') {
      if (waiter.waitsFor === 'verdict') return undefined
      this.#queue.leave(waiter)
      this.#queue.awaitVerdict(waiter, this.#seenVersion)
      return Math.max(1, this.plan.firstVerdictMs - waiter.verdictMs)
    }
    if (waiter.waitsFor === 'place') {
      this.#queue.move(waiter, this.#lanes)
      return undefined
    }
    this.#queue.leave(waiter)
    const { queue } = this.plan
    // One deadline, however often it waits.
    const leftMs = queue ? queue.timeoutMs - waiter.placeMs : 0
    if (queue && leftMs <= 0) return this.#refuse('queue-timeout')
    if (queue && this.#queue.join(waiter, this.#lanes, priority, queue.max, this.#seenVersion)) return leftMs
    return this.#refuse(queue ? 'queue-full' : 'overloaded')
  }

  /** It was served, or has given up. @returns how long it has waited for places, ms */
  stopWaiting(waiter: Waiter): number {
    this.#queue.leave(waiter)
    return waiter.placeMs
  }

  /** The wait for a place took too long. */
  queueTimedOut(): WaitRefusal {
    return this.#refuse('queue-timeout')
  }

  /** What counts the requests of a route against the pool's circuit breaker; undefined = nothing does. */
  breaker(route: RoutePlan): Breaker | undefined {
    const { breaker } = this.plan
    return breaker && route.longPoll !== true ? new Breaker(breaker, this.slot, this.#runtime) : undefined
  }

  /** Tells the balancer how long an attempt took to its first byte. */
  observe(endpoint: Endpoint, latencyMs: number, nowMs: number): void {
    for (const level of this.#levels) level.observe(endpoint, latencyMs, nowMs)
  }

  /** A wish from an older snapshot: a client stays with its upstream, by name, where that has another address now. */
  #translated(wish: Wish): Wish {
    const own = wish.claim?.endpoint
    const heir = own && this.endpoints.find(({ plan }) => plan.name === own.plan.name)
    return heir === undefined || heir === own ? wish : { ...wish, claim: { ...wish.claim!, endpoint: heir } }
  }

  /** An attempt on it has failed: others are asked first for a moment. */
  suspect(endpoint: Endpoint, nowMs: number): void {
    if (this.#successor) this.#successor.suspect(endpoint, nowMs)
    else this.#suspects.add(endpoint, nowMs)
  }

  /** It has answered. */
  trust(endpoint: Endpoint): void {
    if (this.#successor) this.#successor.trust(endpoint)
    else this.#suspects.clear(endpoint)
  }

  #pickIn(
    level: Level | undefined,
    key: number,
    tried: readonly Endpoint[],
    places: PoolPlaces | undefined,
    nowMs: number,
    random: () => number,
  ): Endpoint | undefined {
    if (!places) return level?.pick(key, undefined, tried, nowMs, random)
    const chosen = level?.pickPlace(key, undefined, tried, places, nowMs, random)
    return chosen === 'full' ? undefined : chosen
  }

  #refuse(why: WaitRefusal): WaitRefusal {
    this.#row.add(this.slot, why === 'queue-timeout' ? TOTAL.queueTimeouts : TOTAL.queueFull, 1)
    return why
  }

  /** As `choose`, where upstreams have limits. */
  #choosePlace(
    key: number,
    follow: number | undefined,
    first: number,
    tried: readonly Endpoint[] | undefined,
    places: PoolPlaces,
    nowMs: number,
    random: () => number,
  ): Endpoint | NoChoice {
    let full: Level | undefined
    for (let turn = -1; turn < this.#levels.length; turn += 1) {
      const level = this.#levels[turn < 0 ? first : turn]
      if (level === undefined || (turn >= 0 && (turn === first || turn < this.#floor))) continue
      // Where a level is full, only those will do besides that carry load anyway: a second site is not there for a busy moment.
      if (full && level.load === 0) continue
      const chosen = level.pickPlace(key, follow, tried, places, nowMs, random)
      if (chosen !== undefined && chosen !== 'full') return chosen
      if (chosen === undefined) continue
      full = level
      // It waits for its own upstream.
      if (follow !== undefined) break
    }
    if (!full) return 'none'
    this.#lanes = this.#lanesOf(full, follow === undefined ? undefined : full.wanted, tried)
    return 'full'
  }

  /** The client's own upstream, while it serves: also one that is draining. Undefined = any other will do. */
  #own(
    endpoint: Endpoint,
    tried: readonly Endpoint[] | undefined,
    places: PoolPlaces | undefined,
  ): Endpoint | NoChoice | undefined {
    const { slot, plan } = endpoint
    const availability = this.#table.availability(slot)
    const awaitsFailback = plan.priority < this.#floorPriority
    const serves =
      availability === AVAILABILITY.draining || (availability === AVAILABILITY.available && !awaitsFailback)
    if (serves && !tried?.includes(endpoint)) {
      if (!places || places.take(slot, this.#table.limit(slot), this.#isShared(endpoint))) return endpoint
      this.#lanes = [slot]
      return 'full'
    }
    if (this.affinity?.plan.gone !== 'fail') return undefined
    return availability === AVAILABILITY.unknown ? 'no-verdict-yet' : 'none'
  }

  /** Whether those that wait for any upstream may get this one. */
  #isShared(endpoint: Endpoint): boolean {
    // Not by its priority: that may be another one since a reload that this pool does not take part in.
    const level = this.#levels.find(each => each.endpoints.includes(endpoint))
    return level !== undefined && level.load > 0 && level.weights[level.endpoints.indexOf(endpoint)]! > 0
  }

  /** Whether the upstream that a followed key belongs to, were all of them there, can serve. */
  #isHomeUp(key: number): boolean {
    const home = this.#levels[0]?.home(key)
    if (!home) return false
    const availability = this.#table.availability(home.slot)
    return availability === AVAILABILITY.available || availability === AVAILABILITY.draining
  }

  #leaving(key: number): Endpoint | undefined {
    for (const level of this.#levels) {
      const own = level.leaving(key)
      if (own && this.#runtime.sessions.has(own.slot, key)) return own
    }
    return undefined
  }

  /**
   * The client's own upstream, one of those that have not been tried, or any. Nobody stands where he would not be served: he would be
   * in the way of those who are, such as the sessions of an upstream that drains.
   */
  #lanesOf(full: Level, own: Endpoint | undefined, tried: readonly Endpoint[] | undefined): number[] {
    if (own) return [own.slot]
    if (tried === undefined || tried.length === 0) return [this.slot]
    return this.#levels.filter(level => level === full || level.load > 0).flatMap(level => level.untried(tried))
  }

  #refresh(): void {
    this.#seenVersion = this.#table.version
    let unknown = false
    let floor = this.#table.floor(this.slot)
    for (const level of this.#levels) {
      level.refresh(this.#table, false)
      unknown ||= level.hasUnknown
    }
    if (this.#levels.some(level => level.available > 0)) this.#situation = 'usable'
    else if (unknown) this.#situation = 'no-verdict-yet'
    else if (this.plan.allDown === 'panic') {
      for (const level of this.#levels) level.refresh(this.#table, true)
      floor = 0
      this.#situation = this.#levels.some(level => level.available > 0) ? 'usable' : 'none'
    } else this.#situation = 'none'
    this.#loads = levelLoadsFrom(this.#levels, this.plan.overprovisioning, floor)
    // Where nothing from the floor on can serve, levels before it do, until control has moved the floor.
    this.#floor = this.#loads.some((load, at) => load > 0 && at < floor) ? 0 : floor
    this.#floorPriority = this.#priorities[this.#floor] ?? 0
    this.#limited = this.#levels.some(level => level.limited)
    for (const [at, level] of this.#levels.entries()) level.load = this.#loads[at]!
  }
}
