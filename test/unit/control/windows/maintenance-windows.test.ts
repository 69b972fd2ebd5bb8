// Windows over time, with a clock of its own: what they do to upstreams and routes, what is told of it, and what people may ask for.

import { afterEach, expect, test } from 'vitest'
import type { WindowDocument } from '../../../../src/config/parts/maintenance/window.ts'
import { checkConfigurationFreeze, Frozen } from '../../../../src/control/configuration/configuration-freeze.ts'
import { applyTo } from '../../../../src/control/orders/apply.ts'
import { Orders } from '../../../../src/control/orders/carry-out.ts'
import { createOperations } from '../../../../src/control/orders/operations.ts'
import { createMaintenanceOperations } from '../../../../src/control/orders/window-operations.ts'
import { windowRow } from '../../../../src/control/record/audit-rows.ts'
import { NotRecorded, type Records } from '../../../../src/control/record/records.ts'
import { keptFacts, windowChange } from '../../../../src/control/record/window-changes.ts'
import { createMaintenanceView, summaryOf } from '../../../../src/control/report/maintenance-report.ts'
import type { ProbeResult } from '../../../../src/control/upstreams/probes/probe.ts'
import { Registry } from '../../../../src/control/upstreams/registry.ts'
import type { Transition } from '../../../../src/control/upstreams/upstream-event.ts'
import type { FreezeOverride } from '../../../../src/control/windows/freeze.ts'
import { MaintenanceWindows } from '../../../../src/control/windows/maintenance-windows.ts'
import type { WindowEvent } from '../../../../src/control/windows/window-event.ts'
import type { WindowFact } from '../../../../src/control/windows/window-facts.ts'
import { InDoubtList } from '../../../../src/control/workers/in-doubt-list.ts'
import type { PoolPlan } from '../../../../src/plan/pool.ts'
import type { RoutePlan } from '../../../../src/plan/route.ts'
import type { Snapshot } from '../../../../src/plan/snapshot.ts'
import type { WindowPlan } from '../../../../src/plan/window.ts'
import type { ClosedRoute } from '../../../../src/shared/messages.ts'
import { UpstreamTable } from '../../../../src/shared/upstream-table.ts'
import { at, DAY_MS, HOUR_MS, lasting, MINUTE_MS, plan, till } from '../../policy/maintenance/plans.ts'
import { askAtOnce, NO_ACME, NOTHING_HELD } from '../fixtures/orders.ts'
import { poolPlan, snapshotOf, TCP_HEALTH, upstreamPlan } from '../fixtures/snapshot.ts'

const OK: ProbeResult = { ok: true, durationMs: 1, status: undefined, error: undefined }
const REFUSED: ProbeResult = { ok: false, durationMs: 1, status: undefined, error: 'connection refused' }
const ZONE = 'America/Sao_Paulo'
const TWO = at(`2026-12-06T02:00[${ZONE}]`)
const ANA = { by: 'ana', reason: 'done sooner' }
const ERP1 = { kind: 'upstream', pool: 'odoo', upstream: 'odoo-1' } as const

const route = (name: string, pool: number): RoutePlan => ({
  name,
  match: { listeners: [], hosts: [], path: '/', methods: [] },
  pool,
  timeouts: snapshotOf().timeouts,
  bodyBytes: 1,
})

/** From 02:00 to 06:00, pool odoo. */
const night = (changes: Partial<WindowPlan> = {}): WindowPlan =>
  plan({ name: 'night', start: '2026-12-06T02:00', length: lasting(4), recurrence: undefined, ...changes })

const opened: MaintenanceWindows[] = []
afterEach(() => {
  for (const each of opened.splice(0)) each.close()
})

interface Store {
  /** Resolves when all of an order is kept. */
  commit(facts: readonly WindowFact[]): Promise<void>
  /** What became known by itself. */
  append(fact: WindowFact): void
}

interface SetUp {
  readonly pool?: Partial<PoolPlan>
  readonly nowMs?: number
  readonly facts?: readonly WindowFact[]
  readonly store?: Store
}

function snapshotWith(maintenance: readonly WindowPlan[], pool: Partial<PoolPlan> = {}): Snapshot {
  const nodes = [1, 2, 3].map(n => upstreamPlan(`odoo-${n}`, 8100 + n))
  return snapshotOf({
    routes: [route('web', 0), route('api', 0), route('bus', 1)],
    pools: [poolPlan('odoo', nodes, { health: TCP_HEALTH, ...pool }), poolPlan('bus', [upstreamPlan('bus-1', 8201)])],
    maintenance,
  })
}

