import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nextAskMs, renewalMs, renewalWindowIn } from '../../../../src/policy/certificates/renewal.ts'

const DAY_MS = 86_400_000
const NINETY_DAYS = { notBeforeMs: 0, notAfterMs: 90 * DAY_MS }

describe('a certificate is renewed', () => {
  test('from a third of its lifetime left on, not all of one moment at once', () => {
    expect(renewalMs(NINETY_DAYS, undefined, 0) / DAY_MS).toBeCloseTo(60)
    expect(renewalMs(NINETY_DAYS, undefined, 0.999) / DAY_MS).toBeCloseTo(61.8)
  })

  test('at a moment of the window that its CA suggests', () => {
    const window = { startMs: 10 * DAY_MS, endMs: 12 * DAY_MS }
    expect(renewalMs(NINETY_DAYS, window, 0) / DAY_MS).toBe(10)
    expect(renewalMs(NINETY_DAYS, window, 0.5) / DAY_MS).toBe(11)
  })

  test('before its end, whatever its CA suggests', () => {
    const window = { startMs: 89 * DAY_MS, endMs: 200 * DAY_MS }
    expect(renewalMs(NINETY_DAYS, window, 0.9) / DAY_MS).toBeCloseTo(81)
  })

  test('within its lifetime, however short or odd that is', () => {
    const bound = { min: -1e12, max: 1e12, noNaN: true }
    fc.assert(
      fc.property(
        fc.double(bound),
        fc.double(bound),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (from, until, random01) => {
          const at = renewalMs({ notBeforeMs: from, notAfterMs: until }, undefined, random01)
          expect(at).toBeLessThanOrEqual(until)
          expect(at).toBeGreaterThanOrEqual(Math.min(from, until))
        },
      ),
    )
  })
})

describe('what a CA says of a renewal', () => {
  test('is a window of two instants', () => {
    const suggestedWindow = { start: '2026-01-02T04:00:00Z', end: '2026-01-03T04:00:00.5+01:00' }
    expect(renewalWindowIn({ suggestedWindow, explanationURL: 'https://ca.example/why' })).toEqual({
      startMs: Date.UTC(2026, 0, 2, 4),
      endMs: Date.UTC(2026, 0, 3, 3, 0, 0, 500),
    })
  })

  test.each([
    ['nothing', undefined],
    ['a text', 'soon'],
    ['no window', {}],
    ['no instants', { suggestedWindow: { start: 1, end: 2 } }],
    ['a date alone', { suggestedWindow: { start: '2026-01-02', end: '2026-01-03' } }],
    ['a day that does not exist', { suggestedWindow: { start: '2026-13-45T00:00:00Z', end: '2027-01-01T00:00:00Z' } }],
    ['an end before its start', { suggestedWindow: { start: '2026-01-03T00:00:00Z', end: '2026-01-02T00:00:00Z' } }],
  ])('counts as nothing where it is %s', (_, answer) => {
    expect(renewalWindowIn(answer)).toBeUndefined()
  })

  test('is asked for when it says, but neither each second nor after a month', () => {
    expect([undefined, 0, 3_600_000, 31 * DAY_MS].map(ms => nextAskMs(ms) / 60_000)).toEqual([360, 1, 60, 1440])
  })
})
