import { expect, test } from 'vitest'
import type { ProbeResult } from '../../../../src/control/upstreams/probes/probe.ts'
import { Registry } from '../../../../src/control/upstreams/registry.ts'
import type { Transition } from '../../../../src/control/upstreams/upstream-event.ts'
import type { PoolPlan, UpstreamPlan } from '../../../../src/plan/pool.ts'
import type { Snapshot } from '../../../../src/plan/snapshot.ts'
import { type NameState, NEW_NAME } from '../../../../src/policy/names/name-state.ts'
import type { UpstreamTotals } from '../../../../src/policy/upstream/outlier-verdicts.ts'
import { NO_ADDRESSES } from '../../../../src/shared/address-cells.ts'
import { AVAILABILITY, MAX_SLOTS, UpstreamTable } from '../../../../src/shared/upstream-table.ts'
import { OUTLIER, poolPlan, snapshotOf, TCP_HEALTH, upstreamPlan } from '../fixtures/snapshot.ts'

const OK: ProbeResult = { ok: true, durationMs: 3, status: 200, error: undefined }
const REFUSED: ProbeResult = { ok: false, durationMs: 1, status: undefined, error: 'connection refused' }

const NOTHING_MET: UpstreamTotals = { responses: 0, serverErrors: 0, gatewayErrors: 0, firstByteMs: 0 }

function setUp(snapshot: Snapshot) {
  const table = new UpstreamTable()
  const transitions: Transition[] = []
  const clock = { nowMs: 1_000 }
  /** What requests met, by slot. */
  const met = new Map<number, UpstreamTotals>()
  const registry = new Registry({
    table,
    totals: slot => met.get(slot) ?? NOTHING_MET,
    sent: () => 0,
    tell: event => void (event.type === 'transition' && transitions.push(event.transition)),
    now: () => clock.nowMs,
  })
  const slots = registry.apply(snapshot)
  return { table, transitions, clock, registry, slots, met }
}

const twoNodes = snapshotOf({
  pools: [poolPlan('erp', [upstreamPlan('erp-1', 8101), upstreamPlan('erp-2', 8102, { weight: 50 })])],
})

test('every pool and upstream has a slot of its own, none of them that of vigia itself', () => {
  const { slots } = setUp(snapshotOf({ pools: [...twoNodes.pools, poolPlan('bus', [upstreamPlan('erp-1', 8101)])] }))
  const all = [...slots.pools, ...slots.upstreams.flat()]
  expect(new Set(all).size).toBe(5)
  expect(all).not.toContain(0)
})

test('an upstream is unknown until its first probe, which decides alone', () => {
  const { table, slots, registry, transitions } = setUp(twoNodes)
  const [first, second] = slots.upstreams[0]!
  expect(table.availability(first!)).toBe(AVAILABILITY.unknown)
  registry.probed(first!, OK)
  registry.probed(second!, REFUSED)
  expect(table.availability(first!)).toBe(AVAILABILITY.available)
  expect(table.availability(second!)).toBe(AVAILABILITY.out)
  expect(table.weight(second!)).toBe(50)
  expect(transitions).toEqual([
    { atMs: 1000, pool: 'erp', upstream: 'erp-1', from: 'unknown', to: 'available', cause: 'healthy' },
    { atMs: 1000, pool: 'erp', upstream: 'erp-2', from: 'unknown', to: 'out', cause: 'unhealthy: connection refused' },
  ])
})

test('a healthy upstream is out after `fall` failures in a row and back after `rise` successes, each told once', () => {
  const { slots, registry, transitions, clock } = setUp(twoNodes)
  const [first, second] = slots.upstreams[0]!
  registry.probed(first!, OK)
  registry.probed(second!, OK)
  transitions.length = 0
  for (const result of [REFUSED, OK, REFUSED, REFUSED]) registry.probed(first!, result)
  expect(transitions).toEqual([])
  clock.nowMs = 5_000
  registry.probed(first!, REFUSED)
  registry.probed(first!, REFUSED)
  expect(transitions.map(({ to, atMs }) => [to, atMs])).toEqual([['out', 5000]])
  registry.probed(first!, OK)
  expect(registry.pools()[0]!.entries[0]!.verdict.reason).toBe('unhealthy: connection refused')
  registry.probed(first!, OK)
  expect(transitions.map(({ to }) => to)).toEqual(['out', 'available'])
})