function setUp(windows: readonly WindowPlan[], { pool, nowMs = TWO - HOUR_MS, facts, store }: SetUp = {}) {
  const clock = { nowMs }
  const now = () => clock.nowMs
  const snapshot = snapshotWith(windows, pool)
  const transitions: Transition[] = []
  const events: WindowEvent[] = []
  const closedRoutes: (readonly ClosedRoute[])[] = []
  const bypassOnly: number[] = []
  const registry = new Registry({
    table: new UpstreamTable(),
    totals: () => ({ responses: 0, serverErrors: 0, gatewayErrors: 0, firstByteMs: 0 }),
    sent: () => 0,
    tell: event => void (event.type === 'transition' && transitions.push(event.transition)),
    now,
  })
  const slots = registry.apply(snapshot)
  const maintenance = new MaintenanceWindows(snapshot, {
    registry,
    tell: event => {
      if (event.type === 'window') events.push(event)
      else if (event.type === 'closed-routes') closedRoutes.push(event.closedRoutes)
      else if (event.type === 'bypass-only') bypassOnly.push(event.slot)
      else store?.append(event.fact)
    },
    now,
    restores: store !== undefined,
  })
  opened.push(maintenance)
  if (facts !== undefined) maintenance.restore(facts)
  maintenance.start()
  const probe = (upstream: string, result: ProbeResult) => {
    const entry = registry
      .pools()
      .flatMap(each => each.entries)
      .find(each => each.plan.name === upstream)!
    registry.probed(entry.slot, result)
  }
  for (const name of ['odoo-1', 'odoo-2', 'odoo-3', 'bus-1']) probe(name, OK)
  transitions.length = 0
  const goTo = (toMs: number) => {
    clock.nowMs = toMs
    maintenance.tick()
    registry.tick()
  }
  const states = () => registry.pools()[0]!.entries.map(entry => entry.verdict.availability)
  const kinds = () => events.map(({ kind }) => kind)
  const closed = () => maintenance.closedRoutes.map(each => each.route)
  const records: Pick<Records, 'order' | 'health'> = {
    order: async ({ windows: changes = [] }, _, apply) => {
      await store?.commit(changes.flatMap(each => (each.op === 'put' ? [each.value as WindowFact] : [])))
      apply()
      return 'recorded'
    },
    health: () => ({
      state: 'ok',
      reason: undefined,
      sinceMs: undefined,
      waiting: 0,
      dropped: 0,
      ordersFrom: 'store',
    }),
  }
  const inDoubt = new InDoubtList()
  const tell: Parameters<typeof applyTo>[0]['tell'] = event => {
    if (event.type === 'window') events.push(event)
    else for (const effect of event.effects) if (effect.kind === 'window') events.push(effect.event)
  }
  const orders = new Orders(
    records,
    applyTo({
      registry,
      inDoubt,
      acme: NO_ACME,
      windows: maintenance,
      ...NOTHING_HELD,
      use: undefined,
      purge: () => {},
      tell,
    }),
  )
  const ask = createMaintenanceOperations(orders, maintenance, now)
  const operations = createOperations(orders, { registry, windows: maintenance }, inDoubt, NO_ACME)
  const changeConfiguration = (override?: FreezeOverride) => {
    const overridden = checkConfigurationFreeze(maintenance.freezeOn(), override, now())
    if (overridden !== undefined) events.push(overridden)
  }
  const view = createMaintenanceView(maintenance, now)
  return {
    clock,
    snapshot,
    registry,
    slots,
    maintenance,
    transitions,
    events,
    closedRoutes,
    bypassOnly,
    probe,
    goTo,
    states,
    kinds,
    closed,
    ask,
    operations,
    changeConfiguration,
    view,
  }
}

const ALL = (state: string) => [state, state, state]

