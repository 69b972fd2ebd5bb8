import { expect, test } from 'vitest'
import { afterIdleLimit, afterStarved } from '../../../../src/control/upstreams/after-starved.ts'
import { newEntry } from '../../../../src/control/upstreams/entry.ts'
import { poolPlan, upstreamPlan } from '../fixtures/snapshot.ts'

const POOL = poolPlan('erp', [upstreamPlan('erp-1', 8101)])
const TOTALS = { responses: 0, serverErrors: 0, gatewayErrors: 0, firstByteMs: 0 }
const MINUTE = 60_000

test('no idle connection is kept for a while, longer with each relapse, and each change is told once', () => {
  const starved = afterStarved(newEntry(POOL, POOL.upstreams[0]!, 2, TOTALS, 0), 0)
  expect(starved.entry.idleLimit).toEqual({ untilMs: 5 * MINUTE, times: 1, inForce: true })
  expect(starved.events).toHaveLength(1)
  expect(afterStarved(starved.entry, MINUTE)).toEqual({ entry: starved.entry, events: [] })
  expect(afterIdleLimit(starved.entry, 5 * MINUTE - 1).events).toEqual([])

  const tried = afterIdleLimit(starved.entry, 5 * MINUTE)
  expect(tried.entry.idleLimit!.inForce).toBe(false)
  expect(tried.events).toHaveLength(1)
  expect(afterIdleLimit(tried.entry, 6 * MINUTE).events).toEqual([])

  expect(afterStarved(tried.entry, 7 * MINUTE).entry.idleLimit!.untilMs).toBe(17 * MINUTE)
})