test('a pool with nothing left takes back the first upstream that answers, whatever rise says', () => {
  const { slots, registry, table } = setUp(twoNodes)
  const [first, second] = slots.upstreams[0]!
  registry.probed(first!, REFUSED)
  registry.probed(second!, REFUSED)
  registry.probed(first!, OK)
  expect(table.availability(first!)).toBe(AVAILABILITY.available)
  // With one that serves, the second has to prove itself.
  registry.probed(second!, OK)
  expect(table.availability(second!)).toBe(AVAILABILITY.out)
})

test('how long an upstream is down counts only while its pool can do without it', () => {
  const { slots, registry, clock } = setUp(twoNodes)
  const [first, second] = slots.upstreams[0]!
  registry.probed(first!, REFUSED)
  registry.probed(second!, OK)
  clock.nowMs += 60_000
  expect(registry.probed(first!, REFUSED).downForMs).toBe(60_000)
  for (let i = 0; i < 3; i += 1) registry.probed(second!, REFUSED)
  expect(registry.probed(first!, REFUSED).downForMs).toBe(0)
})

test('an upstream of a pool without health checks is available at once', () => {
  const { table, slots, registry } = setUp(
    snapshotOf({ pools: [poolPlan('erp', [upstreamPlan('erp-1', 1)], { health: { kind: 'none' } })] }),
  )
  expect(table.availability(slots.upstreams[0]![0]!)).toBe(AVAILABILITY.available)
  expect(registry.jobs()).toMatchObject([{ health: { kind: 'none' } }])
})

test('a reload keeps slot, state and history of what it does not change, and takes over new weights', () => {
  const { table, slots, registry, transitions } = setUp(twoNodes)
  const [first, second] = slots.upstreams[0]!
  registry.probed(first!, REFUSED)
  registry.probed(second!, OK)
  transitions.length = 0
  const next = registry.apply(
    snapshotOf({
      revision: 2,
      pools: [
        poolPlan('erp', [
          upstreamPlan('erp-3', 8103),
          upstreamPlan('erp-2', 8102, { weight: 7 }),
          upstreamPlan('erp-1', 8101),
        ]),
      ],
    }),
  )
  expect(next.upstreams[0]!.slice(1)).toEqual([second, first])
  expect(table.availability(first!)).toBe(AVAILABILITY.out)
  expect(table.availability(second!)).toBe(AVAILABILITY.available)
  expect(table.weight(second!)).toBe(7)
  expect(table.availability(next.upstreams[0]![0]!)).toBe(AVAILABILITY.unknown)
  expect(transitions).toEqual([])
})

test('another address under the same name is another upstream, with a slot and a state of its own', () => {
  const { slots, registry, table } = setUp(twoNodes)
  const first = slots.upstreams[0]![0]!
  registry.probed(first, OK)
  const next = registry.apply(snapshotOf({ pools: [poolPlan('erp', [upstreamPlan('erp-1', 9101)])] }))
  const moved = next.upstreams[0]![0]!
  expect(moved).not.toBe(first)
  expect(table.availability(moved)).toBe(AVAILABILITY.unknown)
  // Workers that still have the former snapshot go on with the former address until they are told.
  expect(table.availability(first)).toBe(AVAILABILITY.available)
  registry.retire()
  expect(table.availability(first)).toBe(AVAILABILITY.disabled)
  expect(registry.jobs().map(({ slot }) => slot)).toEqual([moved])
})

test('going back to the former configuration before it was retired loses no state', () => {
  const { slots, registry, table } = setUp(twoNodes)
  const [first, second] = slots.upstreams[0]!
  registry.probed(first!, OK)
  registry.probed(second!, REFUSED)
  registry.apply(snapshotOf({ pools: [] }))
  expect(registry.apply(twoNodes)).toEqual(slots)
  registry.retire()
  expect(table.availability(first!)).toBe(AVAILABILITY.available)
  expect(table.availability(second!)).toBe(AVAILABILITY.out)
})

