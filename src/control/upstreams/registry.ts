// The sole owner of the state of upstreams, keyed by (pool, upstream). Keeps their entries; takes in what happens as a step (step.ts),
// writes it into the shared table and tells of it once. It does no I/O: who probes, logs or stores is none of its business.

import type { PoolPlan, UpstreamPlan } from '../../plan/pool.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import type { NameState } from '../../policy/names/name-state.ts'
import type { TransportFailure } from '../../policy/upstream/failure-row.ts'
import { type HoldOrder, type HoldSource, withoutHold } from '../../policy/upstream/holds.ts'
import { afterTick } from '../../policy/upstream/outlier.ts'
import type { UpstreamTotals } from '../../policy/upstream/outlier-verdicts.ts'
import type { OperatorWeight } from '../../policy/upstream/weight-override.ts'
import type { HoldingSign } from '../../policy/upstream/worker-holding.ts'
import type { Slots } from '../../shared/messages.ts'
import { AVAILABILITY, type UpstreamTable } from '../../shared/upstream-table.ts'
import { afterClockStep } from './after-clock-step.ts'
import { afterHolding } from './after-holding.ts'
import { addressFact, afterName } from './after-name.ts'
import { afterDeadline, afterHold, afterRelease, afterRestore, afterWeight } from './after-order.ts'
import { afterProbe, assess } from './after-probe.ts'
import { afterReload } from './after-reload.ts'
import { afterIdleLimit } from './after-starved.ts'
import { type Entry, newEntry, type RegistryPool } from './entry.ts'
import { afterJudgement, afterTransportFailure, membersOf } from './passive-health.ts'
import { type Overrides, PendingOverrides } from './pending-overrides.ts'
import { Floors, type LevelsInUse } from './priorities/floors.ts'
import { type StandbyInUse, Standbys } from './priorities/standby.ts'
import type { Assessment, ProbeJob } from './prober.ts'
import type { ProbeResult } from './probes/probe.ts'
import { publish, withShare } from './share.ts'
import { SlotAssigner } from './slots.ts'
import { andThen, type Step, silently } from './step.ts'
import type { Notice, UpstreamEvent } from './upstream-event.ts'

export interface RegistryOptions {
  readonly table: UpstreamTable
  /** What requests met on an upstream so far, over all workers. */
  readonly totals: (slot: number) => UpstreamTotals
  /** Requests that were sent to an upstream so far, over all workers. */
  readonly sent: (slot: number) => number
  readonly tell: (event: UpstreamEvent) => void
  /** What is known of the name of an upstream; undefined = it is an address. Default: all are addresses. */
  readonly nameOf?: (host: string) => NameState | undefined
  /** Epoch ms. */
  readonly now?: () => number
}

/** A pool of the snapshot in use. */
interface Pool {
  readonly plan: PoolPlan
  readonly slot: number
  /** Slots of its upstreams. */
  readonly upstreams: readonly number[]
}

export class Registry {
  readonly #options: RegistryOptions
  readonly #now: () => number
  readonly #slots = new SlotAssigner()
  readonly #floors: Floors
  readonly #standbys: Standbys
  /** By slot: the upstreams of the snapshot in use, and those that workers may still use until `retire`. */
  readonly #entries = new Map<number, Entry>()
  readonly #pending = new PendingOverrides()
  /** By name, in the order of the configuration. */
  #pools: ReadonlyMap<string, Pool> = new Map()

  constructor(options: RegistryOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#floors = new Floors(options.table)
    this.#standbys = new Standbys(options.sent)
  }

