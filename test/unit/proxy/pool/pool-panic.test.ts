// A pool with `allDown: panic`: what it tries when no upstream is available.

import { expect, test } from 'vitest'
import type { RoutePlan } from '../../../../src/plan/route.ts'
import { Pool } from '../../../../src/proxy/pool/pool.ts'
import { Queue } from '../../../../src/proxy/pool/queue.ts'
import { NEWCOMER } from '../../../../src/proxy/pool/waiter.ts'
import type { Runtime } from '../../../../src/proxy/runtime/runtime.ts'
import type { Endpoint } from '../../../../src/proxy/upstream/endpoint.ts'
import { allocateCounters, CounterTable } from '../../../../src/shared/counters.ts'
import { allocatePermits, Permits } from '../../../../src/shared/permits.ts'
import { AVAILABILITY, type Availability, UpstreamTable } from '../../../../src/shared/upstream-table.ts'
import { poolPlan, upstreamPlan } from '../../control/fixtures/snapshot.ts'

/** Which of the upstreams (by index) get requests, or why none does. */
function choices(states: readonly (keyof typeof AVAILABILITY)[]): string {
  const upstreams = states.map((_, at) => upstreamPlan(`erp-${at}`, 8101 + at))
  const plan = poolPlan('erp', upstreams, { allDown: 'panic', balance: { kind: 'round-robin' } })
  const table = new UpstreamTable()
  const counters = new CounterTable(allocateCounters(1), 1)
  const row = counters.rows[0]!
  const permits = new Permits(allocatePermits(1), 1, 0)
  const endpoints = upstreams.map((each, at) => ({ slot: at + 2, plan: each, readmit() {} }) as unknown as Endpoint)
  for (const [at, state] of states.entries()) table.set(at + 2, AVAILABILITY[state] satisfies Availability, 100)
  const runtime = { row, permits, table, counters, random: () => 0 } as unknown as Runtime
  const pool = new Pool(plan, 1, endpoints, new Queue(1, runtime), runtime)
  const placement = { route: {} as RoutePlan, key: 0, stickiness: undefined }
  const chosen = Array.from({ length: 10 }, () =>
    pool.choose({ placement, tried: undefined, login: undefined, rank: NEWCOMER }, 0),
  )
  return [...new Set(chosen.map(each => (typeof each === 'string' ? each : each.endpoint.slot - 2)))].sort().join(' ')
}

test.each([
  [['available', 'out', 'draining'], '0'],
  [['out', 'out', 'disabled'], '0 1'],
  [['out', 'unknown'], 'no-verdict-yet'],
  // People overrule measurements: what they drain gets no new work, whatever becomes of the others.
  [['out', 'draining'], '0'],
  [['draining', 'disabled'], 'none'],
] as const)('of %j it asks: %s', (states, expected) => {
  expect(choices(states)).toBe(expected)
})
