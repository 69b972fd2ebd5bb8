// When senders are called again.

import { expect, test } from 'vitest'
import { judgeCall, MOST_CALLS, nextCallMs } from '../../../../src/policy/hold/callback-tries.ts'

test('a sender who has taken it is called no more, nor is one who is gone; any other is called again', () => {
  expect([200, 204].map(judgeCall)).toEqual(['done', 'done'])
  expect(judgeCall(410)).toBe('gone')
  expect([undefined, 301, 404, 429, 500, 503].map(judgeCall)).toEqual(Array(6).fill('again'))
})

test('waits grow up to two hours, come to about a day, and have an end', () => {
  const waits = Array.from({ length: MOST_CALLS - 1 }, (_, i) => nextCallMs(i + 1, 0.5)!)
  expect(waits.slice(0, 3)).toEqual([5_000, 10_000, 20_000])
  expect(Math.max(...waits)).toBe(7_200_000)
  const hours = waits.reduce((sum, wait) => sum + wait, 0) / 3_600_000
  expect(hours).toBeGreaterThan(12)
  expect(hours).toBeLessThan(36)
  expect(nextCallMs(MOST_CALLS, 0.5)).toBeUndefined()
})

test('those that failed together come back apart', () => {
  expect(nextCallMs(1, 0)).toBe(3_750)
  expect(nextCallMs(1, 1)).toBe(6_250)
})
