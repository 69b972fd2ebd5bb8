// Orders with a record: what is written of each, that it is written first, and that two at once can't do what one may not.

import pino from 'pino'
import { expect, test } from 'vitest'
import { applyTo } from '../../../../src/control/orders/apply.ts'
import { Orders } from '../../../../src/control/orders/carry-out.ts'
import { createOperations } from '../../../../src/control/orders/operations.ts'
import { holdRows } from '../../../../src/control/record/audit-rows.ts'
import { readOverrides } from '../../../../src/control/record/kept-overrides.ts'
import { Records } from '../../../../src/control/record/records.ts'
import { Registry } from '../../../../src/control/upstreams/registry.ts'
import { InDoubtList } from '../../../../src/control/workers/in-doubt-list.ts'
import { UpstreamTable } from '../../../../src/shared/upstream-table.ts'
import type { AuditEntry, Change, Override, Store } from '../../../../src/store/contract.ts'
import { StoreError } from '../../../../src/store/store-error.ts'
import { until } from '../../../support/until.ts'
import { NO_ACME, targetsOf, upstreamsState } from '../fixtures/orders.ts'
import { poolPlan, snapshotOf, upstreamPlan } from '../fixtures/snapshot.ts'

const ANA = { by: 'ana', reason: 'patching', force: false }
const LOGGER = pino({ level: 'silent' })

async function setUp() {
  const commits: Change[] = []
  const rows: AuditEntry[] = []
  const clock = { nowMs: Date.now() }
  const disk: { answers: () => Promise<void> } = { answers: async () => {} }
  const pool = poolPlan(
    'erp',
    [1, 2].map(n => upstreamPlan(`erp-${n}`, 8100 + n)),
    { health: { kind: 'none' } },
  )
  const registry = new Registry({
    table: new UpstreamTable(),
    totals: () => ({ responses: 0, serverErrors: 0, gatewayErrors: 0, firstByteMs: 0 }),
    sent: () => 0,
    tell: event => void (event.type === 'holds' && rows.push(...holdRows(event.entry, event.before, clock.nowMs))),
    now: () => clock.nowMs,
  })
  registry.apply(snapshotOf({ pools: [pool] }))
  const store = {
    commit: async (change: Change) => {
      commits.push(change)
      await disk.answers()
      return { audit: [], configurationId: undefined }
    },
    overrides: async () => [],
    windows: async () => [],
    secrets: async () => [],
    health: () => ({ status: 'ok', waiting: 0, dropped: 0, ordersFrom: 'store' }),
  } as unknown as Store
  const records = new Records({
    plan: { path: 'x', keepDays: { audit: 400, transitions: 1, incidents: 1, inDoubt: 1, configurations: 1 } },
    logger: LOGGER,
    onOpen: () => {},
    onUnread: () => {},
    open: async () => store,
  })
  records.start()
  await records.ready(1000)
  const inDoubt = new InDoubtList()
  const orders = new Orders(records, applyTo(targetsOf(registry, inDoubt)))
  const ask = createOperations(orders, upstreamsState(registry), inDoubt, NO_ACME)
  const states = () => registry.pools()[0]!.entries.map(({ verdict }) => verdict.availability)
  return { registry, commits, rows, ask, states, clock, inDoubt, disk }
}

test('an order is written with its audit row, whole; what it leaves in the store gives the same hold again', async () => {
  const { ask, commits, registry, states, clock } = await setUp()
  const deadlineMs = clock.nowMs + 60_000
  expect(await ask.drain({ pool: 'erp', upstream: 'erp-1' }, { ...ANA, deadlineMs, source: 'cli' })).toEqual({
    ok: true,
  })
  expect(states()).toEqual(['draining', 'available'])
  expect(commits).toMatchObject([
    {
      audit: [
        {
          actor: 'ana',
          source: 'cli',
          action: 'upstream.drain',
          subject: 'erp/erp-1',
          reason: 'patching',
          before: null,
          after: { status: 'draining', by: 'ana', deadline: new Date(deadlineMs).toISOString() },
        },
      ],
      overrides: [{ op: 'put', pool: 'erp', upstream: 'erp-1', kind: 'hold' }],
    },
  ])
  const put = commits[0]!.overrides![0] as Override
  const { orders } = readOverrides([{ ...put, value: JSON.parse(JSON.stringify(put.value)) }])
  const [hold] = registry.pools()[0]!.entries[0]!.holds
  expect(orders[0]!.order.hold).toEqual({ ...hold, sinceMs: expect.any(Number), drainSinceMs: expect.any(Number) })
  await ask.enable({ pool: 'erp' }, { by: 'ben', reason: undefined })
  expect(commits[1]).toMatchObject({
    audit: [{ actor: 'ben', source: 'api', action: 'upstream.enable', subject: 'erp/erp-1', after: null }],
    overrides: [{ op: 'remove', pool: 'erp', upstream: 'erp-1', kind: 'hold' }],
  })
})

