// What every balancer promises, whatever its algorithm.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { amount } from '../../../support/thorough.ts'
import { countPicks, Group, PLANS, seeded, worstDeviation } from './simulation.ts'

describe.each(PLANS)('the $kind balancer', plan => {
  test('finds nobody in an empty group', () => {
    const group = new Group([])
    expect(group.balancer(plan).pick(group, 1, 0, seeded(1))).toBe(-1)
  })

  test('finds nobody where every weight is 0, and somebody again once one is raised', () => {
    const group = new Group([0, 0, 0])
    const balancer = group.balancer(plan)
    expect(balancer.pick(group, 1, 0, seeded(1))).toBe(-1)
    group.weights[1] = 0.001
    expect(balancer.pick(group, 1, 0, seeded(1))).toBe(1)
    group.weights[1] = 0
    expect(balancer.pick(group, 1, 0, seeded(1))).toBe(-1)
  })

  test('picks an existing upstream whose weight is above 0, whatever the weights, loads, keys, times and draws', () => {
    const upstream = fc.record({
      weight: fc.oneof(fc.constant(0), fc.double({ min: 0.001, max: 1000, noNaN: true })),
      inFlight: fc.nat(2000),
    })
    const request = fc.record({
      key: fc.nat(2 ** 32 - 1),
      gapMs: fc.oneof(fc.nat(50), fc.nat(2 ** 40)),
      draw: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      latencyMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
    })
    fc.assert(
      fc.property(
        fc.array(upstream, { minLength: 1, maxLength: 300 }),
        fc.array(request, { minLength: 1, maxLength: 20 }),
        (upstreams, requests) => {
          const group = new Group(upstreams.map(({ weight }) => weight))
          for (const [index, { inFlight }] of upstreams.entries()) group.loads[index] = inFlight
          const balancer = group.balancer(plan)
          const nobody = upstreams.every(({ weight }) => weight === 0)
          let nowMs = 0
          for (const { key, gapMs, draw, latencyMs } of requests) {
            nowMs += gapMs
            const picked = balancer.pick(group, key, nowMs, () => draw)
            if (nobody) {
              expect(picked).toBe(-1)
            } else {
              expect(group.weights[picked]).toBeGreaterThan(0)
              balancer.observe(picked, latencyMs, nowMs)
            }
          }
        },
      ),
      { numRuns: amount(60) },
    )
  })

  test.each([1, 2, 3, 10, 64, 300])('reaches every one of %i upstreams', size => {
    for (const concurrency of [0, size * 4]) {
      const group = new Group(Array.from({ length: size }, () => 100))
      const counts = countPicks(group.balancer(plan), group, {
        picks: size * amount(50, 20),
        concurrency,
        random: seeded(size),
      })
      expect(Math.min(...counts)).toBeGreaterThan(0)
    }
  })

  test.each([
    { name: 'idle', concurrency: 0 },
    { name: 'busy', concurrency: 400 },
  ])('gives each upstream its share by weight while $name', ({ concurrency }) => {
    const group = new Group([100, 100, 50, 200, 25, 0, 75])
    const counts = countPicks(group.balancer(plan), group, {
      picks: amount(40_000, 20_000),
      concurrency,
      random: seeded(7),
    })
    expect(counts[5]).toBe(0)
    expect(worstDeviation(counts, group.weights)).toBeLessThan(0.1)
  })

  test.each([
    { name: 'idle', concurrency: 0 },
    { name: 'busy', concurrency: 100 },
  ])('follows a change of the weights between two picks while $name', ({ concurrency }) => {
    const group = new Group([1000, 1, 0, 500])
    const balancer = group.balancer(plan)
    const random = seeded(11)
    countPicks(balancer, group, { picks: 3001, concurrency, random })
    group.weights.set([0, 2, 2, 1])
    const counts = countPicks(balancer, group, { picks: 2000, concurrency, random })
    expect(counts[0]).toBe(0)
    expect(worstDeviation(counts, group.weights)).toBeLessThan(0.15)
  })

  test('serves on without the upstream that is left out for one pick, as a second attempt needs it', () => {
    const group = new Group([100, 100, 100])
    const balancer = group.balancer(plan)
    const random = seeded(3)
    const counts = [0, 0, 0]
    let again = 0
    for (let request = 0; request < 3000; request += 1) {
      const first = balancer.pick(group, request * 2_654_435, request, random)
      group.weights[first] = 0
      const second = balancer.pick(group, request * 2_654_435, request, random)
      group.weights[first] = 100
      if (second === first) again += 1
      counts[first]! += 1
    }
    expect(again).toBe(0)
    expect(worstDeviation(counts, group.weights)).toBeLessThan(0.1)
  })
})