test('a window of a pool drains in its lead-in, closes routes and disables upstreams at its start, and opens at its end', () => {
  const { goTo, states, closed, kinds, maintenance, transitions, registry } = setUp([
    night({ leadMs: 15 * MINUTE_MS, reason: 'updates' }),
  ])
  goTo(TWO - 15 * MINUTE_MS - 1)
  expect([states(), closed()]).toEqual([ALL('available'), []])
  goTo(TWO - 15 * MINUTE_MS)
  expect([states(), closed()]).toEqual([ALL('draining'), []])
  expect(registry.pools()[0]!.entries[0]!.holds).toMatchObject([
    { source: 'window', by: 'window night', reason: `updates, until 2026-12-06 06:00 (${ZONE})`, deadlineMs: TWO },
  ])
  goTo(TWO)
  expect([states(), closed()]).toEqual([ALL('disabled'), ['web', 'api']])
  expect(maintenance.closedRoutes[0]).toEqual({
    route: 'web',
    window: 'night',
    reason: 'updates',
    timeZone: ZONE,
    untilMs: TWO + 4 * HOUR_MS,
    bypasses: [],
  })
  goTo(TWO + 4 * HOUR_MS - 1)
  expect(states()).toEqual(ALL('disabled'))
  goTo(TWO + 4 * HOUR_MS)
  expect([states(), closed()]).toEqual([ALL('available'), []])
  expect(kinds()).toEqual(['lead-in', 'started', 'ended'])
  // Each upstream tells each of the three once.
  const told = transitions.filter(({ upstream }) => upstream === 'odoo-1')
  expect(told.map(({ from, to }) => `${from} > ${to}`)).toEqual([
    'available > draining',
    'draining > disabled',
    'disabled > available',
  ])
  expect(told[1]!.cause).toBe(`disabled by window night: updates, until 2026-12-06 06:00 (${ZONE})`)
  expect(told[2]!.cause).toBe('window night lets it go; healthy')
})

test('who may bypass a window finds the upstreams in service, but their tunnels end at its start', () => {
  const bypass = { addresses: ['10.0.5.0/24'], header: undefined }
  const { goTo, states, maintenance, bypassOnly, slots } = setUp([night({ bypass })])
  goTo(TWO)
  expect(states()).toEqual(ALL('available'))
  expect(maintenance.closedRoutes[0]!.bypasses).toEqual([bypass])
  goTo(TWO + MINUTE_MS)
  expect(bypassOnly).toEqual(slots.upstreams[0])
})

test('where another window lets nobody pass, nobody passes', () => {
  const bypass = { addresses: ['10.0.5.0/24'], header: undefined }
  const { goTo, states, maintenance } = setUp([
    night({ bypass }),
    night({ name: 'all', scope: { kind: 'everything' } }),
  ])
  goTo(TWO)
  expect(states()).toEqual(ALL('disabled'))
  expect(maintenance.closedRoutes.map(each => [each.route, each.bypasses])).toEqual([
    ['web', []],
    ['api', []],
    ['bus', []],
  ])
})

test('a window of one upstream takes it out, whatever an operator asks for meanwhile, and leaves his order alone', () => {
  const { goTo, states, registry } = setUp([night({ scope: ERP1, behaviour: 'drain' })])
  const operations = askAtOnce(registry, new InDoubtList(), Date.now)
  goTo(TWO)
  expect(states()).toEqual(['disabled', 'available', 'available'])
  operations.enable({ pool: 'odoo', upstream: 'odoo-1' }, { by: 'ana', reason: undefined })
  goTo(TWO + MINUTE_MS)
  expect(states()[0]).toBe('disabled')
  operations.drain({ pool: 'odoo', upstream: 'odoo-1' }, { ...ANA, force: false, deadlineMs: undefined })
  goTo(TWO + 4 * HOUR_MS)
  expect(states()[0]).toBe('draining')
})

test('the guard holds a window back while too few would be left, says so once, and lets it begin as soon as it can', () => {
  const { goTo, states, probe, events, kinds, maintenance } = setUp([night({ scope: ERP1, behaviour: 'drain' })], {
    pool: { minAvailable: 2 },
  })
  for (let i = 0; i < 3; i += 1) probe('odoo-2', REFUSED)
  goTo(TWO)
  goTo(TWO + MINUTE_MS)
  expect([states()[0], maintenance.state('night')?.status]).toEqual(['available', 'postponed'])
  expect(kinds()).toEqual(['postponed'])
  expect(events[0]!.cause).toContain('it would leave pool odoo with 1 available upstream (odoo-3), its minimum is 2')
  for (let i = 0; i < 2; i += 1) probe('odoo-2', OK)
  goTo(TWO + 2 * MINUTE_MS)
  expect([states()[0], kinds()]).toEqual(['disabled', ['postponed', 'started']])
})

