import { expect, test } from 'vitest'
import { IDLE, nextStandby, QUIET_MS } from '../../../../src/policy/upstream/standby.ts'

test('it carries load from its first share or request on, and no more when nothing has come for a while', () => {
  const idle = nextStandby(IDLE, { hasShare: false, requests: 0, nowMs: 1000 })
  expect(idle).toBe(IDLE)

  const begun = nextStandby(idle, { hasShare: true, requests: 0, nowMs: 2000 })
  expect(begun).toEqual({ sinceMs: 2000, lastMs: 2000, requests: 0 })
  const used = nextStandby(begun, { hasShare: false, requests: 7, nowMs: 3000 })
  expect(used).toEqual({ sinceMs: 2000, lastMs: 3000, requests: 7 })
  expect(nextStandby(used, { hasShare: false, requests: 0, nowMs: 2999 + QUIET_MS })).toBe(used)
  expect(nextStandby(used, { hasShare: false, requests: 0, nowMs: 3000 + QUIET_MS })).toBe(IDLE)
})

test('requests that got there without a share of the load are load, too', () => {
  expect(nextStandby(IDLE, { hasShare: false, requests: 2, nowMs: 5 })).toEqual({ sinceMs: 5, lastMs: 5, requests: 2 })
})
