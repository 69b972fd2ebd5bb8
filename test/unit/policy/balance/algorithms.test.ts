// What makes each algorithm itself.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { BalancePlan } from '../../../../src/plan/balance.ts'
import { createBalancer } from '../../../../src/policy/balance/create.ts'
import { hashKey } from '../../../../src/policy/balance/hash.ts'
import { amount } from '../../../support/thorough.ts'
import { countPicks, Group, PLANS, seeded } from './simulation.ts'

const planOf = (kind: BalancePlan['kind']): BalancePlan => PLANS.find(plan => plan.kind === kind)!

describe('round-robin', () => {
  test('takes smooth turns, as nginx does', () => {
    const group = new Group([5, 1, 1])
    const balancer = group.balancer(planOf('round-robin'))
    const picked = Array.from({ length: 14 }, () => 'abc'[balancer.pick(group, 0, 0, () => 0)])
    expect(picked.join('')).toBe('aabacaaaabacaa')
  })

  test('stays exact over many picks of weights that are no binary fractions', () => {
    const weights = [0.1, 0.2, 0.7]
    const group = new Group(weights)
    const picks = amount(1_000_000)
    const counts = countPicks(group.balancer(planOf('round-robin')), group, {
      picks,
      concurrency: 0,
      random: seeded(1),
    })
    for (const [index, weight] of weights.entries()) {
      expect(Math.abs(counts[index]! - weight * picks)).toBeLessThanOrEqual(2)
    }
  })

  test('keeps the order of equals for ever, although a seventh is no binary fraction', () => {
    const group = new Group([1, 1, 1, 1, 1, 1, 1])
    const balancer = group.balancer(planOf('round-robin'))
    let outOfOrder = 0
    for (let pick = 0; pick < 70_000; pick += 1) if (balancer.pick(group, 0, 0, () => 0) !== pick % 7) outOfOrder += 1
    expect(outOfOrder).toBe(0)
  })

  test('does not start every worker with the same upstream', () => {
    const group = new Group([1, 1, 1, 1])
    const firsts = new Set<number>()
    for (let worker = 0; worker < 32; worker += 1) {
      firsts.add(group.balancer(planOf('round-robin')).pick(group, 0, 0, seeded(worker)))
    }
    expect(firsts.size).toBe(4)
  })

  test('owes an upstream nothing for the time that it was out', () => {
    const group = new Group([1, 1])
    const balancer = group.balancer(planOf('round-robin'))
    group.weights[1] = 0
    countPicks(balancer, group, { picks: 1000, concurrency: 0, random: seeded(1) })
    group.weights[1] = 1
    const counts = countPicks(balancer, group, { picks: 10, concurrency: 0, random: seeded(1) })
    expect(Math.abs(counts[0]! - counts[1]!)).toBeLessThanOrEqual(2)
  })
})

describe('least-connections', () => {
  test('takes the upstream with the fewest in flight for its weight', () => {
    const group = new Group([100, 100, 300])
    const balancer = group.balancer(planOf('least-connections'))
    group.loads.splice(0, 3, 3, 2, 9)
    expect(balancer.pick(group, 0, 0, Math.random)).toBe(1)
    group.loads.splice(0, 3, 3, 2, 7)
    expect(balancer.pick(group, 0, 0, Math.random)).toBe(2)
  })

  test('gives a starting upstream of low weight no request for each one that it finishes', () => {
    const group = new Group([100, 100, 1])
    const balancer = group.balancer(planOf('least-connections'))
    group.loads.splice(0, 3, 10, 10, 0)
    expect(balancer.pick(group, 0, 0, Math.random)).not.toBe(2)
  })
})

describe('random-two', () => {
  test('takes the less loaded of two, and always the better one where there are only two', () => {
    const group = new Group([100, 0, 100])
    const balancer = group.balancer(planOf('random-two'))
    group.loads.splice(0, 3, 5, 0, 4)
    const random = seeded(1)
    for (let i = 0; i < 100; i += 1) expect(balancer.pick(group, 0, 0, random)).toBe(2)
  })

  test('draws the second one evenly among the rest', () => {
    const group = new Group([1000, 1, 1, 1, 1])
    group.loads[0] = 100_000
    const run = { picks: 4000, concurrency: 0, random: seeded(1) }
    const counts = countPicks(group.balancer(planOf('random-two')), group, run)
    for (const count of counts.slice(1)) expect(Math.abs(count - 1000)).toBeLessThan(120)
  })

  test('never takes the most loaded one', () => {
    const group = new Group([1, 1, 1, 1])
    group.loads.splice(0, 4, 1, 2, 3, 9)
    const balancer = group.balancer(planOf('random-two'))
    const random = seeded(1)
    for (let i = 0; i < 200; i += 1) expect(balancer.pick(group, 0, 0, random)).not.toBe(3)
  })
})