test('switching health checks off brings an unhealthy upstream back; switching them on keeps it until a probe speaks against it', () => {
  const { slots, registry, table } = setUp(twoNodes)
  const first = slots.upstreams[0]![0]!
  registry.probed(first, REFUSED)
  const [{ upstreams }] = twoNodes.pools as [(typeof twoNodes.pools)[0]]
  registry.apply(snapshotOf({ pools: [poolPlan('erp', upstreams, { health: { kind: 'none' } })] }))
  expect(table.availability(first)).toBe(AVAILABILITY.available)
  registry.apply(snapshotOf({ pools: [poolPlan('erp', upstreams, { health: TCP_HEALTH })] }))
  expect(table.availability(first)).toBe(AVAILABILITY.available)
})

test('reloads back and forth use no new slots, and too many upstreams are refused without any change', () => {
  const { slots, registry } = setUp(twoNodes)
  for (let i = 0; i < 5; i += 1) {
    registry.apply(snapshotOf({ pools: [poolPlan('erp', [upstreamPlan('other', 9000)])] }))
    registry.retire()
    expect(registry.apply(twoNodes)).toEqual(slots)
  }
  const many = Array.from({ length: MAX_SLOTS }, (_, i) => upstreamPlan(`n${i}`, 1 + (i % 65_000)))
  expect(() => registry.apply(snapshotOf({ pools: [poolPlan('many', many)] }))).toThrow(/no room for/)
  expect(registry.pools()[0]!.plan.name).toBe('erp')
})

const failure = (error: string) => ({ error, client: undefined, provoked: false })

function setUpJudged(more: Partial<PoolPlan> = {}) {
  const pool = poolPlan('erp', [upstreamPlan('erp-1', 8101), upstreamPlan('erp-2', 8102)])
  const world = setUp(snapshotOf({ pools: [{ ...pool, health: { kind: 'none' }, outlier: OUTLIER, ...more }] }))
  return { ...world, first: world.slots.upstreams[0]![0]!, second: world.slots.upstreams[0]![1]! }
}

test('transport failures in a row eject an upstream, which comes back on trial with a share of its weight, then whole', () => {
  const { table, registry, clock, transitions, met, first } = setUpJudged()
  for (let i = 0; i < 3; i += 1) registry.sawTransportFailure(first, failure('reset: ECONNRESET'))
  expect(table.availability(first)).toBe(AVAILABILITY.out)
  expect(transitions.at(-1)).toMatchObject({ upstream: 'erp-1', to: 'out' })
  expect(transitions.at(-1)?.cause).toMatch(/^ejected: 3 transport failures in a row: reset: ECONNRESET/)
  clock.nowMs += 29_000
  registry.tick()
  expect(table.availability(first)).toBe(AVAILABILITY.out)
  clock.nowMs += 1_500
  registry.tick()
  expect(table.availability(first)).toBe(AVAILABILITY.available)
  expect(table.weight(first)).toBe(10)
  met.set(first, { ...NOTHING_MET, responses: 2 })
  clock.nowMs += 1_000
  registry.tick()
  expect(table.weight(first)).toBe(100)
})

test('an answer between two failures ends the row', () => {
  const { table, registry, met, first } = setUpJudged()
  for (let i = 0; i < 10; i += 1) {
    registry.sawTransportFailure(first, failure('reset'))
    met.set(first, { ...NOTHING_MET, responses: i + 1 })
  }
  expect(table.availability(first)).toBe(AVAILABILITY.available)
})

test('the last upstream that serves is never ejected', () => {
  const { table, registry, first, second } = setUpJudged()
  for (let i = 0; i < 3; i += 1) registry.sawTransportFailure(first, failure('reset'))
  for (let i = 0; i < 9; i += 1) registry.sawTransportFailure(second, failure('reset'))
  expect(table.availability(first)).toBe(AVAILABILITY.out)
  expect(table.availability(second)).toBe(AVAILABILITY.available)
})

