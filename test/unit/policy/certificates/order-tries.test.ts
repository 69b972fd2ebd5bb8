import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nextLookMs, type OrderTrouble, retryInMs } from '../../../../src/policy/certificates/order-tries.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const failed = (trouble: OrderTrouble, retryAfterMs?: number) => ({ trouble, retryAfterMs })
const pauses = (trouble: OrderTrouble, leftMs?: number) =>
  [1, 2, 3, 4, 20].map(failures => retryInMs(failed(trouble), failures, leftMs, 0) / MINUTE_MS)

describe('after an order that failed', () => {
  test.each([
    ['unreachable', [0.5, 1, 2, 4, 60]],
    ['own', [0.5, 1, 2, 4, 60]],
    ['not-proven', [5, 10, 20, 40, 360]],
    ['refused', [15, 30, 60, 120, 1440]],
    ['busy', [60, 120, 240, 480, 1440]],
  ] as const)('the next one comes later each time: %s', (trouble, minutes) => {
    expect(pauses(trouble)).toEqual(minutes)
  })

  test('a name that can not be proven is tried at most five times within an hour: more is refused by Let’s Encrypt', () => {
    let [atMs, tries] = [0, 1]
    for (let failures = 1; ; failures += 1, tries += 1) {
      atMs += retryInMs(failed('not-proven'), failures, undefined, 0)
      if (atMs > HOUR_MS) break
    }
    expect(tries).toBeLessThanOrEqual(5)
  })

  test('the CA is not asked before the time that it asks for, nor only after months', () => {
    expect(retryInMs(failed('busy', 5 * HOUR_MS), 1, undefined, 0)).toBe(5 * HOUR_MS)
    expect(retryInMs(failed('unreachable', 1000), 1, undefined, 0)).toBe(30_000)
    expect(retryInMs(failed('busy', 400 * DAY_MS), 1, undefined, 0)).toBe(7 * DAY_MS)
    expect(retryInMs(failed('busy', 5 * HOUR_MS), 1, HOUR_MS, 0)).toBe(5 * HOUR_MS)
  })

  test('a certificate that is short of time is tried for more often, but not where the CA limits rates', () => {
    expect(retryInMs(failed('refused'), 9, 10 * HOUR_MS, 0)).toBe(HOUR_MS)
    expect(retryInMs(failed('unreachable'), 9, 10_000, 0)).toBe(30_000)
    expect(retryInMs(failed('busy'), 2, HOUR_MS, 0)).toBe(2 * HOUR_MS)
    expect(retryInMs(failed('unreachable'), 1, -DAY_MS, 0)).toBe(30_000)
  })

  test('names that fail together are not tried together', () => {
    expect(retryInMs(failed('refused'), 1, undefined, 0.5) / MINUTE_MS).toBeCloseTo(16.5)
  })
})

describe('what is pending at a CA', () => {
  const looks = (what: 'proof' | 'order', retryAfterMs?: number) => {
    let [sinceMs, count] = [0, 0]
    for (; ; count += 1) {
      const next = nextLookMs({ what, sinceMs, retryAfterMs })
      if (next === 'give-up') return { count, sinceMs }
      expect(next).toBeGreaterThan(0)
      sinceMs += next
    }
  }

  test('is looked at often in the beginning, and given up in the end', () => {
    expect(looks('proof').sinceMs).toBe(3 * MINUTE_MS)
    expect(looks('order').sinceMs).toBe(10 * MINUTE_MS)
    expect(looks('order').count).toBeLessThan(100)
    expect(nextLookMs({ what: 'proof', sinceMs: 0, retryAfterMs: undefined })).toBe(250)
  })

  test('is looked at when the CA says, within that time', () => {
    expect(nextLookMs({ what: 'proof', sinceMs: 0, retryAfterMs: 20_000 })).toBe(20_000)
    expect(looks('proof', DAY_MS)).toEqual({ count: 1, sinceMs: 3 * MINUTE_MS })
  })

  test('comes to its end whatever a CA says', () => {
    fc.assert(
      fc.property(fc.nat({ max: 1e9 }), retryAfterMs => {
        expect(looks('proof', retryAfterMs).sinceMs).toBe(3 * MINUTE_MS)
      }),
    )
  })
})
