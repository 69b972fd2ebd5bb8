// The later priorities of each pool: which of them carry load, since when, and how many requests went there. What begins and ends is
// policy/upstream/standby.ts's decision; who gets which request is decided by the workers.

import { levelLoadsFrom, type PriorityLevel } from '../../../policy/balance/priority.ts'
import { IDLE, nextStandby, type StandbyState } from '../../../policy/upstream/standby.ts'
import type { RegistryPool } from '../entry.ts'
import type { StandbyEvent } from '../upstream-event.ts'
import { prioritiesOf } from './floors.ts'

/** A priority after the first. */
export interface StandbyInUse {
  readonly priority: number
  /** Since when it carries load, epoch ms; undefined = it does not. */
  readonly sinceMs: number | undefined
  /** Requests that were sent there, since the start. */
  readonly requests: number
}

interface Known {
  readonly state: StandbyState
  /** Since the start, whatever upstreams it had. */
  readonly requests: number
}

export class Standbys {
  readonly #sent: (slot: number) => number
  /** By the pool's slot, then by priority. */
  readonly #known = new Map<number, ReadonlyMap<number, Known>>()
  /** By slot of the upstream: what had been sent there at the last look. */
  readonly #seen = new Map<number, number>()

  /** @param sent requests that were sent to an upstream so far, over all workers */
  constructor(sent: (slot: number) => number) {
    this.#sent = sent
  }

  /** Looks at a pool as it is now. @param floor index of the first priority that may carry load @returns what there is to tell */
  look(pool: RegistryPool, floor: number, nowMs: number): StandbyEvent[] {
    const priorities = prioritiesOf(pool)
    if (priorities.length < 2) {
      this.#known.delete(pool.slot)
      return []
    }
    const before = this.#known.get(pool.slot)
    const levels = priorities.map(priority => levelOf(pool, priority))
    const { spill, overprovisioning } = pool.plan
    const loads = levelLoadsFrom(levels, spill === 'capacity' ? overprovisioning : undefined, floor)
    const events: StandbyEvent[] = []
    const known = new Map<number, Known>()
    for (const [at, priority] of priorities.entries()) {
      const sent = this.#sentSince(pool, priority)
      if (at === 0) continue
      const earlier = levels.slice(0, at)
      const hasShare = loads[at]! > 0 && !earlier.some(level => level.unknown)
      const { state = IDLE, requests = 0 } = before?.get(priority) ?? {}
      const next = nextStandby(state, { hasShare, requests: sent, nowMs })
      known.set(priority, { state: next, requests: requests + sent })
      if ((state.sinceMs === undefined) === (next.sinceMs === undefined)) continue
      events.push(eventOf(pool, priority, state, next, whyOf(earlier, hasShare, floor, at), nowMs))
    }
    this.#known.set(pool.slot, known)
    return events
  }

  of({ slot }: RegistryPool): readonly StandbyInUse[] {
    return [...(this.#known.get(slot) ?? [])].map(([priority, { state, requests }]) => ({
      priority,
      sinceMs: state.sinceMs,
      requests,
    }))
  }

  /** An upstream that is new here brings nothing along from where it was before. */
  #sentSince({ entries }: RegistryPool, priority: number): number {
    let sum = 0
    for (const { slot, plan } of entries) {
      if (plan.priority !== priority) continue
      const sent = this.#sent(slot)
      sum += sent - (this.#seen.get(slot) ?? sent)
      this.#seen.set(slot, sent)
    }
    return sum
  }
}

/** As the workers see it (proxy/pool/level.ts). */
function levelOf({ entries }: RegistryPool, priority: number): PriorityLevel & { readonly unknown: boolean } {
  let available = 0
  let total = 0
  let unknown = false
  for (const { plan, verdict, weight } of entries) {
    if (plan.priority !== priority) continue
    if (verdict.availability === 'available') available += weight
    if (verdict.availability !== 'disabled' && verdict.availability !== 'draining') total += weight
    unknown ||= verdict.availability === 'unknown' && weight > 0
  }
  return { available, total, unknown }
}

function whyOf(earlier: readonly PriorityLevel[], hasShare: boolean, floor: number, at: number): string {
  if (!earlier.some(({ available }) => available > 0)) return 'no earlier one can serve'
  if (hasShare) return floor >= at ? 'it waits for a failback' : 'earlier ones can serve only a part (overprovisioning)'
  return 'requests found no earlier one that took them'
}

function eventOf(
  { plan, entries }: RegistryPool,
  priority: number,
  before: StandbyState,
  after: StandbyState,
  why: string,
  atMs: number,
): StandbyEvent {
  const upstreams = entries.filter(entry => entry.plan.priority === priority).map(entry => entry.plan.name)
  const common = { type: 'standby', atMs, pool: plan.name, priority, upstreams } as const
  if (after.sinceMs !== undefined) return { ...common, carries: true, why }
  return { ...common, carries: false, forMs: before.lastMs - before.sinceMs!, requests: before.requests }
}
