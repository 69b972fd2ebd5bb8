// An operator's weight, from the order to the shared table: the registry with its operations, no sockets.

import { expect, test } from 'vitest'
import { Registry } from '../../../../src/control/upstreams/registry.ts'
import type { Transition } from '../../../../src/control/upstreams/upstream-event.ts'
import { InDoubtList } from '../../../../src/control/workers/in-doubt-list.ts'
import type { OutlierPlan } from '../../../../src/plan/pool.ts'
import { readHints } from '../../../../src/policy/upstream/agent-hints.ts'
import { UpstreamTable } from '../../../../src/shared/upstream-table.ts'
import { askAtOnce } from '../fixtures/orders.ts'
import { HTTP_HEALTH, poolPlan, snapshotOf, upstreamPlan } from '../fixtures/snapshot.ts'

const HEALTH = { ...HTTP_HEALTH, hints: true }
const ANA = { reason: 'new disks', by: 'ana', force: false }
const OUTLIER: OutlierPlan = {
  ...{ consecutiveFailures: 1, consecutiveGatewayErrors: 0, serverErrors: undefined, latency: undefined },
  ...{
    windowMs: 10_000,
    ejectionMs: 60_000,
    longestEjectionMs: 60_000,
    maxEjected: 0.5,
    probation: { share: 0.1, successes: 2 },
  },
}
const FIRST = { pool: 'erp', upstream: 'erp-1' }

function setUp() {
  const table = new UpstreamTable()
  const told: Transition[] = []
  const registry = new Registry({
    table,
    totals: () => ({ responses: 0, serverErrors: 0, gatewayErrors: 0, firstByteMs: 0 }),
    sent: () => 0,
    tell: event => void (event.type === 'transition' && told.push(event.transition)),
  })
  const snapshot = (port: number, weight = 100) => {
    const upstreams = [upstreamPlan('erp-1', port, { weight }), upstreamPlan('erp-2', 8102)]
    return snapshotOf({ pools: [poolPlan('erp', upstreams, { health: HEALTH, outlier: OUTLIER })] })
  }
  const use = (port: number, weight?: number) => {
    const [slot] = registry.apply(snapshot(port, weight)).upstreams[0]!
    return slot!
  }
  const slot = use(8101)
  const answer = (fields: Record<string, string> = {}) => {
    const hints = readHints(200, fields, HEALTH)
    for (const entry of registry.pools()[0]!.entries)
      registry.probed(entry.slot, { ok: true, durationMs: 1, status: 200, error: undefined, hints })
  }
  answer()
  told.length = 0
  return { table, told, registry, use, slot, answer, ask: askAtOnce(registry, new InDoubtList(), Date.now) }
}

test('it takes the place of the configured one, is told with its author, and is taken back', () => {
  const { table, told, slot, ask } = setUp()
  expect(ask.weight(FIRST, { ...ANA, value: { weight: 30 } })).toEqual({ ok: true })
  expect(table.weight(slot)).toBe(30)
  ask.weight(FIRST, { ...ANA, value: { percent: 12.5 } })
  expect(table.weight(slot)).toBe(12.5)
  ask.weight(FIRST, { ...ANA, value: undefined })
  expect(table.weight(slot)).toBe(100)
  // Where there is nothing to take back, nothing has happened.
  ask.weight(FIRST, { ...ANA, value: undefined })
  expect(told.map(({ cause, by, from, to }) => [cause, by, from, to])).toEqual([
    ['weight 30, by ana: new disks', 'ana', 'available', 'available'],
    ['weight 12.5% of its weight, by ana: new disks', 'ana', 'available', 'available'],
    ['weight as configured again, by ana: new disks', 'ana', 'available', 'available'],
  ])
})

test('a percentage follows the configuration, a number does not, and both go with the name to another address', () => {
  const { table, use, slot, ask } = setUp()
  ask.weight(FIRST, { ...ANA, value: { percent: 50 } })
  use(8101, 40)
  expect(table.weight(slot)).toBe(20)
  ask.weight(FIRST, { ...ANA, value: { weight: 7 } })
  const moved = use(9999, 40)
  expect([moved === slot, table.weight(moved)]).toEqual([false, 7])
})

test('what the node says of itself counts on top of it', () => {
  const { table, slot, ask, answer } = setUp()
  ask.weight(FIRST, { ...ANA, value: { weight: 200 } })
  answer({ 'x-vigia-weight': '50%' })
  expect(table.weight(slot)).toBe(100)
})

test('no weight at all for the last one that takes work is refused, unless forced', () => {
  const { table, slot, ask } = setUp()
  ask.weight({ pool: 'erp', upstream: 'erp-2' }, { ...ANA, value: { weight: 0 } })
  expect(ask.weight(FIRST, { ...ANA, value: { percent: 0 } })).toMatchObject({
    code: 'conflict',
    advice: expect.stringContaining('force'),
  })
  expect(table.weight(slot)).toBe(100)
  expect(ask.weight(FIRST, { ...ANA, force: true, value: { percent: 0 } })).toEqual({ ok: true })
  expect(table.weight(slot)).toBe(0)
  expect(ask.weight({ pool: 'erp', upstream: 'erp-9' }, { ...ANA, value: { weight: 1 } })).toMatchObject({
    code: 'unknown',
  })
})

test('passive health ejects nobody who would leave the load to one without a weight', () => {
  const { registry, slot, ask } = setUp()
  const fail = () => registry.sawTransportFailure(slot, { error: 'reset', client: undefined, provoked: false })
  const availability = () => registry.pools()[0]!.entries[0]!.verdict.availability
  ask.weight({ pool: 'erp', upstream: 'erp-2' }, { ...ANA, value: { weight: 0 } })
  fail()
  expect(availability()).toBe('available')
  ask.weight({ pool: 'erp', upstream: 'erp-2' }, { ...ANA, value: undefined })
  fail()
  expect(availability()).toBe('out')
})
