// Who is too slow: only who was waited for, and for longer than its bytes allow.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allowanceMs, deliveryMs, Transfer } from '../../../../src/policy/request/transfer-rate.ts'

const rates = fc.record({
  bytesPerSecond: fc.integer({ min: 1, max: 1_000_000 }),
  graceMs: fc.integer({ min: 0, max: 60_000 }),
})
const ms = fc.double({ min: 0, max: 100_000, noNaN: true })

test('a client that is never slower than the least rate is never too slow, whatever pauses there are', () => {
  fc.assert(
    fc.property(
      rates,
      fc.array(
        fc.record({
          share: fc.double({ min: 0, max: 1, noNaN: true }),
          bytes: fc.integer({ min: 1, max: 100_000 }),
          pause: ms,
        }),
      ),
      (rate, steps) => {
        const transfer = new Transfer(rate)
        let now = 1000
        for (const { share, bytes, pause } of steps) {
          transfer.wait(now)
          // The bytes come in no more time than the rate gives them.
          now += (share * 1000 * bytes) / rate.bytesPerSecond
          transfer.add(bytes)
          expect(transfer.leftMs(now)).toBeGreaterThanOrEqual(rate.graceMs - 0.01)
          transfer.pause(now)
          now += pause
        }
      },
    ),
  )
})

test('a client is too slow at the very moment at which its waits add up to its allowance', () => {
  fc.assert(
    fc.property(
      rates,
      fc.array(fc.tuple(ms, ms, fc.integer({ min: 0, max: 10_000 })), { maxLength: 20 }),
      (rate, steps) => {
        const transfer = new Transfer(rate)
        let now = 5
        let waited = 0
        let sum = 0
        for (const [wait, pause, bytes] of steps) {
          transfer.wait(now)
          now += wait
          waited += wait
          transfer.pause(now)
          now += pause
          transfer.add(bytes)
          sum += bytes
        }
        expect(transfer.leftMs(now)).toBeCloseTo(allowanceMs(rate, sum) - waited, 3)
        transfer.wait(now)
        const left = transfer.leftMs(now)
        if (left > 0) expect(transfer.leftMs(now + left)).toBeCloseTo(0, 3)
      },
    ),
  )
})

test('time in which nothing is wanted of the client does not count', () => {
  const transfer = new Transfer({ bytesPerSecond: 100, graceMs: 1000 })
  transfer.wait(0)
  transfer.pause(400)
  expect(transfer.leftMs(1_000_000)).toBe(600)
  transfer.pause(2_000_000)
  transfer.wait(3_000_000)
  transfer.wait(3_000_100)
  expect(transfer.leftMs(3_000_200)).toBe(400)
})

describe('the last bytes of an answer', () => {
  test.each([
    [60_000, undefined, 1e6, 60_000],
    [0, undefined, 1e6, 0],
    [0, { bytesPerSecond: 1000, graceMs: 5 }, 2000, 2005],
    [60_000, { bytesPerSecond: 1000, graceMs: 5 }, 2000, 2005],
    [60_000, { bytesPerSecond: 1, graceMs: 5 }, 2000, 60_000],
  ])('with an idle timeout of %i and %o, %i bytes get %i ms', (idle, rate, bytes, expected) => {
    expect(deliveryMs(idle, rate, bytes)).toBe(expected)
  })
})
