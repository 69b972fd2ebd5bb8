// The upstreams of one priority, as this worker sees them: joins what the shared table says of them with the balancer's choice, and
// takes a permit where there are limits.

import type { PoolPlan } from '../../plan/pool.ts'
import type { Balancer, BalanceView } from '../../policy/balance/balancer.ts'
import { createBalancer } from '../../policy/balance/create.ts'
import { Hash } from '../../policy/balance/hash.ts'
import { GAUGE } from '../../shared/counter-cells.ts'
import type { CounterTable } from '../../shared/counters.ts'
import { AVAILABILITY, type UpstreamTable } from '../../shared/upstream-table.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { Choice, Selection } from './choice.ts'
import { Permit, type PoolPermits } from './permits.ts'

export class Level implements BalanceView {
  readonly size: number
  readonly weights: Float64Array
  uniform = true
  /** Sums of weights. */
  total = 0
  available = 0
  hasUnknown = false
  /** Some of its upstreams have a limit: there, a choice needs a permit. */
  limited = false
  /** It carries load, or takes what finds no place on earlier levels; false = it is used only where all others have been tried. */
  open = false
  /** Where the last choice, by the key of an affinity, wants a permit. */
  wanted: Endpoint | undefined = undefined
  readonly endpoints: readonly Endpoint[]
  /** What choices come to, without a permit and with one; made once. */
  readonly #free: readonly Choice[]
  readonly #permitted: readonly Choice[]
  readonly #counters: CounterTable
  readonly #balancer: Balancer
  readonly #rendezvous: Balancer
  /** Most requests on each upstream; 0 = no limit. */
  readonly #limits: Int32Array
  /** Weights as they would be if nobody were draining; undefined = nobody is. */
  #staying: Float64Array | undefined = undefined

  constructor(plan: PoolPlan, endpoints: readonly Endpoint[], permits: PoolPermits, counters: CounterTable) {
    this.size = endpoints.length
    this.weights = new Float64Array(this.size)
    this.endpoints = endpoints
    this.#free = endpoints.map(endpoint => ({ endpoint, permit: undefined }))
    this.#permitted = endpoints.map(endpoint => ({ endpoint, permit: new Permit(permits, endpoint.slot) }))
    this.#limits = new Int32Array(this.size)
    this.#counters = counters
    const names = endpoints.map(endpoint => endpoint.plan.name)
    this.#balancer = createBalancer(plan.balance, names)
    this.#rendezvous = new Hash(names, Number.POSITIVE_INFINITY)
  }

  inFlight(index: number): number {
    return this.#counters.gauge(this.endpoints[index]!.slot, GAUGE.inFlight)
  }