test('of two windows that begin together the second is held back where both would be too many', () => {
  const windows = [1, 2, 3].map(n =>
    night({ name: `w${n}`, behaviour: 'drain', scope: { kind: 'upstream', pool: 'odoo', upstream: `odoo-${n}` } }),
  )
  const { goTo, states, maintenance } = setUp(windows, { pool: { minAvailable: 1 } })
  goTo(TWO)
  expect(states()).toEqual(['disabled', 'disabled', 'available'])
  expect(maintenance.state('w3')?.status).toBe('postponed')
})

test('a start in the middle of a window goes on with it, though no probe has answered yet', () => {
  const { states, closed, kinds } = setUp([night({ scope: ERP1, behaviour: 'drain' })], { nowMs: TWO + HOUR_MS })
  expect([states()[0], kinds()]).toEqual(['disabled', ['resumed']])
  expect(closed()).toEqual([])
})

test('overrun: confirm stays closed until somebody confirms; a confirmation given before the end counts', async () => {
  const { goTo, states, kinds, ask, maintenance, registry } = setUp([night({ overrun: 'confirm' })])
  goTo(TWO)
  goTo(TWO + 5 * HOUR_MS)
  expect([states(), maintenance.state('night')?.waitingFor]).toEqual([ALL('disabled'), 'confirmation'])
  expect(registry.pools()[0]!.entries[0]!.holds[0]!.reason).toBe('night, past its end, until it is reopened')
  expect(await ask.confirm('night', ANA)).toMatchObject({ ok: true, window: { status: 'over' } })
  expect(states()).toEqual(ALL('available'))
  expect(kinds()).toEqual(['started', 'overrun', 'confirmed', 'ended'])

  const early = setUp([night({ overrun: 'confirm' })], { nowMs: TWO })
  await early.ask.confirm('night', ANA)
  expect(early.states()).toEqual(ALL('disabled'))
  early.goTo(TWO + 4 * HOUR_MS)
  expect(early.states()).toEqual(ALL('available'))
})

test('onlyWhenHealthy opens once the probes pass, and a failure after that closes nothing', () => {
  const { goTo, states, probe, maintenance, closed } = setUp([night({ onlyWhenHealthy: true })])
  goTo(TWO)
  for (let i = 0; i < 3; i += 1) probe('odoo-3', REFUSED)
  goTo(TWO + 4 * HOUR_MS)
  expect([maintenance.state('night')?.waitingFor, closed()]).toEqual(['probes', ['web', 'api']])
  for (let i = 0; i < 2; i += 1) probe('odoo-3', OK)
  goTo(TWO + 4 * HOUR_MS + MINUTE_MS)
  expect([states(), closed()]).toEqual([ALL('available'), []])
  for (let i = 0; i < 3; i += 1) probe('odoo-3', REFUSED)
  goTo(TWO + 5 * HOUR_MS)
  expect([states(), closed()]).toEqual([['available', 'available', 'out'], []])
})

test('a window that is ended early opens at once, is told once with its author, and takes place again the next time', async () => {
  const weekly = night({ recurrence: 'FREQ=WEEKLY;BYDAY=SU' })
  const { goTo, states, ask, events, kinds } = setUp([weekly])
  goTo(TWO)
  goTo(TWO + 1)
  const ended = await ask.end('night', { ...ANA, force: false, next: false })
  expect(ended).toMatchObject({
    ok: true,
    window: { status: 'scheduled', next: [{ localStart: '2026-12-13T02:00-03:00' }, {}, {}, {}, {}] },
  })
  expect([states(), kinds()]).toEqual([ALL('available'), ['started', 'ended-early']])
  expect(events[1]).toMatchObject({ by: 'ana', cause: 'ended early by ana: done sooner' })
  goTo(TWO + MINUTE_MS)
  expect(states()).toEqual(ALL('available'))
  goTo(TWO + 7 * DAY_MS)
  expect(states()).toEqual(ALL('disabled'))
})

