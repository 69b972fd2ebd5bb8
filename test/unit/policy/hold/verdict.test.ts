import { describe, expect, test } from 'vitest'
import { expectedMs } from '../../../../src/policy/hold/forecast.ts'
import { nextTryMs } from '../../../../src/policy/hold/next-try.ts'
import { refilled, untilTokenMs } from '../../../../src/policy/hold/pace.ts'
import { afterCrash, type Sent, verdictOf } from '../../../../src/policy/hold/verdict.ts'

const RETRY = { attempts: 3, firstMs: 1_000, mostMs: 5_000 }
const ONCE: Sent = { repeatable: false, attempts: 1, refusals: 0, retry: RETRY, chance: 0.5 }
const TWICE: Sent = { ...ONCE, repeatable: true }
const answered = (status: number) => ({ type: 'answered', upstream: 'erp1', status }) as const
const DOUBT = { type: 'in-doubt', upstream: 'erp1', cause: 'timeout', bytesSent: 7 } as const

describe('verdict', () => {
  test.each([200, 302, 404, 409, 422, 499])('%i is a result', status => {
    expect(verdictOf(answered(status), TWICE)).toEqual({ state: 'answered' })
  })

  test('an error of the upstream goes again only where a repeat is safe, and until its attempts are spent', () => {
    expect(verdictOf(answered(502), ONCE)).toEqual({ state: 'answered' })
    expect(verdictOf(answered(502), TWICE)).toMatchObject({ state: 'waiting', counts: true, afterMs: 750 })
    expect(verdictOf(answered(502), { ...TWICE, attempts: 3 })).toMatchObject({ state: 'dead' })
  })

  test('what was not sent waits, however often', () => {
    const outcome = { type: 'not-sent', code: 'no-upstream-available', detail: '' } as const
    expect(verdictOf(outcome, { ...ONCE, attempts: 3, refusals: 100 })).toMatchObject({
      state: 'waiting',
      counts: false,
      afterMs: 3_750,
    })
    expect(verdictOf({ ...outcome, code: 'busy' }, { ...ONCE, refusals: 100 })).toMatchObject({ afterMs: 250 })
  })

  test('a doubt is a doubt unless it may come twice', () => {
    expect(verdictOf(DOUBT, ONCE)).toMatchObject({
      state: 'in-doubt',
      note: 'nobody knows whether it was carried out: timeout of erp1 after 7 bytes were sent',
    })
    expect(verdictOf(DOUBT, TWICE)).toMatchObject({ state: 'waiting' })
    expect(afterCrash(false, 'vigia ended')).toMatchObject({ state: 'in-doubt' })
    expect(afterCrash(true, 'vigia ended')).toMatchObject({ state: 'waiting', counts: true })
  })
})

test('the time between tries doubles up to the longest, and is spread', () => {
  expect([1, 2, 3, 4, 100].map(failures => nextTryMs(RETRY, failures, 1))).toEqual([1_000, 2_000, 4_000, 5_000, 5_000])
  expect(nextTryMs(RETRY, 1, 0)).toBe(500)
})

test('a bucket fills with time, and never with more than a tenth of a second', () => {
  const full = refilled(undefined, 20, 0)
  expect(full.tokens).toBe(2)
  const empty = { tokens: 0, atMs: 0 }
  expect(untilTokenMs(empty, 20)).toBe(50)
  expect(untilTokenMs(refilled(empty, 20, 50), 20)).toBe(0)
  expect(refilled(empty, 20, 10_000).tokens).toBe(2)
  // A rate below ten a second.
  expect(refilled(empty, 1, 10_000).tokens).toBe(1)
  // A clock that stands still or goes back.
  expect(refilled({ tokens: 1, atMs: 100 }, 20, 50).tokens).toBe(1)
})

test('the forecast: from when the route opens, at the pace or as fast as upstreams answer', () => {
  const forward = { perSecond: 20, concurrency: 4 }
  expect(expectedMs({ opensMs: undefined, forward, eachMs: undefined }, 0)).toBeUndefined()
  expect(expectedMs({ opensMs: 1_000, forward, eachMs: undefined }, 40)).toBe(3_000)
  expect(expectedMs({ opensMs: 1_000, forward, eachMs: 1_000 }, 40)).toBe(11_000)
  expect(expectedMs({ opensMs: 1_000, forward, eachMs: 0 }, 40)).toBe(3_000)
})
