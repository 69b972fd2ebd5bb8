// The sole owner of the state of upstreams, keyed by (pool, upstream). Takes facts in, derives availability by policy, writes it
// into the shared table and tells of each change once. It does no I/O: who probes, logs or stores is none of its business.

import type { HealthPlan, PoolPlan, Snapshot, UpstreamPlan } from '../config/snapshot.ts'
import {
  deriveAvailability,
  INITIAL_STATE,
  INITIAL_STATE_UNPROBED,
  type UpstreamState,
  type Verdict,
} from '../policy/availability.ts'
import { observe } from '../policy/health.ts'
import {
  afterFailure,
  afterRecovery,
  afterTick,
  newOutlierState,
  type OutlierState,
  outlierFact,
  probationFactor,
} from '../policy/outlier.ts'
import type { UpstreamTotals } from '../policy/outlier-verdicts.ts'
import { slowStartFactor } from '../policy/slow-start.ts'
import type { Slots } from '../shared/messages.ts'
import { AVAILABILITY, type UpstreamTable } from '../shared/upstream-table.ts'
import { membersOf } from './passive-health.ts'
import { ProbeHistory } from './probe-history.ts'
import type { Assessment, ProbeJob } from './prober.ts'
import type { ProbeResult } from './probes/probe.ts'
import { SlotAssigner } from './slots.ts'

/** A change of what may be done with an upstream. */
export interface Transition {
  /** Epoch ms. */
  readonly atMs: number
  readonly pool: string
  readonly upstream: string
  readonly from: Verdict['availability']
  readonly to: Verdict['availability']
  /** One line. */
  readonly cause: string
}

/** One upstream of one pool. Only the registry changes it. */
export interface Entry {
  readonly pool: string
  readonly slot: number
  readonly plan: UpstreamPlan
  readonly health: HealthPlan
  readonly state: UpstreamState
  readonly verdict: Verdict
  /** When it came to the availability that it has, epoch ms. */
  readonly sinceMs: number
  /** When its probes found it unhealthy, epoch ms; undefined = they don't. */
  readonly unhealthySinceMs: number | undefined
  readonly probes: ProbeHistory
  readonly lastFailure: { readonly atMs: number; readonly error: string } | undefined
  /** What passive health knows of it. */
  readonly outlier: OutlierState
  /** When it came back after having been out, epoch ms; undefined = it never was. */
  readonly returnedMs: number | undefined
  /** Share of new work that it gets now: the configured weight, less while it is on trial or starts slowly. */
  readonly weight: number
}

type MutableEntry = { -readonly [K in keyof Entry]: Entry[K] }

export interface RegistryPool {
  readonly plan: PoolPlan
  readonly slot: number
  readonly entries: readonly Entry[]
}

export interface RegistryOptions {
  readonly table: UpstreamTable
  /** What requests met on an upstream so far, over all workers. */
  readonly totals: (slot: number) => UpstreamTotals
  readonly onTransition: (transition: Transition) => void
  /** Epoch ms. */
  readonly now?: () => number
}

export class Registry {
  readonly #options: RegistryOptions
  readonly #now: () => number
  readonly #slots = new SlotAssigner()
  /** By slot: the upstreams of the snapshot in use, and those that workers may still use until `retire`. */
  readonly #entries = new Map<number, MutableEntry>()
  #pools: readonly RegistryPool[] = []

  constructor(options: RegistryOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
  }

