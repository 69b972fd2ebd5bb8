// Upstreams under a clock that is set: what was given as a length of time lasts that long, an instant stays one.

import { expect, test } from 'vitest'
import { readOverrides } from '../../../../src/control/record/kept-overrides.ts'
import { recording } from '../../../../src/control/record/recorder.ts'
import { Registry } from '../../../../src/control/upstreams/registry.ts'
import type { UpstreamEvent } from '../../../../src/control/upstreams/upstream-event.ts'
import type { PoolPlan } from '../../../../src/plan/pool.ts'
import { UpstreamTable } from '../../../../src/shared/upstream-table.ts'
import type { Change } from '../../../../src/store/contract.ts'
import { OUTLIER, poolPlan, snapshotOf, TCP_HEALTH, upstreamPlan } from '../fixtures/snapshot.ts'

const NOON = Date.UTC(2026, 10, 27, 12)
const HOUR_MS = 3_600_000
function setUp(changes: Partial<PoolPlan> = {}) {
  const clock = { nowMs: NOON }
  const events: UpstreamEvent[] = []
  const table = new UpstreamTable()
  const registry = new Registry({
    table,
    totals: () => ({ responses: 0, serverErrors: 0, gatewayErrors: 0, firstByteMs: 0 }),
    sent: () => 0,
    tell: event => events.push(event),
    now: () => clock.nowMs,
  })
  const pool = poolPlan('erp', [upstreamPlan('erp-1', 8101), upstreamPlan('erp-2', 8102)])
  const slots = registry.apply(snapshotOf({ pools: [{ ...pool, health: { kind: 'none' }, ...changes }] }))
  const [first, second] = slots.upstreams[0]!
  return {
    first: first!,
    second: second!,
    registry,
    table,
    events,
    entry: (at = 0) => registry.pools()[0]!.entries[at]!,
    availability: (at = 0) => registry.pools()[0]!.entries[at]!.verdict.availability,
    pass(ms: number) {
      clock.nowMs += ms
      registry.tick()
    },
    set(byMs: number) {
      clock.nowMs += byMs
      registry.clockStepped(byMs)
      registry.tick()
    },
  }
}

const drain = (deadlineMs: number, deadlineBy?: 'elapsed') =>
  ({ source: 'operator', status: 'draining', reason: 'disk', by: 'ana', deadlineMs, deadlineBy }) as const

test('a drain of 30 minutes has 30 minutes, whatever the clock says; one until an instant ends at that instant', () => {
  const { registry, first, second, availability, set, pass } = setUp()
  registry.hold(first, drain(NOON + HOUR_MS / 2, 'elapsed'))
  registry.hold(second, drain(NOON + HOUR_MS / 2))
  set(HOUR_MS)
  expect([availability(0), availability(1)]).toEqual(['draining', 'disabled'])
  pass(HOUR_MS / 2 - 1)
  expect(availability(0)).toBe('draining')
  pass(1)
  expect(availability(0)).toBe('disabled')
})

test('the moved deadline is told once, and kept as it is now', () => {
  const { registry, first, events, set } = setUp()
  registry.hold(first, drain(NOON + HOUR_MS / 2, 'elapsed'))
  events.length = 0
  set(-HOUR_MS)
  expect(events.map(({ type }) => type)).toEqual(['deadline-moved'])
  const changes: Change[] = []
  const records = { append: () => {}, clockStepped: () => {}, later: (change: Change) => void changes.push(change) }
  recording(records, undefined as never)(events[0]!)
  const [{ overrides: [override] = [], audit }] = changes as [Change]
  expect(audit[0]).toMatchObject({
    action: 'upstream.drain',
    subject: 'erp/erp-1',
    after: { deadline: '2026-11-27T11:30:00.000Z' },
  })
  if (override?.op !== 'put') throw new Error('it is not kept')
  const { orders } = readOverrides([{ ...override, value: JSON.parse(JSON.stringify(override.value)) }])
  expect(orders).toMatchObject([
    { upstream: 'erp-1', order: { hold: { deadlineMs: NOON - HOUR_MS / 2, deadlineBy: 'elapsed' } } },
  ])
})

test.each([HOUR_MS, -HOUR_MS])('an ejection lasts as long as it was to, though the clock is set by %d ms', byMs => {
  const { registry, first, availability, entry, set, pass } = setUp({ outlier: OUTLIER })
  for (let i = 0; i < 3; i += 1)
    registry.sawTransportFailure(first, { error: 'reset', client: undefined, provoked: false })
  pass(10_000)
  set(byMs)
  pass(19_999)
  expect([availability(), entry().sinceMs]).toEqual(['out', NOON + byMs])
  pass(1)
  expect(entry().outlier.status).toBe('probation')
})

test.each([HOUR_MS, -HOUR_MS])('a slow start goes on where it was, though the clock is set by %d ms', byMs => {
  const { registry, table, first, set, pass } = setUp({ health: TCP_HEALTH, slowStartMs: 20_000 })
  const probe = (ok: boolean) =>
    registry.probed(first, { ok, durationMs: 1, status: undefined, error: ok ? undefined : 'refused' })
  probe(true)
  for (let i = 0; i < 5; i += 1) probe(false)
  for (let i = 0; i < 5; i += 1) probe(true)
  pass(10_000)
  set(byMs)
  expect(table.weight(first)).toBe(50)
  pass(10_000)
  expect(table.weight(first)).toBe(100)
})

test.each([HOUR_MS, -HOUR_MS])('idle connections are limited for as long as they were to be, by %d ms', byMs => {
  const { registry, first, entry, set, pass } = setUp()
  registry.sawHolding(first, 'starved')
  const forMs = entry().idleLimit!.untilMs - NOON
  set(byMs)
  pass(forMs - 1)
  expect(entry().idleLimit?.inForce).toBe(true)
  pass(1)
  expect(entry().idleLimit?.inForce).toBe(false)
})

test('an order for a name that the configuration has again later has as long as it had, too', () => {
  const { registry, set } = setUp()
  const since = { sinceMs: NOON, drainSinceMs: NOON }
  registry.restore('erp', 'erp-3', { hold: { ...drain(NOON + HOUR_MS / 2, 'elapsed'), ...since } })
  set(HOUR_MS)
  const pool = poolPlan('erp', [upstreamPlan('erp-3', 8103)], { health: { kind: 'none' } })
  registry.apply(snapshotOf({ pools: [pool] }))
  expect(registry.pools()[0]!.entries[0]!.holds).toMatchObject([
    { drainSinceMs: NOON + HOUR_MS, deadlineMs: NOON + 1.5 * HOUR_MS },
  ])
})