  /** @param panic what is out counts as available; what is drained or disabled does not */
  refresh(table: UpstreamTable, panic: boolean): void {
    this.total = 0
    this.available = 0
    this.hasUnknown = false
    this.uniform = true
    this.limited = false
    this.#staying = undefined
    let seen = 0
    for (let i = 0; i < this.size; i += 1) {
      const { slot } = this.endpoints[i]!
      const availability = table.availability(slot)
      if (availability === AVAILABILITY.available) this.endpoints[i]!.readmit()
      const weight = table.weight(slot)
      const usable = availability === AVAILABILITY.available || (panic && availability === AVAILABILITY.out)
      this.weights[i] = usable ? weight : 0
      if (usable && weight > 0) {
        if (seen > 0 && weight !== seen) this.uniform = false
        seen = weight
      }
      this.available += this.weights[i]!
      // Who was taken out on purpose is not missed: a drain at one site sends nobody to the next.
      this.total += availability === AVAILABILITY.disabled || availability === AVAILABILITY.draining ? 0 : weight
      this.hasUnknown ||= availability === AVAILABILITY.unknown
      if (availability === AVAILABILITY.draining) {
        this.#staying ??= this.weights.slice()
        this.#staying[i] = weight
      } else if (this.#staying) this.#staying[i] = this.weights[i]!
      this.#limits[i] = table.limit(slot)
      this.limited ||= this.#limits[i]! > 0
    }
  }

  /** The upstream without a permit, where none is needed. */
  pick(selection: Selection): Choice | undefined {
    const { follow, tried, nowMs, random } = selection
    const balancer = follow === undefined ? this.#balancer : this.#rendezvous
    const hash = follow ?? selection.key
    if (tried === undefined || tried.length === 0) return this.#free[balancer.pick(this, hash, nowMs, random)]
    const before = this.weights.slice()
    this.#leaveOut(tried)
    const index = balancer.pick(this, hash, nowMs, random)
    this.weights.set(before)
    return this.#free[index]
  }

  /**
   * As `pick`, with a permit where the upstream has a limit. A client with an affinity waits for its own upstream, any other request
   * takes the next one that has room; 'full' = there is none, or others come first.
   */
  pickPermitted(selection: Selection, permits: PoolPermits): Choice | 'full' | undefined {
    const { follow, tried, nowMs, random, rank } = selection
    const balancer = follow === undefined ? this.#balancer : this.#rendezvous
    const hash = follow ?? selection.key
    let before: Float64Array | undefined
    if (tried !== undefined && tried.length > 0) {
      before = this.weights.slice()
      this.#leaveOut(tried)
    }
    let chosen: Choice | 'full' | undefined
    for (;;) {
      const index = balancer.pick(this, hash, nowMs, random)
      const endpoint = this.endpoints[index]
      if (endpoint === undefined) break
      const limit = this.#limits[index]!
      if (limit === 0 || permits.take(endpoint.slot, limit, this.open, rank)) {
        chosen = limit === 0 ? this.#free[index] : this.#permitted[index]
        break
      }
      chosen = 'full'
      if (follow !== undefined) {
        this.wanted = endpoint
        break
      }
      before ??= this.weights.slice()
      this.weights[index] = 0
      // Where many are full, to pick them one by one would take long.
      this.#leaveOutFull(permits)
    }
    if (before) this.weights.set(before)
    return chosen
  }

  /** The choice of one of its upstreams. @param permitted with a permit, which the caller has taken */
  choiceOf(endpoint: Endpoint, permitted: boolean): Choice | undefined {
    const index = this.endpoints.indexOf(endpoint)
    return permitted ? this.#permitted[index] : this.#free[index]
  }

  /** Whether those that wait for any upstream may get this one. */
  shares(endpoint: Endpoint): boolean {
    return this.open && this.weights[this.endpoints.indexOf(endpoint)]! > 0
  }

  /** Slots of the upstreams that get work and are not among those. */
  untried(tried: readonly Endpoint[]): number[] {
    return this.endpoints.filter((each, i) => this.weights[i]! > 0 && !tried.includes(each)).map(({ slot }) => slot)
  }

  /** The upstream that a followed key belongs to as things are. */
  followed(key: number): Endpoint | undefined {
    return this.#follow(key, this.weights)
  }

  /** Each upstream's part of what this level gets, 0 to 1. */
  parts(): number[] {
    const sum = this.weights.reduce((total, weight) => total + weight, 0)
    return Array.from(this.weights, weight => (sum === 0 ? 0 : weight / sum))
  }

  /** The upstream that a followed key belongs to while all are there. */
  home(key: number): Endpoint | undefined {
    return this.#follow(
      key,
      Float64Array.from(this.endpoints, endpoint => endpoint.plan.weight),
    )
  }

  /** The draining upstream that a followed key belonged to before the drain; undefined = it belonged to another, or nobody drains. */
  leaving(key: number): Endpoint | undefined {
    if (!this.#staying) return undefined
    const own = this.#follow(key, this.#staying)
    return own && this.weights[this.endpoints.indexOf(own)] === 0 ? own : undefined
  }

  #follow(key: number, weights: Float64Array): Endpoint | undefined {
    return this.endpoints[
      this.#rendezvous.pick({ size: this.size, weights, uniform: false, inFlight: () => 0 }, key, 0, () => 0)
    ]
  }

  observe(endpoint: Endpoint, latencyMs: number, nowMs: number): void {
    const at = this.endpoints.indexOf(endpoint)
    if (at >= 0) this.#balancer.observe(at, latencyMs, nowMs)
  }

  #leaveOut(tried: readonly Endpoint[]): void {
    for (const endpoint of tried) {
      const at = this.endpoints.indexOf(endpoint)
      if (at >= 0) this.weights[at] = 0
    }
  }

  #leaveOutFull(permits: PoolPermits): void {
    for (let i = 0; i < this.size; i += 1) {
      if (this.weights[i]! > 0 && permits.isFull(this.endpoints[i]!.slot, this.#limits[i]!)) this.weights[i] = 0
    }
  }
}