test('to end what drains cancels it; the next one can be cancelled ahead; what is not under way is not ended', async () => {
  const weekly = night({ recurrence: 'FREQ=WEEKLY;BYDAY=SU', leadMs: HOUR_MS })
  const { goTo, states, ask, kinds, view } = setUp([weekly], { nowMs: TWO - 2 * HOUR_MS })
  const end = (next = false) => ask.end('night', { ...ANA, force: false, next })
  expect(await end()).toEqual({
    ok: false,
    code: 'conflict',
    message: `window night is not under way; its next start is 2026-12-06 02:00 (${ZONE})`,
  })
  goTo(TWO - HOUR_MS)
  expect(states()).toEqual(ALL('draining'))
  expect(await end()).toMatchObject({ ok: true })
  expect([states(), kinds()]).toEqual([ALL('available'), ['lead-in', 'cancelled']])
  expect(await end(true)).toMatchObject({
    ok: true,
    window: { next: [{ localStart: '2026-12-20T02:00-03:00' }, {}, {}, {}, {}] },
  })
  expect(view.upcoming(20).map(({ localStart }) => localStart)).toEqual(['2026-12-20T02:00-03:00'])
  goTo(TWO)
  goTo(TWO + 7 * DAY_MS)
  expect(states()).toEqual(ALL('available'))
})

test('a cancelled date is in the list with who and why, out of the feed, and can be taken back', async () => {
  const { goTo, ask, view, kinds, closed, maintenance } = setUp([night({ recurrence: 'FREQ=WEEKLY' })])
  const uncancel = (who = ANA) => ask.uncancel('night', who)
  const exdates = () => view.calendar().match(/EXDATE.*/g)
  expect(await uncancel()).toMatchObject({
    code: 'conflict',
    message: 'no date of window night that is to come was cancelled',
  })
  expect(exdates()).toBe(null)
  const before = maintenance.changedMs
  for (const reason of ['no patches', 'holidays'])
    await ask.end('night', { by: 'ana', reason, force: reason === 'holidays', next: true })
  expect(maintenance.changedMs).toBeGreaterThanOrEqual(before)
  expect(exdates()).toEqual([`EXDATE;TZID=${ZONE}:20261206T020000`, `EXDATE;TZID=${ZONE}:20261213T020000`])
  expect(view.windows()[0]!.cancelled).toMatchObject([
    { localStart: '2026-12-06T02:00-03:00', by: 'ana', reason: 'no patches' },
    { localStart: '2026-12-13T02:00-03:00', by: 'ana', reason: 'holidays' },
  ])

  expect(await uncancel({ by: 'ben', reason: 'patches came' })).toMatchObject({
    window: { occurrence: { localStart: '2026-12-06T02:00-03:00' }, cancelled: [{ reason: 'holidays' }] },
  })
  expect(exdates()).toEqual([`EXDATE;TZID=${ZONE}:20261213T020000`])
  goTo(TWO)
  expect(closed()).toEqual(['web', 'api'])
  expect(await uncancel()).toMatchObject({ ok: true })
  expect(await uncancel()).toMatchObject({ code: 'conflict' })
  expect(kinds()).toEqual(['cancelled', 'cancelled', 'uncancelled', 'started', 'uncancelled'])
  // In the store it takes the place of what it undoes.
  const [ended, undone] = (['ended', 'uncancelled'] as const).map(kind => windowChange({ kind, key: 'k', atMs: 1 }))
  expect(undone).toEqual({ op: 'remove', id: ended!.id })
  goTo(TWO + 7 * DAY_MS)
  expect(closed()).toEqual(['web', 'api'])
})