test('two drains at once do not leave a pool without an upstream', async () => {
  const { ask, states } = await setUp()
  const order = { ...ANA, deadlineMs: undefined }
  const results = await Promise.all([
    ask.drain({ pool: 'erp', upstream: 'erp-1' }, order),
    ask.drain({ pool: 'erp', upstream: 'erp-2' }, order),
  ])
  expect(results).toMatchObject([{ ok: true }, { ok: false, code: 'conflict' }])
  expect(states()).toEqual(['draining', 'available'])
})

test('an order of which the disk speaks late counts when it has spoken, for the upstream of that name then', async () => {
  const { ask, states, disk } = await setUp()
  const settled = Promise.withResolvers<boolean>()
  disk.answers = () => Promise.reject(new StoreError('unknown', 'the disk has not answered', settled.promise))
  expect(await ask.drain({ pool: 'erp', upstream: 'erp-1' }, { ...ANA, deadlineMs: undefined })).toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('counts as soon as'),
  })
  expect(states()).toEqual(['available', 'available'])
  settled.resolve(true)
  await until('it counts', () => states()[0] === 'draining')
})

test('what takes long to come about keeps no other order from its turn', async () => {
  const outcome = Promise.withResolvers<string>()
  const applied: string[] = []
  const records = {
    order: async (_: Change, __: object, apply: () => void) => {
      apply()
      return 'recorded' as const
    },
    health: () =>
      ({ state: 'ok', reason: undefined, sinceMs: undefined, waiting: 0, dropped: 0, ordersFrom: 'store' }) as const,
  }
  const orders = new Orders<Promise<string>>(records, ([effect]) => {
    applied.push(effect!.kind)
    return effect!.kind === 'failback' ? outcome.promise : undefined
  })
  const failback = { kind: 'failback', pool: 'erp', before: 1, after: 0, cause: 'x' } as const
  const slow = orders.carryOut(
    ANA,
    () => [failback],
    async (_, came) => came,
  )
  const cause = 'x'
  const before = { source: 'operator', status: 'draining', reason: 'x', by: 'ana', sinceMs: 1 } as const
  const release = {
    kind: 'release',
    pool: 'erp',
    upstream: 'erp-1',
    cause,
    before: { ...before, drainSinceMs: 1, deadlineMs: 2 },
  } as const
  expect(
    await orders.carryOut(
      ANA,
      () => [release],
      done => done,
    ),
  ).toEqual({ ok: true })
  expect(applied).toEqual(['failback', 'release'])
  outcome.resolve('came about')
  expect(await slow).toBe('came about')
})

test('what changes nothing, or is refused, is not written', async () => {
  const { ask, commits } = await setUp()
  await ask.enable({ pool: 'erp' }, { by: 'ana', reason: undefined })
  await ask.weight({ pool: 'erp', upstream: 'erp-1' }, { ...ANA, value: undefined })
  expect(await ask.drain({ pool: 'epr' }, { ...ANA, deadlineMs: undefined })).toMatchObject({ code: 'unknown' })
  expect(await ask.failback('erp', ANA)).toMatchObject({ code: 'conflict' })
  expect(await ask.resolveInDoubt('r-1', { by: 'ana', resolution: 'done', note: '' })).toMatchObject({
    code: 'unknown',
  })
  expect(commits).toEqual([])
})

test('what nobody ordered just now is a row too: a deadline, a node that asks for itself, a window; an order is not told twice', async () => {
  const { ask, rows, registry, clock } = await setUp()
  const { slot } = registry.pools()[0]!.entries[0]!
  await ask.drain({ pool: 'erp', upstream: 'erp-1' }, { ...ANA, deadlineMs: clock.nowMs + 10 })
  expect(rows).toEqual([])
  clock.nowMs += 20
  registry.tick()
  registry.hold(slot, { source: 'agent', status: 'draining', reason: 'deploying', by: 'erp-1', deadlineMs: undefined })
  registry.hold(slot, {
    source: 'window',
    status: 'disabled',
    reason: 'patching',
    by: 'window monthly',
    deadlineMs: undefined,
  })
  registry.release(slot, 'agent', 'enabled by erp-1')
  expect(rows.map(({ action, actor, source }) => [action, actor, source])).toEqual([
    ['upstream.disable', 'ana', 'automatic'],
    ['upstream.drain', 'erp-1', 'automatic'],
    ['upstream.disable', 'window monthly', 'schedule'],
    ['upstream.enable', 'erp-1', 'automatic'],
  ])
})

test('overrides that another hand has written are told, and do not count', () => {
  const wrong = [
    { pool: 'erp', upstream: 'erp-1', kind: 'hold', value: { status: 'gone', reason: 'x', by: 'y', sinceMs: 1 } },
    {
      pool: 'erp',
      upstream: 'erp-1',
      kind: 'weight',
      value: { value: { weight: -1 }, reason: 'x', by: 'y', sinceMs: 1 },
    },
    { pool: 'erp', upstream: undefined, kind: 'hold', value: null },
    { pool: 'erp', upstream: undefined, kind: 'floor', value: { priority: 'high' } },
  ]
  expect(readOverrides(wrong)).toMatchObject({ orders: [], floors: [], unreadable: { length: 4 } })
})
