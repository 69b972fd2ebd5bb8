// The token bucket: what it lets through over any interval, and whom it must never refuse.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RateLimitPlan } from '../../../../src/plan/route.ts'
import { nextArrivalMs, rateWaitMs, retryAfterS } from '../../../../src/policy/request/rate-limit.ts'
import { amount } from '../../../support/thorough.ts'

/** Asks at each time; the times at which it was let. */
function admitted(times: readonly number[], limit: RateLimitPlan, arrivalMs = 0): number[] {
  let arrival = arrivalMs
  return times.filter(now => {
    if (rateWaitMs(arrival, now, limit) > 0) return false
    arrival = nextArrivalMs(arrival, now, limit)
    return true
  })
}

const limits = fc.record({
  perSecond: fc.oneof(fc.integer({ min: 1, max: 1000 }), fc.double({ min: 0.001, max: 1000, noNaN: true })),
  burst: fc.integer({ min: 1, max: 50 }),
})
/** Clocks of machines that have run for a while. */
const starts = fc.integer({ min: 0, max: 10_000_000_000 })

test('never more than the burst and the rate times the time get through, over any interval', () => {
  const gaps = fc.array(fc.oneof(fc.constant(0), fc.double({ min: 0, max: 3000, noNaN: true })), { maxLength: 150 })
  fc.assert(
    fc.property(limits, starts, gaps, (limit, start, steps) => {
      let now = start
      const let_ = admitted(
        steps.map(step => (now += step)),
        limit,
      )
      for (let from = 0; from < let_.length; from += 1) {
        for (let to = from; to < let_.length; to += 1) {
          const seconds = (let_[to]! - let_[from]!) / 1000
          expect(to - from + 1).toBeLessThanOrEqual(limit.burst + limit.perSecond * seconds + 0.01)
        }
      }
    }),
    { numRuns: amount(100) },
  )
})

test('a client that keeps to the rate is never refused, however long it goes on', () => {
  fc.assert(
    fc.property(limits, starts, (limit, start) => {
      const times = Array.from({ length: 400 }, (_, i) => start + (i * 1000) / limit.perSecond)
      expect(admitted(times, limit)).toHaveLength(times.length)
    }),
  )
})

test('after a pause the whole burst is there at once, and not one request more', () => {
  fc.assert(
    fc.property(limits, starts, (limit, start) => {
      expect(admitted(Array(limit.burst + 5).fill(start), limit)).toHaveLength(limit.burst)
    }),
  )
})

test('who waits as long as it was told is let', () => {
  fc.assert(
    fc.property(limits, starts, fc.integer({ min: 0, max: 60 }), (limit, now, asked) => {
      let arrival = 0
      for (let i = 0; i < asked; i += 1) {
        if (rateWaitMs(arrival, now, limit) === 0) arrival = nextArrivalMs(arrival, now, limit)
      }
      const wait = rateWaitMs(arrival, now, limit)
      expect(rateWaitMs(arrival, now + wait, limit)).toBe(0)
      expect(rateWaitMs(arrival, now + 1000 * retryAfterS(wait), limit)).toBe(0)
    }),
  )
})

describe('a limit that was changed', () => {
  test('does not make a client wait for what it owed under the old one', () => {
    const slow = { perSecond: 1 / 3600, burst: 100 }
    let arrival = 0
    for (let i = 0; i < 100; i += 1) arrival = nextArrivalMs(arrival, 5000, slow)
    expect(arrival).toBeGreaterThan(300_000_000)
    expect(rateWaitMs(arrival, 5000, { perSecond: 10, burst: 5 })).toBeLessThanOrEqual(100)
  })
})

test.each([
  [0.2, 1],
  [1000, 1],
  [1001, 2],
  [59_000.5, 60],
])('a wait of %d ms is Retry-After: %i', (wait, seconds) => {
  expect(retryAfterS(wait)).toBe(seconds)
})