test('what is under way is extended: its page, its upstreams, the list and the feed know the new end', async () => {
  const { goTo, ask, view, kinds, closedRoutes, maintenance, states, registry, clock } = setUp([
    night({ recurrence: 'FREQ=DAILY', overrun: 'confirm' }),
  ])
  const extend = (durationMs: number) => ask.extend('night', { by: 'ana', reason: 'slow disk', durationMs })
  expect(await extend(HOUR_MS)).toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('is not under way'),
  })
  goTo(TWO)
  expect(await extend(30 * MINUTE_MS)).toMatchObject({
    window: {
      status: 'active',
      occurrence: { localEnd: '2026-12-06T06:30-03:00' },
      extended: { by: 'ana', reason: 'slow disk' },
    },
  })
  expect(closedRoutes.at(-1)).toMatchObject([{ untilMs: TWO + 4.5 * HOUR_MS }, { untilMs: TWO + 4.5 * HOUR_MS }])
  expect(registry.pools()[0]!.entries[0]!.holds[0]!.reason).toContain('until 2026-12-06 06:30')
  expect(view.upcoming(1)[0]).toMatchObject({ localEnd: '2026-12-06T06:30-03:00' })
  expect(view.calendar()).toContain(
    `RECURRENCE-ID;TZID=${ZONE}:20261206T020000\r\nDTSTART:20261206T050000Z\r\nDTEND:20261206T093000Z`,
  )
  goTo(TWO + 4 * HOUR_MS)
  expect([states(), maintenance.state('night')?.status]).toEqual([ALL('disabled'), 'active'])

  // Past its end it goes on from now on, and what was told is not told again.
  goTo(TWO + 5 * HOUR_MS)
  expect(maintenance.state('night')?.status).toBe('overrun')
  expect(await extend(HOUR_MS)).toMatchObject({
    window: { status: 'active', until: new Date(clock.nowMs + HOUR_MS).toISOString() },
  })
  expect(await extend(20 * HOUR_MS)).toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('the next date of window night begins at 2026-12-07 02:00'),
  })
  expect(await extend(25 * HOUR_MS)).toMatchObject({ code: 'invalid' })
  const fact = { kind: 'extended', key: 'k', endMs: 2, atMs: 1, by: 'ana', reason: 'slow disk' } as const
  expect(keptFacts([fact, { ...fact, endMs: '2' }].map(value => ({ id: 'k', value })))).toEqual([fact])
  goTo(TWO + 6 * HOUR_MS)
  expect(kinds()).toEqual(['started', 'extended', 'overrun', 'extended', 'overrun'])
  await ask.confirm('night', ANA)
  expect(states()).toEqual(ALL('available'))
})

test('a clock that steps back, or forward over a whole window, leaves the state of the calendar', () => {
  const { goTo, states } = setUp([night()])
  goTo(TWO + HOUR_MS)
  goTo(TWO - HOUR_MS)
  expect(states()).toEqual(ALL('available'))
  goTo(TWO + HOUR_MS)
  expect(states()).toEqual(ALL('disabled'))
  goTo(TWO + DAY_MS)
  expect(states()).toEqual(ALL('available'))
})

const WISH: WindowDocument = {
  name: 'extra',
  upstream: 'odoo/odoo-2',
  start: '2026-12-06T03:00',
  duration: '1h',
  timeZone: ZONE,
  reason: 'disk',
}

test('a window is made, takes place beside those of the file, survives a reload, and is removed', async () => {
  const { ask, goTo, states, maintenance, snapshot, registry, view } = setUp([
    night({ name: 'freeze', kind: 'freeze' }),
  ])
  expect(await ask.add(WISH, { by: 'ana' })).toMatchObject({
    ok: true,
    window: { source: 'api', by: 'ana' },
    warnings: [],
  })
  goTo(TWO + HOUR_MS)
  expect(states()).toEqual(['available', 'disabled', 'available'])
  const next = { ...snapshot, maintenance: [] }
  registry.apply(next)
  maintenance.apply(next)
  maintenance.retire()
  expect(states()).toEqual(['available', 'disabled', 'available'])
  expect(view.windows().map(({ name, source }) => [name, source])).toEqual([['extra', 'api']])
  expect(await ask.remove('extra', ANA)).toMatchObject({ ok: true })
  expect([states(), view.windows()]).toEqual([ALL('available'), []])
})

test('what can not be meant is refused in words, and nothing is kept of it', async () => {
  const { ask, view } = setUp([night()], { pool: { minAvailable: 3 } })
  const problems = async (changes: object) => {
    const result = await ask.add({ ...WISH, ...changes }, { by: 'ana' })
    return result.ok ? [] : [result.code, result.message]
  }
  expect(await problems({ upstream: 'odoo/odoo-9' })).toEqual([
    'invalid',
    'upstream: there is no upstream "odoo/odoo-9", did you mean "odoo/odoo-1"?',
  ])
  expect(await problems({ name: 'night' })).toEqual([
    'conflict',
    'there is a window "night" already: choose another name',
  ])
  expect((await problems({ start: '2026-12-07T03:00' }))[1]).toContain(
    'would leave pool odoo with 2 of 3 upstreams, its minimum is 3',
  )
  expect(await problems({ start: '2025-12-06T03:00' })).toEqual(['invalid', 'start: all of it has passed'])
  expect(await problems({ timeZone: 'Sao Paulo' })).toMatchObject(['invalid', expect.stringContaining('timeZone: ')])
  expect(await problems({ bypass: { header: { name: 'x-a', valueFile: '/etc/shadow' } } })).toMatchObject([
    'invalid',
    expect.stringContaining('files are read for the configuration file only'),
  ])
  expect(await ask.remove('night', ANA)).toMatchObject({ code: 'conflict' })
  expect(await ask.confirm('night', ANA)).toMatchObject({
    message: 'window night reopens by itself (overrun: reopen): there is nothing to confirm',
  })
  expect(await ask.end('nihgt', { ...ANA, force: false, next: false })).toEqual({
    ok: false,
    code: 'unknown',
    message: 'there is no window "nihgt", did you mean "night"?',
  })
  expect(view.windows().map(({ name }) => name)).toEqual(['night'])
})

