import fc from 'fast-check'
import { expect, test } from 'vitest'
import { slowStartFactor, slowStartLimit } from '../../../../src/policy/upstream/slow-start.ts'

test('ramps from a tenth to all of the weight', () => {
  const at = (ms: number) => slowStartFactor(1000 + ms, 1000, 20_000)
  expect([0, 1000, 2999, 3000, 10_000, 19_999, 20_000, 90_000].map(at)).toEqual([0.1, 0.1, 0.1, 0.15, 0.5, 0.95, 1, 1])
})

test('gives all of it at once to who was never out, and where there is no ramp', () => {
  expect(slowStartFactor(5, undefined, 20_000)).toBe(1)
  expect(slowStartFactor(5, 5, 0)).toBe(1)
})

test('is never below a tenth, never above one, and never falls with time', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 1_000_000 }), fc.nat(), fc.nat(), (returned, ramp, a, b) => {
      const [sooner, later] = [Math.min(a, b), Math.max(a, b)].map(ms => slowStartFactor(returned + ms, returned, ramp))
      expect(sooner).toBeGreaterThanOrEqual(0.1)
      expect(later).toBeLessThanOrEqual(1)
      expect(later).toBeGreaterThanOrEqual(sooner!)
    }),
  )
})

test('the limit follows the weight, and lets at least one request through', () => {
  expect([0.1, 0.15, 0.5, 1].map(factor => slowStartLimit(20, factor))).toEqual([2, 3, 10, 20])
  expect([0.1, 0.5, 1].map(factor => slowStartLimit(1, factor))).toEqual([1, 1, 1])
  expect(slowStartLimit(undefined, 0.1)).toBe(0)
})

test('a clock that was set back ends the ramp: it must not last until the clock has caught up', () => {
  expect(slowStartFactor(1000, 3_601_000, 20_000)).toBe(1)
})
