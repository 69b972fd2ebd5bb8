// Integrations and held requests over the admin API and on the command line: what is asked, by whom, what is written of it, and what is shown.
// Something else stands in the place of what keeps them.

import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { AdminAccess } from '../../../src/admin/access/admin-access.ts'
import type { IntegrationsReport } from '../../../src/admin/contract/held.ts'
import type { ControlView } from '../../../src/admin/contract/status.ts'
import { buildAdmin } from '../../../src/admin/server.ts'
import { heldExport, heldList, heldOrder, heldSettle, heldShow } from '../../../src/commands/live/held.ts'
import { integrationsChange, integrationsList } from '../../../src/commands/live/integrations.ts'
import { createHeld } from '../../../src/control/held/create.ts'
import { applyTo } from '../../../src/control/orders/apply.ts'
import { Orders } from '../../../src/control/orders/carry-out.ts'
import { createHeldControl } from '../../../src/control/orders/held-orders.ts'
import { readOverrides } from '../../../src/control/record/kept-overrides.ts'
import type { FreezeInForce } from '../../../src/policy/maintenance/effects.ts'
import { allocateCounters, CounterTable } from '../../../src/shared/counters.ts'
import type { Change, Override } from '../../../src/store/contract.ts'
import { FakeHeld, heldRow, holdPlan, routeCounts } from '../../unit/control/fixtures/held.ts'
import { targetsOf } from '../../unit/control/fixtures/orders.ts'
import { poolPlan, snapshotOf, upstreamPlan } from '../../unit/control/fixtures/snapshot.ts'

const TOKENS = { reader: 'read', operator: 'operate', chief: 'admin' } as const
type Who = keyof typeof TOKENS
const tokenOf = (who: Who) => `${who}-0123456789abcdef0123456789abcdef`

const row = heldRow({ id: 'order-1', seq: 1 })
const dead = heldRow({ id: 'order-2', seq: 2, state: 'dead', keyText: '=1+1', note: 'its time was over', attempts: 3 })
const doubt = heldRow({ id: 'order-3', seq: 3, state: 'in-doubt', note: 'vigia ended', path: '/a,"b"' })

const commits: Change[] = []
const state = { disk: true, freeze: undefined as FreezeInForce | undefined }
const counters = new CounterTable(allocateCounters(1), 1)
let fake!: FakeHeld
let admin = ''
let control!: ReturnType<typeof setUp>

function setUp() {
  const hold = holdPlan()
  const routes = [
    { name: 'shop', pool: 0, hold },
    { name: 'web', pool: 0 },
  ]
  const pools = [poolPlan('erp', [upstreamPlan('erp-1', 1)])]
  const snapshot = { ...snapshotOf({ pools }), routes: routes as never, held: { path: '/nonexistent', keyFiles: [] } }
  const holding = createHeld({
    open: options => {
      fake = new FakeHeld(options)
      return fake
    },
    table: new SharedArrayBuffer(8),
    restores: false,
    pools: () => [],
    closedRoutes: () => [],
    tell: () => {},
  })
  holding.apply(snapshot)
  fake.rows.push(row, dead, doubt)
  const records = {
    order: async (change: Change, _: object, apply: () => void) => {
      if (!state.disk) throw new Error('no disk')
      commits.push(change)
      apply()
      return 'recorded' as const
    },
    health: () =>
      ({ state: 'ok', reason: undefined, sinceMs: undefined, waiting: 0, dropped: 0, ordersFrom: 'store' }) as const,
  }
  const targets = { ...targetsOf({ pools: () => [] } as never), ...holding }
  const windows = { freezeOn: () => state.freeze }
  const inUse = { snapshot, slots: { pools: [1], upstreams: [[2]], routes: [1, 2] } }
  const held = createHeldControl(new Orders(records, applyTo(targets)), {
    held: holding.held,
    sources: { ...holding, inUse, counters },
    state: { snapshot: () => snapshot, pauses: holding.pauses, windows },
  })
  const access = new AdminAccess()
  access.use(
    Object.entries(TOKENS).map(([name, role]) => {
      const sha256 = createHash('sha256')
        .update(tokenOf(name as Who))
        .digest('hex')
      return { name, role, sha256 }
    }),
  )
  const parts = { held, boundTo: '127.0.0.1', access }
  const app = buildAdmin({} as ControlView, error => expect.unreachable(String(error)), parts)
  return { app, holding }
}

