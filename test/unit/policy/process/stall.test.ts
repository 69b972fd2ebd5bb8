import { expect, test } from 'vitest'
import { awakeSinceMs, stalledForMs } from '../../../../src/policy/process/stall.ts'

test('a thread stands still once it has not come round for a second', () => {
  expect(stalledForMs(5000, 0, 5050)).toBe(0)
  expect(stalledForMs(5000, 0, 6000)).toBe(0)
  expect(stalledForMs(5000, 0, 6001)).toBe(1001)
})

test('who has slept itself accuses nobody before it has been awake for a second', () => {
  const resumedMs = 60_000
  const awakeMs = awakeSinceMs(0, 5000, resumedMs)
  expect(stalledForMs(5000, awakeMs, resumedMs)).toBe(0)
  expect(stalledForMs(5000, awakeMs, resumedMs + 900)).toBe(0)
  // It has been there ever since.
  expect(stalledForMs(5000, awakeSinceMs(awakeMs, resumedMs + 900, resumedMs + 1200), resumedMs + 1200)).toBe(1200)
})
