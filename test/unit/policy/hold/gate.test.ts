// When held requests of a route may be sent.

import { expect, test } from 'vitest'
import { gateOf, type RouteNow } from '../../../../src/policy/hold/gate.ts'

const SERVING: RouteNow = {
  isPauseKnown: true,
  pause: undefined,
  closed: undefined,
  pool: 'erp',
  servingSinceMs: 1_000,
  afterMs: 30_000,
}

const window = (untilMs: number | undefined) => ({ window: 'patch night', untilMs })

test('a pool that has served for as long as the route asks opens the gate', () => {
  expect(gateOf(SERVING, 30_999)).toEqual({
    open: false,
    why: 'pool erp has to serve for 30 s first (forward.after)',
    untilMs: 31_000,
  })
  expect(gateOf(SERVING, 31_000)).toEqual({ open: true })
})

test('where nobody serves, nobody knows until when', () => {
  expect(gateOf({ ...SERVING, servingSinceMs: undefined }, 99_999)).toEqual({
    open: false,
    why: 'nobody of pool erp takes work',
    untilMs: undefined,
  })
})

test('a window, and a pause, close it, whoever serves; the last end counts, and after it the pool has to serve', () => {
  const closed = { ...SERVING, closed: window(60_000) }
  expect(gateOf(closed, 50_000)).toEqual({ open: false, why: 'window patch night', untilMs: 90_000 })
  const paused = { ...closed, pause: { untilMs: 80_000 } }
  expect(gateOf(paused, 50_000)).toEqual({ open: false, why: 'paused', untilMs: 110_000 })
})

test('of two of which one is open, nobody knows the end', () => {
  const both = { ...SERVING, closed: window(undefined), pause: { untilMs: 80_000 } }
  expect(gateOf(both, 50_000)).toMatchObject({ open: false, untilMs: undefined })
  expect(gateOf({ ...both, closed: window(60_000), pause: { untilMs: undefined } }, 50_000)).toMatchObject({
    untilMs: undefined,
  })
})

test('as long as nobody knows what was paused before the start, nothing is sent', () => {
  expect(gateOf({ ...SERVING, isPauseKnown: false }, 99_999)).toMatchObject({ open: false, untilMs: undefined })
})