beforeAll(async () => {
  control = setUp()
  admin = await control.app.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(() => control.app.close())

const printed: string[] = []
const complained: string[] = []
beforeEach(() => {
  vi.spyOn(console, 'log').mockImplementation(text => void printed.push(...String(text).split('\n')))
  vi.spyOn(console, 'error').mockImplementation(text => void complained.push(String(text)))
  as('operator')
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  for (const list of [printed, complained, commits, fake.orders]) list.length = 0
  Object.assign(state, { disk: true, freeze: undefined })
})

function as(who: Who): void {
  vi.stubEnv('VIGIA_TOKEN', tokenOf(who))
}

const audited = () => commits.flatMap(({ audit }) => audit)
const PLAIN = { admin: '', json: false }
const plain = () => ({ ...PLAIN, admin })

test('a pause is written, shown, kept for a restart, and ended', async () => {
  expect(await integrationsChange('pause', 'shop', { ...plain(), reason: 'stock count', until: '2h' })).toBe(0)
  expect(printed.join('\n')).toMatch(/PAUSED by operator since \S+, until 20\S+: stock count/)
  expect(audited()).toMatchObject([
    {
      action: 'integration.pause',
      subject: 'shop',
      actor: 'operator',
      source: 'cli',
      reason: 'stock count',
      before: null,
    },
  ])
  const [{ overrides }] = commits as [Change]
  const kept = overrides as readonly Override[]
  expect(readOverrides(kept)).toMatchObject({
    pauses: [{ route: 'shop', by: 'operator', untilBy: 'elapsed' }],
    unreadable: [],
  })
  expect(control.holding.closedRoutes()).toMatchObject([{ route: 'shop', paused: true, bypasses: [] }])
  expect(fake.gates.get('shop')).toMatchObject({ open: false })
  expect(await integrationsChange('resume', 'shop', plain())).toBe(0)
  expect(audited()[1]).toMatchObject({ action: 'integration.resume', subject: 'shop' })
  expect(control.holding.closedRoutes()).toEqual([])
  // What is as it should be is no change.
  expect(await integrationsChange('resume', 'shop', plain())).toBe(0)
  expect(commits).toHaveLength(2)
})

test('a route without hold can be paused, too; a name that nobody knows, a time that is none, and a reader can not', async () => {
  expect(await integrationsChange('pause', 'web', { ...plain(), reason: 'x' })).toBe(0)
  expect(await integrationsChange('resume', 'web', plain())).toBe(0)
  expect(await integrationsChange('pause', 'shp', { ...plain(), reason: 'x' })).toBe(1)
  expect(await integrationsChange('pause', 'shop', { ...plain(), reason: 'x', until: 'soon' })).toBe(1)
  expect(await integrationsChange('pause', 'shop', { ...plain(), reason: 'x', until: '0s' })).toBe(1)
  as('reader')
  expect(await integrationsChange('pause', 'shop', { ...plain(), reason: 'x' })).toBe(1)
  expect(complained).toEqual([
    'vigia: integrations pause shp is refused: no route "shp", did you mean "shop"?',
    expect.stringContaining('until "soon" is neither a duration such as 30m nor a time'),
    expect.stringContaining('until is 0: it has to be to come'),
    expect.stringContaining('has the role read, and this needs operate'),
  ])
})

test('a change freeze forbids to pause, unless it is overridden, and never to resume', async () => {
  state.freeze = {
    window: 'quarter',
    occurrenceKey: 'k',
    scope: { kind: 'everything' },
    reason: 'close',
    timeZone: 'UTC',
    untilMs: undefined,
  }
  expect(await integrationsChange('pause', 'shop', { ...plain(), reason: 'x' })).toBe(1)
  expect(complained[0]).toContain(
    'change freeze quarter (close) protects pool erp; if it has to be, ask with --override',
  )
  expect(await integrationsChange('pause', 'shop', { ...plain(), reason: 'x', override: true })).toBe(0)
  expect(await integrationsChange('resume', 'shop', plain())).toBe(0)
})

test('the list, a page of it, and what it is asked for', async () => {
  as('reader')
  expect(await heldList({ ...plain(), limit: '2' })).toBe(0)
  expect(printed).toEqual([
    expect.stringMatching(/^order-1 {2}waiting .* POST \/orders \(shop \[4711\], 192\.0\.2\.7\)$/),
    expect.stringMatching(/^order-2 {2}dead .*: its time was over$/),
    'there are more: --cursor 2',
  ])
  expect(await heldList({ ...plain(), limit: '2', cursor: '2', state: 'in-doubt', route: 'shop' })).toBe(0)
  expect(fake.queries.at(-1)).toEqual({ route: 'shop', state: 'in-doubt', limit: 2, after: 2 })
  expect(await heldList({ ...plain(), limit: '2', key: 'x'.repeat(501) })).toBe(1)
})

test('what a request says is for who may read it, with a reason that is written first; secrets are for nobody', async () => {
  as('reader')
  expect(await heldShow('order-1', { ...plain(), content: false })).toBe(0)
  const shown = printed.join('\n')
  expect(shown).toContain('Content-Type: application/json')
  expect(shown).toContain('X-Customer: (not shown)')
  expect(shown).not.toMatch(/Bearer|total|4711\n.*4711/)
  printed.length = 0
  as('operator')
  const content = { ...plain(), content: true, reason: 'customer asks' }
  expect(await heldShow('order-1', content)).toBe(1)
  expect(commits).toEqual([])
  as('chief')
  expect(await heldShow('order-1', { ...plain(), content: true })).toBe(2)
  expect(await heldShow('order-1', content)).toBe(0)
  expect(printed.join('\n')).toContain('X-Customer: 4711')
  expect(printed.join('\n')).toContain('{"total":12}')
  expect(printed.join('\n')).not.toContain('Bearer x')
  expect(audited()).toMatchObject([
    { action: 'held.read', subject: 'order-1', actor: 'chief', reason: 'customer asks' },
  ])
  expect(await heldShow('order-9', content)).toBe(1)
  expect(audited()).toHaveLength(1)
})

test('where nobody needs a token, nobody reads what a request says', async () => {
  const held = { content: () => expect.unreachable() } as never
  const open = buildAdmin({} as ControlView, () => {}, { held, boundTo: '127.0.0.1' })
  const headers = { 'content-type': 'application/json', host: '127.0.0.1' }
  const answer = await open.inject({ method: 'POST', url: '/held/order-1/content', headers, payload: { reason: 'x' } })
  expect([answer.statusCode, answer.json().detail]).toEqual([403, expect.stringContaining('admin.tokens')])
  await open.close()
})

test('dead ones are sent again, all at once; what is left is said and is the exit code', async () => {
  const order = { ...plain(), reason: 'ERP is back', ttl: '2d', at: '2099-01-02T03:04:05Z' }
  expect(await heldOrder('retry', [], { ...order, all: true, state: 'dead' })).toBe(0)
  expect(fake.orders).toEqual([
    { type: 'retry', ids: ['order-2'], ttlMs: 172_800_000, notBeforeMs: Date.UTC(2099, 0, 2, 3, 4, 5) },
  ])
  expect(audited()).toMatchObject([{ action: 'held.retry', subject: 'order-2', reason: 'ERP is back' }])
  expect(printed).toEqual(['order-2 to be sent again'])
  expect(await heldOrder('drop', ['order-2', 'order-9'], { ...plain(), reason: 'twice' })).toBe(1)
  expect(complained).toEqual(['vigia: order-9 was left as it is: none of that id is kept'])
  expect(fake.orders[1]).toEqual({ type: 'drop', ids: ['order-2', 'order-9'], reason: 'twice' })
})

test('neither all of everything, nor ids and all, nor no ids is an order', async () => {
  const order = { ...plain(), reason: 'x' }
  expect(await heldOrder('drop', [], { ...order, all: true })).toBe(2)
  expect(await heldOrder('drop', ['order-1'], { ...order, all: true, route: 'shop' })).toBe(2)
  expect(await heldOrder('drop', [], order)).toBe(2)
  expect(commits).toEqual([])
})

test('one in doubt is settled with what was found out', async () => {
  expect(await heldSettle('order-3', { ...plain(), as: 'done', note: 'SO4711 is there' })).toBe(0)
  expect(fake.orders).toEqual([{ type: 'settle', id: 'order-3', carriedOut: true, note: 'SO4711 is there' }])
  expect(audited()).toMatchObject([{ action: 'held.settle', after: { carriedOut: true }, reason: 'SO4711 is there' }])
})

test('what keeps them answers no more: the order is refused with its words, and is not told as done', async () => {
  fake.failure = new Error('held.db: the disk is full; free some space')
  expect(await heldOrder('retry', ['order-1'], { ...plain(), reason: 'x' })).toBe(1)
  expect(await heldList({ ...plain(), limit: '1' })).toBe(1)
  fake.failure = undefined
  expect(complained).toEqual(Array(2).fill(expect.stringContaining('held.db: the disk is full; free some space')))
})

test('an export is whole, and no cell is a formula', async () => {
  as('reader')
  const file = join(mkdtempSync(join(tmpdir(), 'held-')), 'held.csv')
  expect(await heldExport({ admin, format: 'csv', output: file })).toBe(0)
  const lines = readFileSync(file, 'utf8').split('\r\n')
  expect(lines).toHaveLength(5)
  expect(lines[0]).toMatch(/^id,route,key,state,method,path,/)
  expect(lines[2]).toContain("order-2,shop,'=1+1,dead,")
  expect(lines[3]).toContain('"/a,""b"""')
  expect(await heldExport({ admin, format: 'ndjson', state: 'dead', output: file })).toBe(0)
  expect(
    readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line).id),
  ).toEqual(['order-2'])
  expect(await heldExport({ admin, format: 'csv', output: '/nonexistent/held.csv' })).toBe(1)
})