test('a failure on an upstream that is leaving its pool is noted, and judged no more', () => {
  const { registry, table, first } = setUpJudged()
  const pool = registry.pools()[0]!.plan
  registry.apply(snapshotOf({ pools: [{ ...pool, upstreams: pool.upstreams.slice(1) }] }))
  for (let i = 0; i < 3; i += 1) registry.sawTransportFailure(first, failure('reset'))
  expect(table.availability(first)).toBe(AVAILABILITY.available)
  expect(registry.retire()).toMatchObject([{ plan: { name: 'erp-1' }, lastFailure: { error: 'reset' } }])
})

test('what was read of an upstream does not change under its reader', () => {
  const { registry, slots } = setUp(twoNodes)
  const before = registry.pools()[0]!.entries[0]!
  registry.probed(slots.upstreams[0]![0]!, OK)
  expect([before.verdict.availability, before.probes.ok]).toEqual(['unknown', 0])
  expect(registry.pools()[0]!.entries[0]).toMatchObject({ verdict: { availability: 'available' }, probes: { ok: 1 } })
})

test('an upstream that comes back starts slowly, one that starts with vigia does not', () => {
  const { table, registry, clock, first } = setUpJudged({ health: TCP_HEALTH, outlier: undefined, slowStartMs: 20_000 })
  registry.probed(first, OK)
  expect(table.weight(first)).toBe(100)
  for (let i = 0; i < 5; i += 1) registry.probed(first, REFUSED)
  for (let i = 0; i < 5; i += 1) registry.probed(first, OK)
  expect(table.weight(first)).toBe(10)
  clock.nowMs += 10_000
  registry.tick()
  expect(table.weight(first)).toBe(50)
  clock.nowMs += 10_000
  registry.tick()
  expect(table.weight(first)).toBe(100)
  // Once is enough, whatever becomes of the clock.
  clock.nowMs -= 15_000
  registry.tick()
  expect(table.weight(first)).toBe(100)
})

test('an upstream that has a name serves once it has an address, which workers can read by then, and is probed from then on', () => {
  const table = new UpstreamTable()
  const names = new Map<string, NameState>([['erp.test', NEW_NAME]])
  const told: string[] = []
  const registry = new Registry({
    table,
    totals: () => NOTHING_MET,
    sent: () => 0,
    nameOf: host => names.get(host),
    tell: event => {
      if (event.type !== 'transition') return
      const { upstream, to, cause } = event.transition
      const { addresses } = table.addresses.read(slotOf(upstream), NO_ADDRESSES)
      told.push(`${upstream} ${to} (${cause}): ${addresses}`)
    },
  })
  const named = (name: string, more: Partial<UpstreamPlan> = {}) =>
    upstreamPlan(name, 80, { host: 'erp.test', ...more })
  const slots = registry.apply(
    snapshotOf({
      pools: [
        poolPlan('probed', [named('erp-1'), named('erp-2', { host: '127.0.0.1' })]),
        poolPlan('unprobed', [named('erp-3')], { health: { kind: 'none' } }),
      ],
    }),
  )
  const slotOf = (upstream: string) => slots.upstreams.flat()[['erp-1', 'erp-2', 'erp-3'].indexOf(upstream)]!
  const probed = () => registry.jobs().map(({ upstream }) => upstream.name)
  expect(probed()).toEqual(['erp-2'])
  const become = (state: Partial<NameState>) => {
    names.set('erp.test', { ...NEW_NAME, ...state })
    return registry.named('erp.test').map(({ upstream }) => upstream.name)
  }
  expect(become({ problem: { kind: 'not-found', why: 'name not found', sinceMs: 0 } })).toEqual([])
  expect(become({ addresses: ['10.0.0.1'] })).toEqual(['erp-1', 'erp-3'])
  expect(probed()).toEqual(['erp-1', 'erp-2', 'erp-3'])
  become({ addresses: ['10.0.0.2'] })
  expect(table.addresses.read(slotOf('erp-1'), NO_ADDRESSES).addresses).toEqual(['10.0.0.2'])
  expect(told).toEqual([
    'erp-1 out (no address: name not found): ',
    'erp-3 out (no address: name not found): ',
    'erp-1 unknown (no probe result yet): 10.0.0.1',
    'erp-3 available (not probed): 10.0.0.1',
  ])
  expect(registry.named('other.test')).toEqual([])
})