  /**
   * Takes over the pools of a snapshot. An upstream whose pool, name and address are as before keeps its slot and its state;
   * one that left keeps both until `retire`, so that going back to the former snapshot loses nothing.
   */
  apply(snapshot: Snapshot): Slots {
    // All slots first: where there are not enough, nothing has changed yet.
    const slots = this.#slots.assign(snapshot.pools)
    this.#pools = snapshot.pools.map((plan, p) => ({
      plan,
      slot: slots.pools[p]!,
      entries: plan.upstreams.map((upstream, u) => this.#adopt(plan, upstream, slots.upstreams[p]![u]!)),
    }))
    return slots
  }

  /** Forgets the upstreams that are in no pool any more. Call it once no worker uses them. */
  retire(): void {
    const kept = new Set(this.#pools.flatMap(pool => pool.entries.map(entry => entry.slot)))
    for (const slot of this.#entries.keys()) {
      if (kept.has(slot)) continue
      this.#entries.delete(slot)
      this.#options.table.set(slot, AVAILABILITY.disabled, 0)
    }
  }

  /** Takes in a probe's result. */
  probed(slot: number, result: ProbeResult): Assessment {
    const entry = this.#entries.get(slot)
    if (entry === undefined || entry.health.kind === 'none') throw new Error(`slot ${slot} is not probed`)
    const now = this.#now()
    entry.probes.add(now, result)
    const before = entry.state.probe
    const { rise, fall } = entry.health
    // A pool that has nothing left takes the first upstream that answers, whatever `rise` says.
    const after = observe(before, result.ok, { rise: this.#isLastHope(entry) ? 1 : rise, fall })
    if (before.status === 'unhealthy' && after.status === 'healthy') {
      entry.outlier = afterRecovery(entry.outlier, this.#options.totals(slot), now)
    }
    const lastError = result.ok ? (after.status === 'healthy' ? undefined : before.lastError) : result.error
    entry.unhealthySinceMs = after.status === 'unhealthy' ? (entry.unhealthySinceMs ?? now) : undefined
    this.#change(entry, { ...entry.state, probe: { ...after, lastError }, outlier: outlierFact(entry.outlier) })
    const downForMs = entry.unhealthySinceMs === undefined || this.#isLastHope(entry) ? 0 : now - entry.unhealthySinceMs
    return { state: after, downForMs }
  }

  /** Notes a failure that traffic met, for all workers: enough of them in a row eject the upstream. */
  sawTransportFailure(slot: number, error: string): void {
    const entry = this.#entries.get(slot)
    if (entry === undefined) return
    const now = this.#now()
    entry.lastFailure = { atMs: now, error }
    const pool = this.#poolOf(entry)
    if (pool?.plan.outlier === undefined) return
    const members = membersOf(pool.entries)
    const index = pool.entries.indexOf(entry)
    this.#judged(entry, afterFailure(members, index, this.#options.totals(slot), error, now, pool.plan.outlier))
  }

  /** Time has passed, about a second: ends ejections, judges what the totals say, goes on with slow starts. */
  tick(): void {
    const now = this.#now()
    for (const { plan, entries } of this.#pools) {
      if (plan.outlier !== undefined) {
        const totals = entries.map(({ slot }) => this.#options.totals(slot))
        const states = afterTick(membersOf(entries), totals, now, plan.outlier)
        for (const [index, { slot }] of entries.entries()) this.#judged(this.#entries.get(slot)!, states[index]!)
      }
      for (const { slot } of entries) this.#publish(this.#entries.get(slot)!)
    }
  }

  #judged(entry: MutableEntry, outlier: OutlierState): void {
    const before = entry.outlier.status
    entry.outlier = outlier
    if (before !== outlier.status) this.#change(entry, { ...entry.state, outlier: outlierFact(outlier) })
  }

  /** In the order of the configuration. */
  pools(): readonly RegistryPool[] {
    return this.#pools
  }

  /** What the prober has to watch, including upstreams that are leaving. */
  jobs(): ProbeJob[] {
    return [...this.#entries.values()].map(({ slot, plan, health }) => ({ slot, upstream: plan, health }))
  }

  #adopt(pool: PoolPlan, plan: UpstreamPlan, slot: number): MutableEntry {
    const known = this.#entries.get(slot)
    if (known !== undefined) {
      const stopsProbing = pool.health.kind === 'none' && known.health.kind !== 'none'
      known.plan = plan
      known.health = pool.health
      if (stopsProbing) {
        known.unhealthySinceMs = undefined
        this.#change(known, { ...known.state, probe: INITIAL_STATE_UNPROBED.probe })
      }
      this.#publish(known)
      return known
    }
    const state = pool.health.kind === 'none' ? INITIAL_STATE_UNPROBED : INITIAL_STATE
    const entry: MutableEntry = {
      pool: pool.name,
      slot,
      plan,
      health: pool.health,
      state,
      verdict: deriveAvailability(state),
      sinceMs: this.#now(),
      unhealthySinceMs: undefined,
      probes: new ProbeHistory(),
      lastFailure: undefined,
      outlier: newOutlierState(this.#options.totals(slot), this.#now()),
      returnedMs: undefined,
      weight: plan.weight,
    }
    this.#entries.set(slot, entry)
    this.#publish(entry)
    return entry
  }

  /** Nothing in its pool gets new work. */
  #isLastHope(entry: Entry): boolean {
    const pool = this.#poolOf(entry)
    return pool === undefined || pool.entries.every(other => other.verdict.availability !== 'available')
  }

  #poolOf(entry: Entry): RegistryPool | undefined {
    return this.#pools.find(each => each.plan.name === entry.pool)
  }

  #change(entry: MutableEntry, state: UpstreamState): void {
    const from = entry.verdict.availability
    entry.state = state
    entry.verdict = deriveAvailability(state)
    const { availability: to, reason } = entry.verdict
    if (to === from) return
    entry.sinceMs = this.#now()
    if (from === 'out' && to === 'available') entry.returnedMs = entry.sinceMs
    this.#publish(entry)
    this.#options.onTransition({
      atMs: entry.sinceMs,
      pool: entry.pool,
      upstream: entry.plan.name,
      from,
      to,
      cause: reason,
    })
  }

  #publish(entry: MutableEntry): void {
    const { slot, verdict, plan, outlier, returnedMs } = entry
    const pool = this.#poolOf(entry)?.plan
    const trial = pool?.outlier === undefined ? 1 : probationFactor(outlier, pool.outlier)
    entry.weight = plan.weight * trial * slowStartFactor(this.#now(), returnedMs, pool?.slowStartMs ?? 0)
    const availability = AVAILABILITY[verdict.availability]
    const { table } = this.#options
    if (table.availability(slot) === availability && table.weight(slot) === entry.weight) return
    table.set(slot, availability, entry.weight)
  }
}
