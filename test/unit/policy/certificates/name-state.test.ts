import { expect, test } from 'vitest'
import {
  afterAdvice,
  afterFailure,
  afterIssue,
  NEW_NAME,
  nextOrderMs,
  withCertificate,
  withClockMoved,
  withFreshTries,
} from '../../../../src/policy/certificates/name-state.ts'

const CA = 'https://ca.example/dir'
const OTHER_CA = 'https://other.example/dir'
const DAY_MS = 86_400_000
const held = withCertificate({ notBeforeMs: 0, notAfterMs: 90 * DAY_MS, directory: CA }, 0, 0)
const failure = (atMs: number) => ({ trouble: 'unreachable', retryAfterMs: undefined, reason: 'away', atMs }) as const

test('a name without a certificate is ordered at once', () => {
  expect(nextOrderMs(NEW_NAME, CA)).toBe(0)
})

test('one with a certificate waits for its renewal, and asks its CA about that first', () => {
  expect(nextOrderMs(held, CA)).toBe(60 * DAY_MS)
  expect(held.held?.askAtMs).toBe(0)
})

test('a certificate of another CA than the configured one is replaced at once', () => {
  expect(nextOrderMs(held, OTHER_CA)).toBe(0)
})

test('what has failed waits, and again from the beginning where something has changed', () => {
  const once = afterFailure(NEW_NAME, failure(1_000_000), 0)
  const twice = afterFailure(once, failure(2_000_000), 0)
  expect([once.retryAtMs, twice.retryAtMs]).toEqual([1_030_000, 2_060_000])
  expect(nextOrderMs(twice, CA)).toBe(2_060_000)
  expect(nextOrderMs(withFreshTries(twice), CA)).toBe(0)
  expect(withFreshTries(twice).failure?.reason).toBe('away')
})

test('a renewal that has failed waits as well', () => {
  const late = afterFailure(held, failure(70 * DAY_MS), 0)
  expect(nextOrderMs(late, CA)).toBe(70 * DAY_MS + 30_000)
})

test('a new certificate is not replaced at once, whatever the clock says and however little it has left', () => {
  const nowMs = 80 * DAY_MS
  const late = afterIssue({ notBeforeMs: 0, notAfterMs: 90 * DAY_MS, directory: CA }, nowMs, 0)
  expect(nextOrderMs(late, CA)).toBe(nowMs + DAY_MS)
  const short = afterIssue({ notBeforeMs: nowMs, notAfterMs: nowMs + 3_600_000, directory: CA }, nowMs, 0)
  expect(short.retryAtMs).toBe(nowMs + 360_000)
  expect(nextOrderMs(short, CA)).toBe(nowMs + 2_400_000)
  expect(nextOrderMs(withFreshTries(late), OTHER_CA)).toBe(0)
})

test('somebody who wants one now gets it now, once', () => {
  const wanted = { ...held, isWanted: true }
  expect(nextOrderMs(wanted, CA)).toBe(0)
  expect(afterFailure(wanted, failure(0), 0).isWanted).toBe(false)
})

test('the moment of a renewal stays the same for as long as the window of its CA does', () => {
  const window = { startMs: 10 * DAY_MS, endMs: 20 * DAY_MS }
  const advised = afterAdvice(held, window, 5, 0.5)
  const again = afterAdvice(advised, { ...window }, 6, 0.9)
  const moved = afterAdvice(again, { startMs: 1, endMs: 2 }, 7, 0.9)
  expect([advised, again, moved].map(state => nextOrderMs(state, CA))).toEqual([15 * DAY_MS, 15 * DAY_MS, 1.9])
  expect(again.held?.askAtMs).toBe(6)
})

test('a CA that says nothing of renewals changes nothing', () => {
  const advised = afterAdvice(held, { startMs: 1, endMs: 2 }, 5, 0.5)
  expect(afterAdvice(advised, undefined, 9, 0.1).held).toEqual({ ...advised.held, askAtMs: 9 })
  expect(afterAdvice(NEW_NAME, { startMs: 1, endMs: 2 }, 5, 0.5)).toBe(NEW_NAME)
})

test('a pause takes as long as before when the clock is set; a certificate counts by the clock', () => {
  const paused = withClockMoved(afterFailure(held, failure(1000), 0), 5_000)
  expect(paused).toMatchObject({ retryAtMs: 36_000, failure: { atMs: 6_000 }, held: held.held })
  expect(withClockMoved(held, 5_000)).toBe(held)
})