test('an integration is measured as a pool of its own', async () => {
  const now = Date.now()
  counters.rows[0]!.answered(1, 202, 1, false)
  counters.rows[0]!.answered(1, 202, 1, false)
  counters.rows[0]!.answered(1, 503, 1, false)
  counters.rows[0]!.answered(1, 201, 1, false)
  counters.rows[0]!.answered(1, 200, 2, true)
  const counts = { waiting: 3, dead: 1, inDoubt: 1, bytes: 4096, oldestMs: now - 600_000, emptyMs: now + 90_000 }
  fake.now.set(
    'shop',
    routeCounts(counts, { held: 9, forwarded: 5, answered: { '2xx': 1, '3xx': 0, '4xx': 0, '5xx': 0 } }),
  )
  fake.now.set('gone', routeCounts({ waiting: 2 }))
  expect(await integrationsList(plain())).toBe(0)
  expect(printed).toEqual([
    'shop  pool erp, 2 2xx, 1 5xx (66.66% without error)',
    expect.stringMatching(/^ {4}3 held, the oldest for 10 min, 4KiB; 1 DEAD; 1 IN DOUBT$/),
    expect.stringMatching(/^ {4}held requests are not sent: nobody of pool erp takes work$/),
    'gone  not in the configuration, no answers yet',
    '    2 held',
    '    held requests are not sent: no route of this name holds requests',
  ])
  printed.length = 0
  expect(await integrationsList({ ...plain(), json: true })).toBe(0)
  const report = JSON.parse(printed.join('\n')) as IntegrationsReport
  expect(report.store).toEqual({ state: 'ok', reason: null, since: null, callbacks: 0 })
  expect(report.integrations[0]).toMatchObject({
    route: 'shop',
    pool: 'erp',
    paused: null,
    held: { waiting: 3, totals: { held: 9 } },
  })
})
