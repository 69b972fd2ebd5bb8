// A pool as this worker sees it: which upstream gets the next attempt, and what an exchange that finds none may wait for. The decisions
// are those of policy/balance; what the shared table says of upstreams is in levels.ts; here they are only joined.

import { loopMark } from '../../http/cdn-loop.ts'
import type { PoolPlan } from '../../plan/pool.ts'
import type { RoutePlan } from '../../plan/route.ts'
import { wantsLength } from '../../policy/request/buffering/body-length.ts'
import { TOTAL } from '../../shared/counter-cells.ts'
import { AVAILABILITY } from '../../shared/upstream-table.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import { Affinity, type Stickiness } from './affinity.ts'
import { Breaker } from './breaker.ts'
import { Budget } from './budget.ts'
import { type Choice, type NoChoice, type Seeker, Selection } from './choice.ts'
import { Levels } from './levels.ts'
import type { PoolPermits } from './permits.ts'
import type { Queue } from './queue.ts'
import { Suspects } from './suspects.ts'
import type { Waiter } from './waiter.ts'

/** Why an exchange may not wait. */
export type WaitRefusal = 'overloaded' | 'queue-full' | 'queue-timeout'

/** How a choice stands. */
export interface Outlook {
  readonly situation: 'usable' | 'none' | 'no-verdict-yet'
  /** Whom the request belongs to; undefined = nobody yet. */
  readonly own: Endpoint | undefined
  /** What part of new requests each upstream gets, 0 to 1. */
  readonly parts: ReadonlyMap<Endpoint, number>
}

export class Pool {
  readonly plan: PoolPlan
  readonly slot: number
  readonly endpoints: readonly Endpoint[]
  /** What its requests carry, so that one that comes back is known. */
  readonly loopMark: string
  /** Undefined = any upstream serves any request. */
  readonly affinity: Affinity | undefined
  /** Undefined = retries are limited by `attempts` only. */
  readonly budget: Budget | undefined
  readonly #permits: PoolPermits
  readonly #runtime: Runtime
  readonly #queue: Queue
  readonly #levels: Levels
  readonly #suspects = new Suspects()
  readonly #selection: Selection
  /** The same pool in a newer snapshot. */
  #successor: Pool | undefined = undefined

  constructor(plan: PoolPlan, slot: number, endpoints: readonly Endpoint[], queue: Queue, runtime: Runtime) {
    this.plan = plan
    this.slot = slot
    this.endpoints = endpoints
    this.loopMark = loopMark(runtime.instance, slot)
    this.#permits = queue.permits
    this.#runtime = runtime
    this.#queue = queue
    queue.serve(endpoints.map(endpoint => endpoint.slot))
    const budget = plan.retry?.budget
    this.affinity = plan.affinity && new Affinity(plan.affinity, plan, endpoints)
    this.budget = budget && new Budget(budget, slot, runtime)
    this.#levels = new Levels(plan, slot, endpoints, queue.permits, runtime)
    this.#selection = new Selection(runtime.random)
  }

  /** From now on choices are made there: a reload may have given the pool other upstreams, on which those that wait here can go on. */
  succeededBy(pool: Pool): void {
    this.#successor = pool
  }

  /** Its application is one of those whose servers hold a worker for each connection. */
  get isKnown(): boolean {
    return this.plan.application !== undefined
  }

  /** One of its upstreams holds a worker for each connection. */
  get holdsWorkers(): boolean {
    return this.isKnown || this.endpoints.some(endpoint => endpoint.holdsWorkers)
  }

  /** Its upstreams need to know how long a body is. */
  get wantsLength(): boolean {
    return wantsLength(
      this.plan.requestBody,
      this.endpoints.some(({ needsLength }) => needsLength),
    )
  }

  /** One of its upstreams has answered 411. @returns whether its requests get a length from now on */
  sawLengthRequired(endpoint: Endpoint): boolean {
    if (this.plan.requestBody === undefined) endpoint.sawLengthRequired(this.plan.name)
    return this.wantsLength
  }

  /** Somebody waits for a permit, in whichever worker. */
  get isWaitedFor(): boolean {
    return this.#queue.isWaitedFor
  }

  /** Whether an upstream could be chosen now. */
  isUsable(): boolean {
    this.#levels.refresh()
    return this.#levels.situation === 'usable'
  }

