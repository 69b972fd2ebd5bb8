// How evenly each algorithm spreads equal upstreams, with fixed seeds.

import { describe, expect, test } from 'vitest'
import type { BalancePlan } from '../../../../src/plan/balance.ts'
import { chiSquare, countPicks, Group, PLANS, seeded } from './simulation.ts'

/** Chi-square beyond which chance alone gets once in a thousand, for 9 degrees of freedom. */
const CRITICAL_9 = 27.88

const ten = (weights = Array.from({ length: 10 }, () => 100)) => new Group(weights)
const planOf = (kind: BalancePlan['kind']): BalancePlan => PLANS.find(plan => plan.kind === kind)!

describe('the spread', () => {
  test.each(['round-robin', 'least-connections'] as const)('%s deals idle upstreams out like cards', kind => {
    const group = ten()
    const counts = countPicks(group.balancer(planOf(kind)), group, { picks: 10_000, concurrency: 0, random: seeded(1) })
    expect(counts).toEqual(Array.from({ length: 10 }, () => 1000))
  })

  test.each([1, 2, 3])('random-two over idle upstreams is as even as chance (seed %i)', seed => {
    const group = ten()
    const run = { picks: 10_000, concurrency: 0, random: seeded(seed) }
    expect(chiSquare(countPicks(group.balancer(planOf('random-two')), group, run), group.weights)).toBeLessThan(
      CRITICAL_9,
    )
  })

  test.each([1, 2, 3])('peak-ewma over idle, equally fast upstreams is as even as chance (seed %i)', seed => {
    const group = ten()
    const run = { picks: 10_000, concurrency: 0, random: seeded(seed) }
    expect(chiSquare(countPicks(group.balancer(planOf('peak-ewma')), group, run), group.weights)).toBeLessThan(
      CRITICAL_9,
    )
  })

  test('hash spreads keys as evenly as chance, over equal and over unequal weights', () => {
    for (const group of [ten(), ten([100, 100, 50, 50, 200, 25, 75, 100, 10, 300])]) {
      const counts = countPicks(group.balancer(planOf('hash')), group, {
        picks: 20_000,
        concurrency: 0,
        random: seeded(1),
      })
      expect(chiSquare(counts, group.weights)).toBeLessThan(CRITICAL_9)
    }
  })

  test.each([
    { kind: 'least-connections', most: 1 },
    { kind: 'random-two', most: 5 },
    { kind: 'peak-ewma', most: 5 },
    { kind: 'hash', most: 10 },
  ] as const)('$kind lets no upstream carry more than $most above the mean of 20 in flight', ({ kind, most }) => {
    const group = ten()
    const balancer = group.balancer(planOf(kind))
    const random = seeded(5)
    let highest = 0
    for (let request = 0; request < 5000; request += 1) {
      if (request >= 200) {
        const busy = group.loads.flatMap((load, index) => (load > 0 ? [index] : []))
        group.loads[busy[Math.floor(random() * busy.length)]!]! -= 1
      }
      const picked = balancer.pick(group, Math.floor(random() * 2 ** 32), request, random)
      group.loads[picked]! += 1
      highest = Math.max(highest, group.loads[picked]!)
    }
    expect(highest).toBeLessThanOrEqual(20 + most)
  })
})
