import fc from 'fast-check'
import { expect, test } from 'vitest'
import { retryAfterS } from '../../../../src/policy/maintenance/retry-after.ts'

test('tells the seconds to the end, rounded up', () => {
  expect([3_600_000, 3_600_001, 1, 999].map(left => retryAfterS(5000 + left, 5000, 0))).toEqual([3600, 3601, 1, 1])
})

test('spreads the answers over a tenth more', () => {
  expect([0, 0.5, 0.999999].map(random => retryAfterS(1_000_000, 0, random))).toEqual([1000, 1050, 1100])
})

test('is two minutes where nobody knows the end, or it has passed', () => {
  expect([retryAfterS(undefined, 9, 0), retryAfterS(9, 9, 0), retryAfterS(1, 9, 0)]).toEqual([120, 120, 120])
})

test('is a whole number, never 0, never before the end, never more than a tenth after it', () => {
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e11 }), fc.nat(), random, (left, now, share) => {
      const found = retryAfterS(now + left, now, share)
      const seconds = Math.ceil(left / 1000)
      expect(Number.isInteger(found)).toBe(true)
      expect(found).toBeGreaterThanOrEqual(seconds)
      expect(found).toBeGreaterThanOrEqual(1)
      expect(found).toBeLessThanOrEqual(seconds * 1.1)
    }),
  )
})
