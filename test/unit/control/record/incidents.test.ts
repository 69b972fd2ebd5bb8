// Incidents as the registry's transitions make them: when they begin, end, and go on over a restart.

import { expect, test } from 'vitest'
import { Incidents } from '../../../../src/control/record/incidents.ts'
import { Registry } from '../../../../src/control/upstreams/registry.ts'
import type { Transition } from '../../../../src/control/upstreams/upstream-event.ts'
import { UpstreamTable } from '../../../../src/shared/upstream-table.ts'
import type { IncidentEntry } from '../../../../src/store/contract.ts'
import { HTTP_HEALTH, poolPlan, snapshotOf, upstreamPlan } from '../fixtures/snapshot.ts'

const OK = { ok: true, durationMs: 1, status: 200, error: undefined } as const
const REFUSED = { ok: false, durationMs: 1, status: undefined, error: 'connection refused' } as const

function setUp(names: readonly string[] = ['erp-1', 'erp-2']) {
  const recorded: IncidentEntry[] = []
  const clock = { nowMs: 1_000 }
  const pools = (of: readonly string[]) => [
    poolPlan(
      'erp',
      of.map((name, at) => upstreamPlan(name, 8101 + at)),
      { health: { ...HTTP_HEALTH, fall: 1, rise: 1 } },
    ),
  ]
  const told: Transition[] = []
  const registry = new Registry({
    table: new UpstreamTable(),
    totals: () => ({ responses: 0, serverErrors: 0, gatewayErrors: 0, firstByteMs: 0 }),
    sent: () => 0,
    tell: event => {
      if (event.type !== 'transition') return
      told.push(event.transition)
      incidents.transition(event.transition)
    },
    now: () => clock.nowMs,
  })
  const incidents = new Incidents({
    pools: () => registry.pools(),
    pool: name => registry.pool(name),
    record: each => recorded.push(each),
  })
  const slots = registry.apply(snapshotOf({ pools: pools(names) })).upstreams[0]!
  const configure = (of: readonly string[]) => {
    registry.apply(snapshotOf({ pools: pools(of) }))
    registry.retire()
    incidents.look(clock.nowMs)
  }
  const seen = () => recorded.map(({ kind, upstream, atMs, endMs }) => [upstream ?? kind, atMs, endMs])
  return { registry, incidents, slots, recorded, clock, configure, seen }
}

test('an upstream that is out, and a pool in which all are, each begin and end once', () => {
  const { registry, slots, clock, seen, recorded } = setUp()
  for (const slot of slots) registry.probed(slot, OK)
  expect(seen()).toEqual([])
  clock.nowMs = 2_000
  registry.probed(slots[0]!, REFUSED)
  registry.probed(slots[0]!, REFUSED)
  clock.nowMs = 3_000
  registry.probed(slots[1]!, REFUSED)
  clock.nowMs = 4_000
  registry.probed(slots[1]!, OK)
  expect(seen()).toEqual([
    ['erp-1', 2_000, undefined],
    ['erp-2', 3_000, undefined],
    ['pool-unavailable', 3_000, undefined],
    ['erp-2', 3_000, 4_000],
    ['pool-unavailable', 3_000, 4_000],
  ])
  expect(recorded[2]!.cause).toContain('connection refused')
  expect(recorded[3]!.key).toBe(recorded[1]!.key)
})

test('an upstream that is drained or disabled is no incident; a pool without any other is one', () => {
  const { registry, slots, seen } = setUp(['erp-1'])
  registry.probed(slots[0]!, OK)
  registry.hold(slots[0]!, {
    source: 'operator',
    status: 'disabled',
    reason: 'patching',
    by: 'ana',
    deadlineMs: undefined,
  })
  expect(seen()).toEqual([['pool-unavailable', 1_000, undefined]])
})

test('before the first verdicts nothing is known, and nothing is an incident', () => {
  const { incidents, seen } = setUp()
  incidents.look(1_000)
  expect(seen()).toEqual([])
})

test('an incident that lasted at the end of vigia goes on, and ends when the upstream is back', () => {
  const { registry, incidents, slots, clock, seen } = setUp()
  const before = {
    key: 'erp/erp-1 before',
    atMs: 10,
    endMs: undefined,
    pool: 'erp',
    upstream: 'erp-1',
    kind: 'upstream-out',
    cause: 'x',
  }
  incidents.restore([before], clock.nowMs)
  registry.probed(slots[0]!, REFUSED)
  expect(seen()).toEqual([])
  clock.nowMs = 5_000
  registry.probed(slots[0]!, OK)
  expect(seen()).toEqual([['erp-1', 10, 5_000]])
})

test('what a configuration no longer names has no incident any more', () => {
  const { registry, slots, clock, configure, seen } = setUp()
  for (const slot of slots) registry.probed(slot, OK)
  registry.probed(slots[1]!, REFUSED)
  clock.nowMs = 2_000
  configure(['erp-1'])
  expect(seen()).toEqual([
    ['erp-2', 1_000, undefined],
    ['erp-2', 1_000, 2_000],
  ])
})

test('an incident that lasts began as long ago as before, though the clock was set; one from before the start keeps its time', () => {
  const { registry, incidents, slots, clock, recorded } = setUp()
  for (const slot of slots) registry.probed(slot, OK)
  const kept = { key: 'erp/erp-2 1970', kind: 'upstream-out', pool: 'erp', upstream: 'erp-2', cause: 'x', atMs: 500 }
  registry.probed(slots[1]!, REFUSED)
  incidents.restore([{ ...kept, endMs: undefined }], 1_000)
  registry.probed(slots[0]!, REFUSED)
  recorded.length = 0
  clock.nowMs += 3_600_000
  incidents.clockStepped(3_600_000)
  expect(recorded.map(({ upstream, atMs }) => [upstream, atMs])).toEqual([
    ['erp-1', 3_601_000],
    [undefined, 3_601_000],
  ])
  registry.probed(slots[0]!, OK)
  expect(recorded.at(-1)).toMatchObject({ endMs: 3_601_000 })
})
