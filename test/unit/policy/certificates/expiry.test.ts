// When the end of a certificate is worth a word.

import { describe, expect, test } from 'vitest'
import { certificateState, expiryMark } from '../../../../src/policy/certificates/expiry.ts'

const DAY = 86_400_000
const ofDays = (days: number) => ({ fromMs: 1000 * DAY, untilMs: (1000 + days) * DAY })

describe('a certificate of 90 days or more', () => {
  test.each([
    [90, undefined],
    [21.01, undefined],
    [21, 21],
    [7.01, 21],
    [7, 7],
    [1.01, 7],
    [1, 1],
    [0.0001, 1],
    [0, 0],
    [-5, 0],
  ])('with %s days left has passed the mark %s', (left, mark) => {
    for (const days of [90, 398]) expect(expiryMark(ofDays(days), (1000 + days - left) * DAY)).toBe(mark)
  })
})

test.each([45, 6, 0.5])('one of %s days passes its marks at the same shares of its life', days => {
  const validity = ofDays(days)
  const at = (left: number) => expiryMark(validity, validity.untilMs - left * days * DAY)
  expect([1, 0.34, 0.23, 0.07, 0.01, 0].map(at)).toEqual([undefined, undefined, 21, 7, 1, 0])
})

test('its state is that of its mark, and one of the future says so', () => {
  const validity = ofDays(90)
  const at = (day: number) => certificateState(validity, (1000 + day) * DAY)
  expect([-1, 0, 60, 70, 89.5, 90].map(at)).toEqual([
    'not-yet-valid',
    'ok',
    'ok',
    'expires-soon',
    'expires-soon',
    'expired',
  ])
})