  /**
   * Takes over the pools of a snapshot. An upstream whose pool, name and address are as before keeps its slot and its state;
   * one that left keeps both until `retire`, so that going back to the former snapshot loses nothing.
   */
  apply(snapshot: Snapshot): Slots {
    // All slots first: where there are not enough, nothing has changed yet.
    const slots = this.#slots.assign(snapshot)
    const pools = snapshot.pools.map((plan, p) => ({ plan, slot: slots.pools[p]!, upstreams: slots.upstreams[p]! }))
    const former = Map.groupBy(this.#entries.values(), ({ pool }) => pool)
    for (const { plan, upstreams } of pools)
      for (const [u, slot] of upstreams.entries())
        this.#take(this.#configured(plan, plan.upstreams[u]!, slot, former.get(plan.name)), plan)
    this.#pools = new Map(pools.map(pool => [pool.plan.name, pool]))
    for (const pool of this.pools()) this.#settle(pool)
    return slots
  }

  /** Forgets the upstreams that are in no pool any more, and returns them. Call it once no worker gives them new work. */
  retire(): readonly Entry[] {
    const kept = new Set([...this.#pools.values()].flatMap(pool => pool.upstreams))
    const retired = [...this.#entries.values()].filter(({ slot }) => !kept.has(slot))
    for (const entry of retired) {
      const { slot, plan } = entry
      // With its name an upstream's orders are forgotten; a new address alone is no farewell.
      const isNamed = this.#planOf(entry)?.upstreams.some(({ name }) => name === plan.name) === true
      if (!isNamed) this.#options.tell({ type: 'left', entry })
      this.#entries.delete(slot)
      this.#options.table.set(slot, AVAILABILITY.disabled, 0)
    }
    return retired
  }

  /** Takes in a probe's result. */
  probed(slot: number, result: ProbeResult): Assessment {
    const entry = this.#entries.get(slot)
    if (entry === undefined || entry.health.kind === 'none') throw new Error(`slot ${slot} is not probed`)
    const nowMs = this.#now()
    const others = this.#poolOf(entry)?.entries.filter(other => other !== entry) ?? []
    const context = { health: entry.health, others, totals: this.#options.totals(slot), nowMs }
    return assess(this.#take(afterProbe(entry, result, context)), others, nowMs)
  }

  /** Takes in what is known of a name now. @returns what the prober has to watch because of it */
  named(host: string): ProbeJob[] {
    const state = this.#options.nameOf?.(host)
    if (state === undefined) return []
    const named = [...this.#entries.values()].filter(({ plan }) => plan.host === host)
    for (const entry of named) {
      // Workers have the addresses before they may use them.
      this.#options.table.addresses.set(entry.slot, state.addresses)
      this.#take(afterName(entry, state, this.#now()))
    }
    return jobsOf(named.map(({ slot }) => this.#entries.get(slot)!))
  }

  /** Notes a failure that traffic met, for all workers: enough of them in a row eject the upstream. */
  sawTransportFailure(slot: number, failure: TransportFailure): void {
    const entry = this.#entries.get(slot)
    if (entry === undefined) return
    const pool = this.#poolOf(entry)
    this.#take(afterTransportFailure(entry, failure, pool, this.#options.totals(slot), this.#now()))
  }

  /** A worker saw that an upstream holds one of its own for each connection; `starved`: and that idle ones keep new ones waiting. */
  sawHolding(slot: number, sign: HoldingSign): void {
    this.#change(slot, entry => afterHolding(entry, sign, this.#now()))
  }

  /** Time has passed, about a second: ends ejections, drains and idle limits, judges what the totals say, goes on with slow starts. */
  tick(): void {
    const nowMs = this.#now()
    for (const { plan, entries } of this.pools()) {
      const totals = () => entries.map(({ slot }) => this.#options.totals(slot))
      const judged = plan.outlier && afterTick(membersOf(entries), totals(), nowMs, plan.outlier)
      for (const [at, { slot }] of entries.entries()) {
        const entry = this.#entries.get(slot)!
        const step = judged === undefined ? silently(entry) : afterJudgement(entry, judged[at]!, nowMs)
        const ended = andThen(step, each => afterDeadline(each, nowMs))
        this.#take(andThen(ended, each => afterIdleLimit(each, nowMs)))
      }
    }
    for (const pool of this.pools()) this.#lookAtStandbys(pool)
  }

  /** The wall clock was set by so many ms. */
  clockStepped(byMs: number): void {
    this.#pending.clockStepped(byMs)
    for (const entry of [...this.#entries.values()]) this.#take(afterClockStep(entry, byMs))
  }

  /** Puts a hold on an upstream; the same source's earlier one gives way. Told as a transition, whatever the availability does. */
  hold(slot: number, order: HoldOrder): void {
    this.#change(slot, entry => afterHold(entry, order, this.#now()))
  }

  /** Takes a source's hold off an upstream. @param cause who did it and why, one line */
  release(slot: number, source: HoldSource, cause: string, by?: string): void {
    this.#change(slot, entry => afterRelease(entry, source, this.#now(), cause, by))
  }

  /** Puts an operator's weight in the place of the configured one; undefined = takes it back. Told as a transition. */
  weigh(slot: number, value: OperatorWeight | undefined, who: { readonly reason: string; readonly by: string }): void {
    this.#change(slot, entry => afterWeight(entry, value, who, this.#now()))
  }

  /** What an operator ordered before a restart; where something has been ordered since, that counts. */
  restore(pool: string, upstream: string, overrides: Overrides): void {
    const entry = this.pool(pool)?.entries.find(({ plan }) => plan.name === upstream)
    if (entry === undefined) this.#pending.put(pool, upstream, overrides)
    else this.#take(afterRestore(entry, overrides, this.#now()))
  }

  /** The priority that carried the load of a pool with `failback: manual` before a restart. */
  restoreFloor(name: string, priority: number): void {
    const pool = this.pool(name)
    if (pool !== undefined) this.#floors.restore(pool, priority)
  }

  /** Lets a pool's load return to earlier priorities, as far as they can carry it. Returns whether anything changes. */
  failback(pool: RegistryPool, cause: string): boolean {
    const moved = this.#floors.failback(pool)
    if (moved) this.#notice('info', pool, `load returns to priority ${this.levels(pool).floor}: ${cause}`)
    return moved
  }

  levels(pool: RegistryPool): LevelsInUse {
    return this.#floors.inUse(pool)
  }

  /** The priorities after the first, in order. */
  standbys(pool: RegistryPool): readonly StandbyInUse[] {
    return this.#standbys.of(pool)
  }

  /** As they are now, in the order of the configuration. */
  pools(): readonly RegistryPool[] {
    return [...this.#pools.values()].map(pool => this.#withEntries(pool))
  }

  pool(name: string): RegistryPool | undefined {
    const pool = this.#pools.get(name)
    return pool && this.#withEntries(pool)
  }

  /**
   * What the prober has to watch, including upstreams that are leaving; one without an address can't be asked. The first of each pool
   * come first, then the second ones: no pool waits for the whole of another one.
   */
  jobs(): ProbeJob[] {
    return jobsOf(inTurns([...Map.groupBy(this.#entries.values(), ({ pool }) => pool).values()]))
  }

  #configured(pool: PoolPlan, plan: UpstreamPlan, slot: number, ofPool: readonly Entry[] = []): Step {
    const known = this.#entries.get(slot)
    const nowMs = this.#now()
    if (known !== undefined) return afterReload(known, pool, plan, nowMs)
    const totals = this.#options.totals(slot)
    const name = this.#options.nameOf?.(plan.host)
    if (name !== undefined) this.#options.table.addresses.set(slot, name.addresses)
    const before = { ...this.#overridesFor(pool.name, plan.name, ofPool), address: name && addressFact(name) }
    return silently(newEntry(pool, plan, slot, totals, nowMs, before))
  }

  /** An order is for a name: it goes on where another address stands behind that name now. */
  #overridesFor(pool: string, name: string, ofPool: readonly Entry[]): Pick<Entry, 'holds' | 'weightOverride'> {
    const same = ofPool.find(({ plan }) => plan.name === name)
    if (same !== undefined) return { holds: withoutHold(same.holds, 'agent'), weightOverride: same.weightOverride }
    const { hold, weight } = this.#pending.take(pool, name)
    return { holds: hold === undefined ? [] : [hold], weightOverride: weight }
  }

  #change(slot: number, step: (entry: Entry) => Step): void {
    if (this.#entries.has(slot)) this.#take(step(this.#entries.get(slot)!))
  }

  /** Puts a step into effect: its entry counts from now on, for workers first, then for who listens, then for its pool's levels. */
  #take({ entry, events }: Step, plan = this.#planOf(entry)): Entry {
    const next = withShare(entry, plan, this.#now())
    this.#entries.set(next.slot, next)
    const isPublished = publish(this.#options.table, next)
    for (const event of events) this.#options.tell(event)
    const pool = isPublished ? this.#poolOf(next) : undefined
    if (pool !== undefined) this.#settle(pool)
    return next
  }

  #settle(pool: RegistryPool): void {
    const priority = this.#floors.settle(pool)
    if (priority !== undefined) {
      const text = `priority ${priority} carries the load now, and keeps it until an operator asks for a failback`
      this.#notice('warn', pool, text)
      this.#options.tell({ type: 'failover', pool: pool.plan.name, priority })
    }
    this.#lookAtStandbys(pool)
  }

  #lookAtStandbys(pool: RegistryPool): void {
    for (const event of this.#standbys.look(pool, this.#floors.floor(pool), this.#now())) this.#options.tell(event)
  }

  #notice(level: Notice['level'], { plan }: RegistryPool, text: string): void {
    this.#options.tell({ type: 'notice', notice: { level, pool: plan.name, upstream: undefined, text } })
  }

  #planOf(entry: Entry): PoolPlan | undefined {
    return this.#pools.get(entry.pool)?.plan
  }

  #poolOf(entry: Entry): RegistryPool | undefined {
    return this.pool(entry.pool)
  }

  #withEntries({ plan, slot, upstreams }: Pool): RegistryPool {
    return { plan, slot, entries: upstreams.map(each => this.#entries.get(each)!) }
  }
}

function jobsOf(entries: readonly Entry[]): ProbeJob[] {
  const named = entries.filter(({ state }) => state.address === undefined)
  return named.map(({ slot, plan, health, proxyProtocol }) => ({ slot, upstream: plan, health, proxyProtocol }))
}

/** The first of each list, then the second ones, and so on. */
function inTurns<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length))
  return Array.from({ length: longest }, (_, at) => lists.flatMap(list => list.slice(at, at + 1))).flat()
}
