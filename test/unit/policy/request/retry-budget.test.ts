import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isWithinBudget, RetryWindow } from '../../../../src/policy/request/retry-budget.ts'
import { SlidingWindow } from '../../../../src/policy/request/sliding-window.ts'

const BUDGET = { share: 0.2, perSecond: 3, windowMs: 10_000 }

describe('isWithinBudget', () => {
  test('allows a share of the requests and a floor beside it', () => {
    expect(isWithinBudget(0, 29, BUDGET)).toBe(true)
    expect(isWithinBudget(0, 30, BUDGET)).toBe(false)
    expect(isWithinBudget(1000, 229, BUDGET)).toBe(true)
    expect(isWithinBudget(1000, 230, BUDGET)).toBe(false)
  })

  test('allows none where there is neither share nor floor', () => {
    expect(isWithinBudget(1_000_000, 0, { share: 0, perSecond: 0, windowMs: 10_000 })).toBe(false)
  })
})

describe('RetryWindow', () => {
  test('never lets retries exceed the share and the floor, though everything fails and all retries are tried', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 40 }), { minLength: 200, maxLength: 600 }), perTick => {
        const window = new RetryWindow(BUDGET)
        const ticks: { requests: number; retries: number }[] = []
        let requests = 0
        let retries = 0
        // A tick each 100 ms: each request fails, each failure asks for a retry, which fails and asks again.
        for (const [tick, count] of perTick.entries()) {
          const nowMs = tick * 100
          window.sample(nowMs, requests, retries)
          const before = retries
          for (let i = 0; i < count; i += 1) {
            requests += 1
            while (window.allows(nowMs, requests, retries)) retries += 1
          }
          ticks.push({ requests: count, retries: retries - before })
        }
        // Over any stretch of a window's length; the ring is exact to a sixteenth of it.
        for (let from = 0; from + 100 <= ticks.length; from += 1) {
          const stretch = ticks.slice(from, from + 100)
          const made = stretch.reduce((sum, tick) => sum + tick.retries, 0)
          const wide = ticks.slice(Math.max(0, from - 107), from + 100)
          const asked = wide.reduce((sum, tick) => sum + tick.requests, 0)
          expect(made).toBeLessThanOrEqual(0.2 * asked + 30 + 1)
        }
      }),
      { numRuns: 40 },
    )
  })

  test('an outage of everything adds no more than the share to the load', () => {
    const window = new RetryWindow(BUDGET)
    let retries = 0
    for (let ms = 0; ms < 60_000; ms += 10) {
      const requests = ms
      window.sample(ms, requests, retries)
      if (window.allows(ms, requests, retries)) retries += 1
    }
    // 1000 requests a second for a minute: 20 % of them, and 3 a second.
    expect(retries).toBeLessThan(60_000 * 0.23 + 40)
    expect(retries).toBeGreaterThanOrEqual(5000)
  })

  test('is open again once the retries lie a window back', () => {
    const window = new RetryWindow(BUDGET)
    for (let ms = 0; ms <= 1000; ms += 500) window.sample(ms, 0, 0)
    expect(window.allows(1000, 0, 30)).toBe(false)
    for (let ms = 1500; ms <= 12_500; ms += 500) window.sample(ms, 0, 30)
    expect(window.allows(12_500, 0, 30)).toBe(true)
  })
})

describe('SlidingWindow', () => {
  test('knows the growth within the window to a sixteenth of its length, however often it is sampled', () => {
    const steps = fc.array(fc.record({ ms: fc.integer({ min: 1, max: 60 }), by: fc.nat({ max: 9 }) }), {
      minLength: 1,
      maxLength: 400,
    })
    fc.assert(
      fc.property(steps, all => {
        const window = new SlidingWindow(1600, 1)
        const events: { at: number; by: number }[] = []
        let nowMs = 0
        let total = 0
        window.sample(0, 0)
        for (const { ms, by } of all) {
          nowMs += ms
          window.sample(nowMs, total)
          total += by
          events.push({ at: nowMs, by })
        }
        const within = (windowMs: number) =>
          events.filter(({ at }) => at >= nowMs - windowMs).reduce((sum, { by }) => sum + by, 0)
        const growth = window.growth(nowMs, 0, total)
        // A sample is at most 100 ms + one step older than the window; the growth is scaled to the window.
        expect(growth).toBeGreaterThanOrEqual(within(1600) * (1600 / 1760) - 1e-6)
        expect(growth).toBeLessThanOrEqual(within(1760) + 1e-6)
      }),
    )
  })

  test('takes the mean rate where samples were missed', () => {
    const window = new SlidingWindow(1000, 2)
    window.sample(0, 0, 0)
    expect(window.growth(4000, 0, 400)).toBe(100)
    expect(window.growth(4000, 1, 0)).toBe(0)
  })

  test('begins anew where a total has fallen', () => {
    const window = new SlidingWindow(1000, 2)
    window.sample(0, 100, 7)
    window.sample(500, 20, 7)
    expect(window.growth(600, 0, 25)).toBe(5)
  })

  test('knows of no growth before the first sample', () => {
    expect(new SlidingWindow(1000, 1).growth(5, 0, 1000)).toBe(0)
  })
})
