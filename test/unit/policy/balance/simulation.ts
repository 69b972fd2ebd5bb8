// Feeds a balancer a repeatable stream of requests, idle or under load. For tests only.

import type { BalancePlan } from '../../../../src/plan/balance.ts'
import type { Balancer, BalanceView } from '../../../../src/policy/balance/balancer.ts'
import { createBalancer } from '../../../../src/policy/balance/create.ts'
import { hashKey } from '../../../../src/policy/balance/hash.ts'

export const PLANS: readonly BalancePlan[] = [
  { kind: 'round-robin' },
  { kind: 'least-connections' },
  { kind: 'random-two' },
  { kind: 'peak-ewma' },
  { kind: 'hash', key: { from: 'address' }, boundedLoad: 1.25 },
]

/** Uniform numbers in [0, 1), the same ones for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let z = Math.imul(state ^ (state >>> 15), state | 1)
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61)
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32
  }
}

export class Group implements BalanceView {
  readonly names: readonly string[]
  readonly weights: Float64Array
  readonly loads: number[]

  constructor(weights: readonly number[]) {
    this.names = weights.map((_, index) => `odoo-${index + 1}`)
    this.weights = Float64Array.from(weights)
    this.loads = weights.map(() => 0)
  }

  get size(): number {
    return this.weights.length
  }

  get uniform(): boolean {
    let first = 0
    for (const weight of this.weights) {
      if (weight <= 0) continue
      if (first === 0) first = weight
      else if (weight !== first) return false
    }
    return true
  }

  inFlight(index: number): number {
    return this.loads[index]!
  }

  balancer(plan: BalancePlan): Balancer {
    return createBalancer(plan, this.names)
  }
}

export interface Run {
  readonly picks: number
  /** Exchanges in flight at any time; 0 = each ends before the next begins. */
  readonly concurrency: number
  readonly random: () => number
  readonly latencyMs?: (index: number) => number
}

/** How often each upstream was picked. A random one of the exchanges in flight ends before each pick. */
export function countPicks(balancer: Balancer, group: Group, run: Run): number[] {
  const counts = group.names.map(() => 0)
  const inFlight: number[] = []
  for (let request = 0; request < run.picks; request += 1) {
    const nowMs = request
    while (inFlight.length > 0 && inFlight.length >= run.concurrency) {
      const at = Math.floor(run.random() * inFlight.length)
      const ended = inFlight[at]!
      inFlight[at] = inFlight.at(-1)!
      inFlight.pop()
      group.loads[ended]! -= 1
      balancer.observe(ended, run.latencyMs?.(ended) ?? 20, nowMs)
    }
    const picked = balancer.pick(group, hashKey(`client-${request}`), nowMs, run.random)
    if (picked === -1) continue
    counts[picked]! += 1
    if (run.concurrency === 0) {
      balancer.observe(picked, run.latencyMs?.(picked) ?? 20, nowMs)
    } else {
      inFlight.push(picked)
      group.loads[picked]! += 1
    }
  }
  for (const index of inFlight) group.loads[index]! -= 1
  return counts
}

/** Largest relative distance of a count from what its weight calls for. */
export function worstDeviation(counts: readonly number[], weights: ArrayLike<number>): number {
  const total = counts.reduce((a, b) => a + b, 0)
  const totalWeight = Array.from(weights).reduce((a, b) => a + b, 0)
  let worst = 0
  for (const [index, count] of counts.entries()) {
    const expected = (total * weights[index]!) / totalWeight
    if (expected > 0) worst = Math.max(worst, Math.abs(count - expected) / expected)
  }
  return worst
}

export function chiSquare(counts: readonly number[], weights: ArrayLike<number>): number {
  const total = counts.reduce((a, b) => a + b, 0)
  const totalWeight = Array.from(weights).reduce((a, b) => a + b, 0)
  return counts.reduce((sum, count, index) => {
    const expected = (total * weights[index]!) / totalWeight
    return sum + (count - expected) ** 2 / expected
  }, 0)
}
