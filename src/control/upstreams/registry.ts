// The sole owner of the state of upstreams, keyed by (pool, upstream). Takes facts in, derives availability by policy, writes it
// into the shared table and tells of each change once. It does no I/O: who probes, logs or stores is none of its business.

import type { HealthPlan } from '../../plan/health.ts'
import type { PoolPlan, UpstreamPlan } from '../../plan/pool.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import { NO_HINTS } from '../../policy/upstream/agent-hints.ts'
import { deriveAvailability, INITIAL_STATE_UNPROBED, type UpstreamState } from '../../policy/upstream/availability.ts'
import { observe } from '../../policy/upstream/health.ts'
import { type HoldOrder, type HoldSource, withoutHold } from '../../policy/upstream/holds.ts'
import {
  afterFailure,
  afterRecovery,
  afterTick,
  type OutlierState,
  outlierFact,
  probationFactor,
} from '../../policy/upstream/outlier.ts'
import type { UpstreamTotals } from '../../policy/upstream/outlier-verdicts.ts'
import { slowStartFactor, slowStartLimit } from '../../policy/upstream/slow-start.ts'
import { baseWeight, type OperatorWeight, weightWords } from '../../policy/upstream/weight-override.ts'
import type { Slots } from '../../shared/messages.ts'
import { AVAILABILITY, type UpstreamTable } from '../../shared/upstream-table.ts'
import { AdminFacts } from './admin-fact.ts'
import { type Entry, type MutableEntry, newEntry, type RegistryPool } from './entry.ts'
import { Floors, type LevelsInUse } from './floors.ts'
import { type KeptOrder, KeptOrders } from './kept-orders.ts'
import { membersOf } from './passive-health.ts'
import type { Assessment, ProbeJob } from './prober.ts'
import type { ProbeResult } from './probes/probe.ts'
import { SlotAssigner } from './slots.ts'
import type { Notice, Transition, UpstreamEvent } from './upstream-event.ts'

export interface RegistryOptions {
  readonly table: UpstreamTable
  /** What requests met on an upstream so far, over all workers. */
  readonly totals: (slot: number) => UpstreamTotals
  readonly tell: (event: UpstreamEvent) => void
  /** Epoch ms. */
  readonly now?: () => number
}

export class Registry {
  readonly #options: RegistryOptions
  readonly #now: () => number
  readonly #slots = new SlotAssigner()
  readonly #floors: Floors
  readonly #admin: AdminFacts
  /** By slot: the upstreams of the snapshot in use, and those that workers may still use until `retire`. */
  readonly #entries = new Map<number, MutableEntry>()
  readonly #kept = new KeptOrders()
  #pools: readonly RegistryPool[] = []