  /** The upstream for the next attempt, with its permit where it has a limit: the caller gives that back. */
  choose(seeker: Seeker, nowMs: number, stickiness = seeker.placement.stickiness): Choice | NoChoice {
    const successor = this.#successor
    if (successor) return successor.choose(seeker, nowMs, successor.#translated(stickiness))
    this.#levels.refresh()
    const selection = this.#selection
    const follow = stickiness?.key
    selection.begin(seeker, follow, nowMs)
    selection.permits = this.#levels.limited && seeker.placement.route.longPoll !== true ? this.#permits : undefined
    if (seeker.login && this.#serves(seeker.login, selection)) return this.#levels.pickOwn(seeker.login, selection)
    if (stickiness?.endpoint) {
      const own = this.#own(stickiness.endpoint, selection)
      if (own) return own
    }
    // A followed session that a draining upstream has served stays there; a new one that would belong there does not.
    const left = follow === undefined ? undefined : this.#levels.leaving(follow, this.#runtime.sessions)
    if (left) {
      const own = this.#own(left, selection)
      if (own) return own
    }
    if (this.#levels.situation !== 'usable') return this.#levels.situation
    if (follow !== undefined && this.affinity?.plan.gone === 'fail' && !this.#levels.isHomeUp(follow)) return 'none'
    return this.#anyOf(selection)
  }

  /** What a choice would look at, for people: takes no permit, and nobody's turn. */
  outlook(stickiness: Stickiness | undefined): Outlook {
    const successor = this.#successor
    if (successor) return successor.outlook(successor.#translated(stickiness))
    this.#levels.refresh()
    this.#selection.tried = undefined
    const { endpoint, key } = stickiness ?? {}
    const isBound = this.affinity?.plan.gone === 'fail'
    const isOwn = endpoint && this.#serves(endpoint, this.#selection) && (isBound || !this.#levels.standsBy(endpoint))
    const left = key === undefined ? undefined : this.#levels.leaving(key, this.#runtime.sessions)
    const followed = key === undefined ? undefined : (left ?? this.#levels.followed(key))
    const own = isOwn ? endpoint : followed
    return { situation: isOwn || left ? 'usable' : this.#situationOf(endpoint, key), own, parts: this.#levels.parts() }
  }

  #situationOf(bound: Endpoint | undefined, follow: number | undefined): Outlook['situation'] {
    const { situation } = this.#levels
    if (this.affinity?.plan.gone !== 'fail') return situation
    if (bound) return this.#runtime.table.availability(bound.slot) === AVAILABILITY.unknown ? 'no-verdict-yet' : 'none'
    return situation === 'usable' && follow !== undefined && !this.#levels.isHomeUp(follow) ? 'none' : situation
  }

  /** Balances over what is available. */
  #anyOf(selection: Selection): Choice | NoChoice {
    const { follow, tried, permits } = selection
    const first = this.#levels.first(selection)
    // Who is followed asks his own upstream, whatever others met there.
    const shunned = follow === undefined ? this.#suspects.with(tried, selection.nowMs) : undefined
    if (shunned) {
      selection.tried = shunned
      const better = this.#levels.pickFirst(first, selection)
      if (better) return better
      selection.tried = tried
    }
    return permits ? this.#levels.pickPermitted(first, selection, permits) : this.#levels.pick(first, selection)
  }

  /**
   * The client's own upstream, while it serves: also one that is draining. One of a second site only while that carries load, unless the
   * session can't move. Undefined = any other will do.
   */
  #own(endpoint: Endpoint, selection: Selection): Choice | NoChoice | undefined {
    const isBound = this.affinity?.plan.gone === 'fail'
    if (this.#serves(endpoint, selection) && (isBound || !this.#levels.standsBy(endpoint)))
      return this.#levels.pickOwn(endpoint, selection)
    if (!isBound) return undefined
    const availability = this.#runtime.table.availability(endpoint.slot)
    return availability === AVAILABILITY.unknown ? 'no-verdict-yet' : 'none'
  }

  /** Whether it goes on with those who are with it already, and has not failed this request. */
  #serves(endpoint: Endpoint, { tried }: Selection): boolean {
    const availability = this.#runtime.table.availability(endpoint.slot)
    const serves =
      availability === AVAILABILITY.draining ||
      (availability === AVAILABILITY.available && !this.#levels.awaitsFailback(endpoint))
    return serves && !tried?.includes(endpoint)
  }

  /** What sticks to an upstream of an older snapshot: a client stays with it, by name, where that has another address now. */
  #translated(stickiness: Stickiness | undefined): Stickiness | undefined {
    const own = stickiness?.endpoint
    const heir = own && this.endpoints.find(({ plan }) => plan.name === own.plan.name)
    return heir === undefined || heir === own ? stickiness : { ...stickiness!, endpoint: heir }
  }

  /**
   * Makes an exchange wait for what `choose` has just not found.
   * @returns how long it may wait, ms; undefined = it waits for that already. After a number for `full` it has to choose once more
   */
  wait(waiter: Waiter, why: 'no-verdict-yet' | 'full', priority: number): number | undefined | WaitRefusal {
    if (this.#successor) return this.#successor.wait(waiter, why, priority)
    const { lanes, seenVersion } = this.#levels
    if (why === 'no-verdict-yet') {
      if (waiter.waitsFor === 'verdict') return undefined
      this.#queue.leave(waiter)
      this.#queue.awaitVerdict(waiter, seenVersion)
      return Math.max(1, this.plan.firstVerdictMs - waiter.verdictMs)
    }
    if (waiter.waitsFor === 'permit') {
      this.#queue.move(waiter, lanes)
      return undefined
    }
    this.#queue.leave(waiter)
    const { queue } = this.plan
    // One deadline, however often it waits.
    const leftMs = queue ? queue.timeoutMs - waiter.permitMs : 0
    if (queue && leftMs <= 0) return this.#refuse('queue-timeout')
    if (queue && this.#queue.join(waiter, lanes, priority, queue.max, seenVersion)) return leftMs
    return this.#refuse(queue ? 'queue-full' : 'overloaded')
  }

  /** It was served, or has given up. @returns how long it has waited for permits, ms */
  stopWaiting(waiter: Waiter): number {
    this.#queue.leave(waiter)
    return waiter.permitMs
  }

  /** The wait for a permit took too long. */
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
    this.#levels.observe(endpoint, latencyMs, nowMs)
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

  #refuse(why: WaitRefusal): WaitRefusal {
    this.#runtime.row.add(this.slot, why === 'queue-timeout' ? TOTAL.queueTimeouts : TOTAL.queueFull, 1)
    return why
  }
}