test('a window of the configuration takes the place of one of that name that was made', async () => {
  const { ask, maintenance, snapshot, events, view } = setUp([])
  await ask.add(WISH, { by: 'ana' })
  maintenance.apply({ ...snapshot, maintenance: [night({ name: 'extra' })] })
  expect(view.windows().map(({ source }) => source)).toEqual(['file'])
  expect(events.at(-1)).toMatchObject({ kind: 'removed', window: 'extra' })
})

test('what is asked for counts once it is kept, and not where it can not be kept', async () => {
  const kept: WindowFact[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const store: Store = {
    commit: async facts => {
      await promise
      kept.push(...facts)
    },
    append: fact => kept.push(fact),
  }
  const { ask, goTo, states } = setUp([night()], { store, facts: [] })
  goTo(TWO + 1)
  const asked = ask.end('night', { ...ANA, force: false, next: false })
  await Promise.resolve()
  expect(states()).toEqual(ALL('disabled'))
  resolve()
  await asked
  expect(states()).toEqual(ALL('available'))
  expect(kept.map(({ kind }) => kind)).toEqual(['known', 'ended', 'reopened'])

  const full = setUp([night()], {
    nowMs: TWO,
    facts: [],
    store: { append: () => {}, commit: () => Promise.reject(new NotRecorded('the disk is full')) },
  })
  const refused = await full.ask.end('night', { ...ANA, force: false, next: false })
  expect(refused).toEqual({ ok: false, code: 'unavailable', message: 'the disk is full' })
  expect(full.states()).toEqual(ALL('disabled'))
})

test('a restart knows what was ended, confirmed, held back and made; until it does, nothing that is past closes anything', () => {
  const store: Store = { commit: async () => {}, append: () => {} }
  const key = 'night@2026-12-06T02:00:00'
  const known: WindowFact = { kind: 'known', window: 'night', atMs: TWO - DAY_MS }
  const restart = (facts: readonly WindowFact[], nowMs = TWO + HOUR_MS) => {
    const set = setUp([night({ overrun: 'confirm' })], { store, nowMs })
    const before = set.states()
    set.maintenance.restore(facts)
    return { before, after: set.states(), maintenance: set.maintenance }
  }
  expect(restart([known, { kind: 'ended', key, atMs: TWO + 1 }])).toMatchObject({
    before: ALL('disabled'),
    after: ALL('available'),
  })
  // Nobody had confirmed: closed again.
  expect(restart([known], TWO + DAY_MS)).toMatchObject({ before: ALL('available'), after: ALL('disabled') })
  expect(restart([known, { kind: 'confirmed', key }], TWO + DAY_MS)).toMatchObject({ after: ALL('available') })
  expect(restart([known, { kind: 'reopened', key, holds: true, atMs: TWO + 4 * HOUR_MS }], TWO + DAY_MS)).toMatchObject(
    { after: ALL('available') },
  )
  const made = { plan: night({ name: 'made' }), by: 'ana', atMs: 1 }
  expect(restart([{ kind: 'made', made }]).maintenance.state('made')?.status).toBe('active')
  // What another version has kept may be no window for this one.
  const odd = { ...made, plan: { name: 'odd' } as unknown as WindowPlan }
  expect(restart([{ kind: 'made', made: odd }]).maintenance.list.get('odd')).toBeUndefined()
})

test('a freeze refuses drains of its pool and changes of the configuration, unless overridden, which is told', async () => {
  const freeze = night({ name: 'close', kind: 'freeze', reason: 'year end' })
  const { goTo, operations, changeConfiguration, states, events } = setUp([freeze])
  const where = { pool: 'odoo', upstream: 'odoo-1' }
  const order = { ...ANA, force: false, deadlineMs: undefined }
  expect(() => changeConfiguration()).not.toThrow()
  goTo(TWO)
  expect(states()).toEqual(ALL('available'))
  const message = `change freeze close (year end) protects pool odoo until 2026-12-06 06:00 (${ZONE})`
  const advice = 'if it has to be, ask with override and a reason'
  expect(await operations.drain(where, order)).toEqual({ ok: false, code: 'conflict', message, advice })
  expect(await operations.disable(where, order)).toMatchObject({ code: 'conflict' })
  expect(await operations.drain({ pool: 'bus' }, { ...order, force: true })).toEqual({ ok: true })
  expect(await operations.enable({ pool: 'bus' }, ANA)).toEqual({ ok: true })
  expect(() => changeConfiguration()).toThrow(Frozen)
  expect(await operations.drain(where, { ...order, override: true, source: 'cli' })).toEqual({ ok: true })
  expect(states()[0]).toBe('draining')
  changeConfiguration(ANA)
  const overridden = events.filter(({ kind }) => kind === 'overridden')
  expect(overridden.map(({ cause }) => cause)).toEqual([
    'overridden by ana: drain of odoo/odoo-1: done sooner',
    'overridden by ana: the configuration is changed: done sooner',
  ])
  expect(overridden.map(event => windowRow(event).source)).toEqual(['cli', 'api'])
  goTo(TWO + 4 * HOUR_MS)
  expect(await operations.drain(where, order)).toEqual({ ok: true })
})

test('the report shows no secret, five dates to come, and what a removed pool has left behind', async () => {
  const header = { name: 'x-check', sha256: 'a-very-secret-value' }
  const monthly = night({ recurrence: 'FREQ=MONTHLY;BYDAY=1SU', bypass: { addresses: [], header } })
  const { view, maintenance, ask, clock, snapshot } = setUp([monthly])
  await ask.add(WISH, { by: 'ana' })
  maintenance.apply({
    ...snapshot,
    pools: [snapshot.pools[0]!, poolPlan('bus', [upstreamPlan('bus-1', 8201)])].map(each => ({
      ...each,
      upstreams: each.upstreams.slice(0, 1),
    })),
  })
  const [first, second] = view.windows()
  expect(first!.next.map(({ start }) => start.slice(0, 10))).toEqual([
    '2026-12-06',
    '2027-01-03',
    '2027-02-07',
    '2027-03-07',
    '2027-04-04',
  ])
  expect(first!.bypass).toEqual({ addresses: [], header: 'x-check' })
  expect(second!.problem).toBe('there is no upstream odoo/odoo-2 any more')
  expect(JSON.stringify([view.windows(), summaryOf(maintenance, clock.nowMs)])).not.toContain('very-secret')
  expect(summaryOf(maintenance, clock.nowMs)).toMatchObject({
    active: [],
    next: { window: 'night', localEnd: '2026-12-06T06:00-03:00' },
  })
  expect(view.calendar()).toContain('RRULE:FREQ=MONTHLY;BYDAY=1SU')
})

test('what a reload adds to a closed pool is closed before a worker knows of it', () => {
  const { goTo, registry, maintenance, snapshot, states, closed } = setUp([night()])
  goTo(TWO)
  const [odoo, bus] = snapshot.pools
  const pools = [{ ...odoo!, upstreams: [...odoo!.upstreams, upstreamPlan('odoo-4', 8104)] }, bus!]
  const next = { ...snapshot, pools, routes: [route('shop', 0), ...snapshot.routes.slice(1)] }
  registry.apply(next)
  maintenance.apply(next)
  expect(states()).toEqual([...ALL('disabled'), 'disabled'])
  // The former routes too, until no worker has them any more.
  expect(closed()).toEqual(['shop', 'api', 'web'])
  maintenance.retire()
  expect(closed()).toEqual(['shop', 'api'])
})

test('a window over midnight of local time is one', () => {
  const nightly = night({ start: '2026-12-06T22:00', length: till('2026-12-07T06:00'), recurrence: 'FREQ=DAILY' })
  const { goTo, states } = setUp([nightly])
  goTo(at(`2026-12-09T05:59[${ZONE}]`))
  expect(states()).toEqual(ALL('disabled'))
  goTo(at(`2026-12-09T06:00[${ZONE}]`))
  expect(states()).toEqual(ALL('available'))
})