describe('peak-ewma', () => {
  test('sends less to a slow upstream while all are idle, and less under load', () => {
    for (const concurrency of [0, 40]) {
      const group = new Group([1, 1, 1, 1])
      const counts = countPicks(group.balancer(planOf('peak-ewma')), group, {
        picks: 4000,
        concurrency,
        random: seeded(2),
        latencyMs: index => (index === 0 ? 400 : 20),
      })
      expect(counts[0]!).toBeLessThan(400)
    }
  })

  test('counts a peak at once and forgives it only with time', () => {
    const group = new Group([1, 1])
    const balancer = group.balancer(planOf('peak-ewma'))
    balancer.observe(0, 20, 0)
    balancer.observe(1, 20, 0)
    balancer.observe(0, 5000, 100)
    balancer.observe(0, 20, 101)
    balancer.observe(1, 20, 101)
    const random = seeded(1)
    group.loads[1] = 30
    for (let i = 0; i < 50; i += 1) expect(balancer.pick(group, 0, 200, random)).toBe(1)
    group.loads[1] = 0
    balancer.observe(1, 20, 90_000)
    const later = new Set(Array.from({ length: 50 }, () => balancer.pick(group, 0, 90_000, random)))
    expect(later).toContain(0)
  })

  test('neither floods nor starves an upstream whose latency is not known yet', () => {
    const group = new Group([1, 1, 1])
    const balancer = group.balancer(planOf('peak-ewma'))
    balancer.observe(0, 20, 0)
    balancer.observe(1, 20, 0)
    const random = seeded(4)
    const counts = [0, 0, 0]
    // Nothing ends here: the newcomer hangs, the others work.
    for (let i = 0; i < 300; i += 1) {
      const picked = balancer.pick(group, 0, 0, random)
      counts[picked]! += 1
      group.loads[picked]! += 1
    }
    expect(counts[2]).toBeGreaterThan(60)
    expect(counts[2]).toBeLessThan(140)
  })

  test('survives a clock that stands still or steps back', () => {
    const group = new Group([1, 1])
    const balancer = group.balancer(planOf('peak-ewma'))
    balancer.observe(0, 50, 1000)
    balancer.observe(0, 10, 0)
    balancer.observe(1, 20, 1000)
    expect(balancer.pick(group, 0, 0, seeded(1))).toBe(1)
  })
})

describe('hash', () => {
  const keys = Array.from({ length: 3000 }, (_, client) => hashKey(`10.1.${client >> 8}.${client & 255}`))
  const unbounded: BalancePlan = { kind: 'hash', key: { from: 'address' }, boundedLoad: Number.POSITIVE_INFINITY }
  const chosen = (names: readonly string[], weights: readonly number[]): string[] => {
    const balancer = createBalancer(unbounded, names)
    const group = new Group(weights)
    return keys.map(key => names[balancer.pick(group, key, 0, Math.random)]!)
  }

  test('moves only the keys of an upstream that leaves, and takes for a newcomer no more than its share', () => {
    const name = fc.string({ minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 2, maxLength: 12 }), fc.nat(), (names, choice) => {
        const leaver = names[choice % names.length]!
        const rest = names.filter(other => other !== leaver)
        const before = chosen(
          names,
          names.map(() => 100),
        )
        const after = chosen(
          rest,
          rest.map(() => 100),
        )
        const moved = before.filter(upstream => upstream === leaver).length
        expect(before.filter((upstream, at) => upstream !== leaver && after[at] !== upstream)).toEqual([])
        expect(moved / keys.length).toBeLessThan(1 / names.length + 0.1)
      }),
      { numRuns: 25 },
    )
  })

  test('does not depend on the order in which upstreams are configured', () => {
    const names = ['a', 'b', 'c', 'd', 'e']
    const weights = [1, 2, 3, 4, 5]
    expect(chosen(names.toReversed(), weights.toReversed())).toEqual(chosen(names, weights))
  })

  test('treats weight 0 like absence, and a raised weight only draws keys towards itself', () => {
    const names = ['a', 'b', 'c', 'd']
    const equal = chosen(names, [1, 1, 1, 1])
    for (const [at, upstream] of chosen(names, [1, 1, 0, 1]).entries()) {
      if (equal[at] !== 'c') expect(upstream).toBe(equal[at])
    }
    for (const [at, upstream] of chosen(names, [1, 1, 2, 1]).entries()) {
      if (upstream !== 'c') expect(upstream).toBe(equal[at])
    }
  })

  test('passes on what goes beyond the bound, always to the next in the key\u2019s ranking', () => {
    const group = new Group([1, 1, 1, 1])
    const plan: BalancePlan = { kind: 'hash', key: { from: 'address' }, boundedLoad: 1.5 }
    const balancer = group.balancer(plan)
    const order: number[] = []
    for (let request = 0; request < 400; request += 1) {
      const picked = balancer.pick(group, 42, 0, Math.random)
      group.loads[picked]! += 1
      if (!order.includes(picked)) order.push(picked)
    }
    expect(Math.max(...group.loads)).toBe(150)
    const ranking: number[] = []
    const idle = new Group([1, 1, 1, 1])
    while (ranking.length < order.length) {
      const next = balancer.pick(idle, 42, 0, Math.random)
      ranking.push(next)
      idle.weights[next] = 0
    }
    expect(order).toEqual(ranking)
  })

  test('in a quiet pool lets each upstream carry one, and sends the second of a key elsewhere', () => {
    for (const boundedLoad of [0.5, 1, 1.25]) {
      const group = new Group([1, 1, 1])
      const balancer = group.balancer({ kind: 'hash', key: { from: 'address' }, boundedLoad })
      const first = balancer.pick(group, 42, 0, Math.random)
      expect(balancer.pick(group, 42, 0, Math.random)).toBe(first)
      group.loads[first] = 1
      expect(balancer.pick(group, 42, 0, Math.random)).not.toBe(first)
    }
  })

  test('hashes texts to unsigned 32-bit numbers whose every bit is as often 1 as 0', () => {
    const ones = Array.from({ length: 32 }, () => 0)
    expect(keys.filter(key => key !== key >>> 0)).toEqual([])
    for (const key of keys) {
      for (let bit = 0; bit < 32; bit += 1) ones[bit]! += (key >>> bit) & 1
    }
    for (const count of ones) expect(Math.abs(count / keys.length - 0.5)).toBeLessThan(0.05)
    expect(new Set(keys).size).toBe(keys.length)
  })
})
