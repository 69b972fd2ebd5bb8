import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { levelLoads, levelLoadsFrom, pickLevel } from '../../../../src/policy/balance/priority.ts'

const loads = (availables: readonly number[], factor = 1.4) =>
  levelLoads(
    availables.map(available => ({ total: 100, available })),
    factor,
  ).map(load => Math.round(load * 1000) / 1000)

describe('levelLoads', () => {
  test.each([
    [
      [100, 100],
      [1, 0],
    ],
    [
      [72, 100],
      [1, 0],
    ],
    [
      [71, 100],
      [0.994, 0.006],
    ],
    [
      [50, 100],
      [0.7, 0.3],
    ],
    [
      [25, 100],
      [0.35, 0.65],
    ],
    [
      [25, 25],
      [0.5, 0.5],
    ],
    [
      [0, 100],
      [0, 1],
    ],
    [
      [0, 30],
      [0, 1],
    ],
    [
      [20, 20, 10],
      [0.4, 0.4, 0.2],
    ],
    [
      [0, 0],
      [0, 0],
    ],
  ])('with %j per cent available the levels carry %j', (availables, expected) => {
    expect(loads(availables)).toEqual(expected)
  })

  test.each([
    [
      [1, 100],
      [1, 0],
    ],
    [
      [0, 1, 100],
      [0, 1, 0],
    ],
    [
      [0, 0],
      [0, 0],
    ],
  ])(
    'without a factor, with %j per cent available, the first that can serve carries all: %j',
    (availables, expected) => {
      expect(
        levelLoads(
          availables.map(available => ({ total: 100, available })),
          undefined,
        ),
      ).toEqual(expected)
    },
  )

  test('a factor of 1 spills with the first upstream that is missing', () => {
    expect(loads([90, 100], 1)).toEqual([0.9, 0.1])
  })

  test('a level without upstreams carries nothing', () => {
    expect(levelLoads([], 1.4)).toEqual([])
    expect(
      levelLoads(
        [
          { total: 0, available: 0 },
          { total: 2, available: 1 },
        ],
        1.4,
      ),
    ).toEqual([0, 1])
  })

  test('the shares sum to 1 where anything is available, and are all 0 where nothing is', () => {
    const level = fc
      .tuple(fc.nat(50), fc.nat(50))
      .map(([a, b]) => ({ total: Math.max(a, b), available: Math.min(a, b) }))
    fc.assert(
      fc.property(fc.array(level, { maxLength: 6 }), fc.double({ min: 1, max: 3, noNaN: true }), (levels, factor) => {
        const shares = levelLoads(levels, factor)
        const sum = shares.reduce((a, b) => a + b, 0)
        const some = levels.some(({ available }) => available > 0)
        expect(sum).toBeCloseTo(some ? 1 : 0, 9)
        for (const [at, share] of shares.entries()) {
          expect(share).toBeGreaterThanOrEqual(0)
          if (levels[at]!.available === 0) expect(share).toBe(0)
        }
      }),
    )
  })
})

describe('pickLevel', () => {
  test('draws each level as often as its load says', () => {
    const shares = [0.5, 0, 0.3, 0.2]
    const counts = [0, 0, 0, 0]
    for (let i = 0; i < 1000; i += 1) counts[pickLevel(shares, i / 1000)]! += 1
    expect(counts).toEqual([500, 0, 300, 200])
  })

  test('finds no level where none carries load, and always one where one does', () => {
    expect(pickLevel([], 0)).toBe(-1)
    expect(pickLevel([0, 0], 0.5)).toBe(-1)
    expect(pickLevel([0.1, 0.2, 0.6999999, 0], 0.99999999)).toBe(2)
    expect(pickLevel([0, 1], 0)).toBe(1)
  })
})

describe('levelLoadsFrom', () => {
  const from = (availables: readonly number[], floor: number) =>
    levelLoadsFrom(
      availables.map(available => ({ total: 100, available })),
      1.4,
      floor,
    ).map(load => Math.round(load * 1000) / 1000)

  test.each([
    [[100, 100], 0, [1, 0]],
    [[100, 100], 1, [0, 1]],
    [[100, 50, 100], 1, [0, 0.7, 0.3]],
    [[100, 0, 0], 1, [1, 0, 0]],
    [[100, 30], 1, [0, 1]],
    [[0, 0], 1, [0, 0]],
    [[100, 100], 7, [1, 0]],
  ])('with %j per cent available and the floor at %i the levels carry %j', (availables, floor, expected) => {
    expect(from(availables, floor)).toEqual(expected)
  })

  test('the shares sum to 1 where anything is available, wherever the floor is', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(100), { minLength: 1, maxLength: 5 }), fc.nat(6), (availables, floor) => {
        const sum = from(availables, floor).reduce((a, b) => a + b, 0)
        expect(sum).toBeCloseTo(availables.some(each => each > 0) ? 1 : 0, 1)
      }),
    )
  })
})
