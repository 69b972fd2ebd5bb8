import { expect, test } from 'vitest'
import { quantile } from '../../../../src/policy/upstream/quantile.ts'

test('it is interpolated within its bucket, and is the highest bound beyond', () => {
  expect(quantile([1, 2, 4], [0, 0, 0, 0], 0.99)).toBeUndefined()
  expect(quantile([1, 2, 4], [100, 0, 0, 0], 0.5)).toBe(0.5)
  expect(quantile([1, 2, 4], [50, 50, 0, 0], 0.75)).toBe(1.5)
  expect(quantile([1, 2, 4], [0, 0, 10, 0], 1)).toBe(4)
  expect(quantile([1, 2, 4], [1, 0, 0, 99], 0.99)).toBe(4)
})
