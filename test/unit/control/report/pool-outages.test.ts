// When nobody of a pool is left, what that is worth to be told, and what its users got until somebody is again.

import { expect, test } from 'vitest'
import { wordsOf } from '../../../../src/control/events/words.ts'
import { PoolOutages } from '../../../../src/control/report/pool-outages.ts'
import { Registry } from '../../../../src/control/upstreams/registry.ts'
import { TOTAL } from '../../../../src/shared/counter-cells.ts'
import { allocateCounters, CounterTable } from '../../../../src/shared/counters.ts'
import { UpstreamTable } from '../../../../src/shared/upstream-table.ts'
import { HTTP_HEALTH, poolPlan, snapshotOf, upstreamPlan } from '../fixtures/snapshot.ts'

const OK = { ok: true, durationMs: 1, status: 200, error: undefined } as const
const FAILED = { ok: false, durationMs: 1, status: undefined, error: 'connection refused' } as const

function setUp() {
  const clock = { nowMs: 0 }
  const counters = new CounterTable(allocateCounters(1), 1)
  const said: string[] = []
  const registry: Registry = new Registry({
    table: new UpstreamTable(),
    totals: () => ({ responses: 0, serverErrors: 0, gatewayErrors: 0, firstByteMs: 0 }),
    sent: () => 0,
    tell: event => outages.see(event),
    now: () => clock.nowMs,
  })
  const outages: PoolOutages = new PoolOutages({
    registry,
    counters,
    tell: event => said.push(...wordsOf(event).lines!.map(({ level, text }) => `${level}: ${text}`)),
  })
  const health = { ...HTTP_HEALTH, fall: 1, rise: 1 }
  const plan = poolPlan('erp', [upstreamPlan('erp-1', 8101), upstreamPlan('erp-2', 8102)], { health })
  const slots = registry.apply(snapshotOf({ pools: [plan] }))
  const [one, two] = slots.upstreams[0]!
  const pool = () => outages.of(registry.pool('erp')!)
  return { clock, counters, said, registry, outages, slot: slots.pools[0]!, one: one!, two: two!, pool }
}

test('nobody is left, and somebody is again: each is told once, with how long it took and what users got', () => {
  const { clock, counters, said, registry, outages, slot, one, two, pool } = setUp()
  const row = counters.rows[0]!
  // Nothing is known before the first verdicts: a start is no outage.
  registry.probed(one, FAILED)
  expect(said).toEqual([])
  registry.probed(one, OK)
  registry.probed(two, OK)
  row.answered(slot, 503, 0, true)
  registry.probed(one, FAILED)
  expect([said, pool()]).toEqual([[], null])
  clock.nowMs = 60_000
  registry.probed(two, FAILED)
  expect(said).toEqual([
    expect.stringMatching(/^error: pool erp has nobody left: erp-1 is out: .*refused.*; erp-2 is out: .*refused/),
  ])
  for (let n = 0; n < 3; n += 1) row.answered(slot, 503, 0, true)
  row.answered(two, 200, 0, true)
  row.add(two, TOTAL.inDoubt, 1)
  row.add(slot, TOTAL.planned, 2)
  const answers = { '1xx': 0, '2xx': 1, '3xx': 0, '4xx': 0, '5xx': 3 }
  expect(pool()).toEqual({ since: '1970-01-01T00:01:00.000Z', answers, inDoubt: 1, planned: 2 })
  expect(outages.totals('erp', 90_000)).toEqual({ count: 1, seconds: 30 })
  // The clock is set to an hour later meanwhile, which is no time that passes.
  outages.clockStepped(3_600_000)
  clock.nowMs = 3_912_000
  registry.probed(one, OK)
  expect(said.slice(1)).toEqual([
    'warn: pool erp is served again by erp-1, after 4 min; meanwhile its users got 3 answers 5xx, 1 answer 2xx, 2 answers from a maintenance window; 1 request is in doubt',
  ])
  registry.probed(two, OK)
  expect([said.length, pool(), outages.totals('erp', 4_000_000)]).toEqual([2, null, { count: 1, seconds: 252 }])
})

test('where people have taken all of a pool out that is a warning, and an outage whose pool leaves is forgotten', () => {
  const { said, registry, outages, one, two } = setUp()
  for (const slot of [one, two])
    registry.hold(slot, {
      source: 'operator',
      status: 'disabled',
      reason: 'patch night',
      by: 'ana',
      deadlineMs: undefined,
    })
  expect(said).toEqual([expect.stringMatching(/^warn: pool erp has nobody left: erp-1 is disabled: .*patch night/)])
  registry.apply(snapshotOf({ pools: [poolPlan('crm', [upstreamPlan('crm-1', 8103)])] }))
  const request = { source: 'file' } as const
  outages.see({ type: 'reload', atMs: 9, request, revision: 2, input: undefined, result: 'applied' })
  expect([said.length, outages.totals('erp', 1_000_000)]).toEqual([1, { count: 0, seconds: 0 }])
})
