// Rate and latency of the last ten seconds, from totals that only go up.

import { expect, test } from 'vitest'
import { RecentTraffic } from '../../../../src/control/upstreams/recent-traffic.ts'
import { DURATION_BUCKETS_S, TOTAL } from '../../../../src/shared/counter-cells.ts'
import { allocateCounters, CounterTable } from '../../../../src/shared/counters.ts'

const SLOT = 5
const bucketOf = (seconds: number) => TOTAL.secondBucket + DURATION_BUCKETS_S.findIndex(bound => seconds <= bound)

test('counts what the last ten seconds brought, over all workers, and forgets what is older', () => {
  const counters = new CounterTable(allocateCounters(2), 2)
  const recent = new RecentTraffic(counters)
  expect(recent.of(SLOT)).toEqual({ ratePerS: 0, p50Ms: undefined, p99Ms: undefined })
  recent.tick([SLOT], 0)
  counters.rows[0]!.add(SLOT, bucketOf(0.1), 99)
  counters.rows[1]!.add(SLOT, bucketOf(2.5), 1)
  recent.tick([SLOT], 1000)
  const { ratePerS, p99Ms } = recent.of(SLOT)
  expect(ratePerS).toBe(100)
  expect(p99Ms).toBeCloseTo(100)
  for (let second = 2; second <= 10; second += 1) recent.tick([SLOT], second * 1000)
  expect(recent.of(SLOT).ratePerS).toBe(10)
  // Several together: half of what both got had begun early.
  expect(recent.of(SLOT, 6).p50Ms).toBeLessThan(100)
  expect(recent.of(SLOT, 6).ratePerS).toBe(10)
  recent.tick([SLOT], 11_000)
  expect(recent.of(SLOT)).toEqual({ ratePerS: 0, p50Ms: undefined, p99Ms: undefined })
  recent.tick([], 12_000)
  expect(recent.of(SLOT)).toEqual({ ratePerS: 0, p50Ms: undefined, p99Ms: undefined })
})