  constructor(options: RegistryOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#floors = new Floors(options.table)
    this.#admin = new AdminFacts({
      now: this.#now,
      change: (entry, state, cause, by) => this.#change(entry, state, cause, by),
      tellUnchanged: (entry, cause, by) => {
        const { availability, reason } = entry.verdict
        this.#tell(entry, availability, `${cause} (${availability} anyway: ${reason})`, by)
      },
      reweigh: entry => {
        this.#publish(entry)
        const pool = this.#poolOf(entry)
        if (pool !== undefined) this.#settle(pool)
      },
      notice: (level, { pool, plan }, text) => this.#notice(level, pool, plan.name, text),
      poolOf: entry => this.#poolOf(entry),
      tell: options.tell,
    })
  }

  /**
   * Takes over the pools of a snapshot. An upstream whose pool, name and address are as before keeps its slot and its state;
   * one that left keeps both until `retire`, so that going back to the former snapshot loses nothing.
   */
  apply(snapshot: Snapshot): Slots {
    // All slots first: where there are not enough, nothing has changed yet.
    const slots = this.#slots.assign(snapshot)
    this.#pools = snapshot.pools.map((plan, p) => ({
      plan,
      slot: slots.pools[p]!,
      entries: plan.upstreams.map((upstream, u) => this.#adopt(plan, upstream, slots.upstreams[p]![u]!)),
    }))
    for (const pool of this.#pools) this.#settle(pool)
    return slots
  }

  /** Forgets the upstreams that are in no pool any more, and returns them. Call it once no worker gives them new work. */
  retire(): readonly Entry[] {
    const kept = new Set(this.#pools.flatMap(pool => pool.entries.map(entry => entry.slot)))
    const retired: Entry[] = []
    for (const [slot, entry] of this.#entries) {
      if (kept.has(slot)) continue
      retired.push(entry)
      this.#tellLeft(slot)
      this.#entries.delete(slot)
      this.#options.table.set(slot, AVAILABILITY.disabled, 0)
    }
    return retired
  }

  /** Takes in a probe's result. */
  probed(slot: number, result: ProbeResult): Assessment {
    const entry = this.#entries.get(slot)
    if (entry === undefined || entry.health.kind === 'none') throw new Error(`slot ${slot} is not probed`)
    const now = this.#now()
    entry.probes.add(now, result)
    // First what the node says of itself: one that asks to be drained gets no work between its first good probe and the hint.
    if (result.ok) this.#admin.hear(entry, result.hints ?? NO_HINTS)
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
    for (const pool of this.#pools) {
      const { plan, entries } = pool
      if (plan.outlier !== undefined) {
        const totals = entries.map(({ slot }) => this.#options.totals(slot))
        const states = afterTick(membersOf(entries), totals, now, plan.outlier)
        for (const [index, { slot }] of entries.entries()) this.#judged(this.#entries.get(slot)!, states[index]!)
      }
      for (const { slot } of entries) this.#admin.endDrain(this.#entries.get(slot)!)
      for (const { slot } of entries) this.#publish(this.#entries.get(slot)!)
      this.#settle(pool)
    }
  }

  /** Puts a hold on an upstream; the same source's earlier one gives way. Told as a transition, whatever the availability does. */
  hold(slot: number, order: HoldOrder): void {
    const entry = this.#entries.get(slot)
    if (entry !== undefined) this.#admin.hold(entry, order)
  }

  /** Takes a source's hold off an upstream. @param cause who did it and why, one line */
  release(slot: number, source: HoldSource, cause: string, by?: string): void {
    const entry = this.#entries.get(slot)
    if (entry !== undefined) this.#admin.release(entry, source, cause, by)
  }

  /** Puts an operator's weight in the place of the configured one; undefined = takes it back. Told as a transition. */
  weigh(
    slot: number,
    wish: OperatorWeight | undefined,
    { reason, by }: { readonly reason: string; readonly by: string },
  ): void {
    const entry = this.#entries.get(slot)
    if (entry === undefined || (wish === undefined && entry.weightOverride === undefined)) return
    entry.weightOverride = wish && { value: wish, reason, by, sinceMs: this.#now() }
    this.#publish(entry)
    const pool = this.#poolOf(entry)
    if (pool !== undefined) this.#settle(pool)
    const what = wish === undefined ? 'weight as configured again' : `weight ${weightWords(wish)}`
    const { availability } = entry.verdict
    this.#tell(entry, availability, `${what}, by ${by}: ${reason}`, by)
  }

  /** What an operator ordered before a restart; where something has been ordered since, that counts. */
  restore(pool: string, upstream: string, { hold, weight }: KeptOrder): void {
    const entry = this.#pools.find(each => each.plan.name === pool)?.entries.find(each => each.plan.name === upstream)
    if (entry === undefined) return this.#kept.put(pool, upstream, { hold, weight })
    const found = this.#entries.get(entry.slot)!
    if (hold !== undefined) this.#admin.restore(found, hold)
    if (weight === undefined || found.weightOverride !== undefined) return
    found.weightOverride = weight
    this.#publish(found)
    this.#settle(this.#poolOf(found)!)
  }

  /** The priority that carried the load of a pool with `failback: manual` before a restart. */
  restoreFloor(name: string, priority: number): void {
    const pool = this.#pools.find(each => each.plan.name === name)
    if (pool !== undefined) this.#floors.restore(pool, priority)
  }

  /** Lets a pool's load return to earlier priorities, as far as they can carry it. Returns whether anything changes. */
  failback(pool: RegistryPool, cause: string): boolean {
    const moved = this.#floors.failback(pool)
    if (moved)
      this.#notice('info', pool.plan.name, undefined, `load returns to priority ${this.levels(pool).floor}: ${cause}`)
    return moved
  }

  levels(pool: RegistryPool): LevelsInUse {
    return this.#floors.inUse(pool)
  }

  #settle(pool: RegistryPool): void {
    const priority = this.#floors.settle(pool)
    if (priority === undefined) return
    const text = `priority ${priority} carries the load now, and keeps it until an operator asks for a failback`
    this.#notice('warn', pool.plan.name, undefined, text)
    this.#options.tell({ type: 'failover', pool: pool.plan.name, priority })
  }

  #notice(level: Notice['level'], pool: string, upstream: string | undefined, text: string): void {
    this.#options.tell({ type: 'notice', notice: { level, pool, upstream, text } })
  }

  #judged(entry: MutableEntry, outlier: OutlierState): void {
    const before = entry.outlier.status
    entry.outlier = outlier
    if (before !== 'ejected' && outlier.status === 'ejected') entry.ejections += 1
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
      if (!followsHints(pool.health)) this.#admin.hear(known, NO_HINTS)
      this.#publish(known)
      return known
    }
    const entry = newEntry(pool, plan, slot, this.#options.totals(slot), this.#now(), this.#ordersFor(pool, plan))
    this.#entries.set(slot, entry)
    this.#publish(entry)
    return entry
  }

  /** An order is for a name: it goes on where another address stands behind that name now. */
  #ordersFor({ name: pool }: PoolPlan, { name }: UpstreamPlan): Pick<Entry, 'holds' | 'weightOverride'> {
    for (const { pool: other, plan, holds, weightOverride } of this.#entries.values()) {
      if (other === pool && plan.name === name) return { holds: withoutHold(holds, 'agent'), weightOverride }
    }
    return this.#kept.take(pool, name)
  }

  /** With its name an upstream's orders are forgotten; a new address alone is no farewell. */
  #tellLeft(slot: number): void {
    const entry = this.#entries.get(slot)!
    const pool = this.#poolOf(entry)
    if (!pool?.entries.some(({ plan }) => plan.name === entry.plan.name)) this.#options.tell({ type: 'left', entry })
  }

  /** Nothing in its pool gets new work. */
  #isLastHope(entry: Entry): boolean {
    const pool = this.#poolOf(entry)
    return pool === undefined || pool.entries.every(other => other.verdict.availability !== 'available')
  }

  #poolOf(entry: Entry): RegistryPool | undefined {
    return this.#pools.find(each => each.plan.name === entry.pool)
  }

  /** Returns whether it was told: whether the availability is another one now. */
  #change(entry: MutableEntry, state: UpstreamState, cause?: string, by?: string): boolean {
    const from = entry.verdict.availability
    const { outlier } = entry.state
    entry.state = state
    if (outlier.status !== state.outlier.status) this.#options.tell({ type: 'outlier', entry, before: outlier })
    entry.verdict = deriveAvailability(state)
    const { availability: to, reason } = entry.verdict
    if (to === from) return false
    entry.sinceMs = this.#now()
    if (to === 'out' || to === 'disabled') entry.cold = true
    else if (to === 'available' && entry.cold) {
      entry.cold = false
      entry.returnedMs = entry.sinceMs
    }
    this.#publish(entry)
    // An order to drain says it all; where one was lifted, what the upstream is now has a reason of its own.
    this.#tell(
      entry,
      from,
      cause === undefined ? reason : state.hold.status === 'enabled' ? `${cause}; ${reason}` : cause,
      by,
    )
    const pool = this.#poolOf(entry)
    if (pool !== undefined) this.#settle(pool)
    return true
  }

  #tell(entry: Entry, from: Transition['from'], cause: string, by?: string): void {
    const { pool, plan, verdict } = entry
    const { availability: to } = verdict
    const transition = { atMs: this.#now(), pool, upstream: plan.name, from, to, cause, by }
    this.#options.tell({ type: 'transition', transition })
  }

  #publish(entry: MutableEntry): void {
    const { slot, verdict, plan, hints, outlier, returnedMs, weightOverride } = entry
    const pool = this.#poolOf(entry)?.plan
    const trial = pool?.outlier === undefined ? 1 : probationFactor(outlier, pool.outlier)
    const warmth = slowStartFactor(this.#now(), returnedMs, pool?.slowStartMs ?? 0)
    if (warmth === 1) entry.returnedMs = undefined
    // In thousandths, as the table holds it: else it would seem to differ from it for ever.
    const base = baseWeight(plan.weight, weightOverride)
    entry.weight = Math.round(base * hints.weight * trial * warmth * 1000) / 1000
    const availability = AVAILABILITY[verdict.availability]
    const { table } = this.#options
    entry.limit = slowStartLimit(plan.maxConnections, warmth)
    const same = table.availability(slot) === availability && table.weight(slot) === entry.weight
    if (same && table.limit(slot) === entry.limit) return
    table.set(slot, availability, entry.weight, entry.limit)
  }
}

function followsHints(health: HealthPlan): boolean {
  return health.kind === 'http' && (health.hints === true || health.drainOn404 === true)
}
