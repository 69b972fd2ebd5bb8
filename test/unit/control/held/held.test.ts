// Held requests as control has them, with something in the place of what keeps them.

import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Callbacks } from '../../../../src/control/held/callbacks.ts'
import { Held } from '../../../../src/control/held/held.ts'
import type { HoldingEvent } from '../../../../src/control/held/held-event.ts'
import type { HeldEvent } from '../../../../src/held/contract.ts'
import type { HoldPlan } from '../../../../src/plan/hold.ts'
import type { Snapshot } from '../../../../src/plan/snapshot.ts'
import { until } from '../../../support/until.ts'
import { FakeHeld, heldRow, holdPlan, routeCounts } from '../fixtures/held.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: 5_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

const STORE = { path: '/nonexistent/held.db', keyFiles: [] }
const snapshotOf = (hold: HoldPlan | undefined): Pick<Snapshot, 'routes' | 'held'> => ({
  routes: [{ name: 'shop', hold }] as unknown as Snapshot['routes'],
  held: STORE,
})

interface Posted {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

function setUp(hold: HoldPlan | 'none' = holdPlan()) {
  const opened: FakeHeld[] = []
  const events: HoldingEvent[] = []
  const posted: Posted[] = []
  const answers: (number | Error)[] = []
  const held = new Held({
    open: options => {
      const fake = new FakeHeld(options)
      opened.push(fake)
      return fake
    },
    table: new SharedArrayBuffer(8),
    why: () => 'window patch',
    tell: event => events.push(event),
    post: async (url, headers, body) => {
      posted.push({ url: url.href, headers, body })
      const answer = answers.shift() ?? 204
      if (answer instanceof Error) throw answer
      return answer
    },
  })
  held.apply(snapshotOf(hold === 'none' ? undefined : hold))
  const say = (event: HeldEvent) => opened[0]!.options.onEvent(event)
  return { held, opened, fake: opened[0]!, events, posted, answers, say }
}

const phases = (events: readonly HoldingEvent[]) => events.map(({ phase }) => phase)

test('nothing is opened until a route holds requests, and then once', async () => {
  const { held, opened } = setUp('none')
  held.gate(new Map([['shop', { open: true } as const]]))
  expect(held.connect()).toBeUndefined()
  expect(await held.carryOut({ type: 'drop', ids: ['x'], reason: 'r' }, 'ana', 'r')).toMatchObject({
    code: 'unavailable',
  })
  held.apply(snapshotOf(holdPlan()))
  held.apply(snapshotOf(holdPlan({ ttlMs: 5 })))
  expect(opened).toHaveLength(1)
  expect(opened[0]!.plans.get('shop')!.ttlMs).toBe(5)
  expect(opened[0]!.gates.get('shop')).toEqual({ open: true })
  await held.close()
  expect(opened[0]!.isClosed).toBe(true)
})

test('that requests are held is said once, and that none waits any more when it has lasted, with what became of them', () => {
  const { held, fake, events, say } = setUp()
  fake.now.set('shop', routeCounts({ waiting: 1 }, { held: 11, forwarded: 10 }))
  say({ type: 'held.began', route: 'shop', atMs: 5_000_000 })
  say({ type: 'held.emptied', route: 'shop', atMs: 5_001_000 })
  vi.setSystemTime(5_002_000)
  held.tick()
  say({ type: 'held.began', route: 'shop', atMs: 5_002_000 })
  vi.setSystemTime(5_060_000)
  held.tick()
  expect(events).toMatchObject([{ phase: 'began', route: 'shop', why: 'window patch' }])
  fake.now.set('shop', routeCounts({}, { held: 42, forwarded: 43, repeats: 2 }))
  say({ type: 'held.emptied', route: 'shop', atMs: 5_061_000 })
  vi.setSystemTime(5_063_000)
  held.tick()
  expect(events[1]).toMatchObject({
    ...{ phase: 'emptied', sinceMs: 5_000_000, untilMs: 5_061_000 },
    tally: { held: 32, forwarded: 33, repeats: 2 },
  })
})

test('of many that die at once ten are told one by one, the rest in numbers', () => {
  const { held, events, say } = setUp()
  for (let n = 0; n < 500; n += 1)
    say({ type: n % 2 ? 'held.dead' : 'held.in-doubt', row: heldRow({ seq: n }), atMs: 5_000_000 })
  held.tick()
  held.tick()
  expect(phases(events)).toEqual([...Array.from({ length: 10 }, (_, n) => (n % 2 ? 'dead' : 'in-doubt')), 'more'])
  expect(events.at(-1)).toMatchObject({ route: 'shop', dead: 245, inDoubt: 245 })
})

test('an order is told with what was left, and a failure is a refusal in words', async () => {
  const { held, fake, events } = setUp()
  fake.rows.push(heldRow({ id: 'one' }))
  const done = await held.carryOut({ type: 'retry', ids: ['one', 'two'], ttlMs: undefined }, 'ana', 'ERP is back')
  expect(done).toEqual({ done: ['one'], left: [{ id: 'two', why: 'none of that id is kept' }] })
  expect(events).toMatchObject([{ phase: 'ordered', by: 'ana', reason: 'ERP is back' }])
  fake.failure = new Error('held.db: disk full')
  expect(await held.carryOut({ type: 'drop', ids: ['one'], reason: 'r' }, 'ana', 'r')).toMatchObject({
    code: 'unavailable',
    message: 'held.db: disk full',
  })
})

test('trouble of what keeps them is said once for each reason, and its end', () => {
  const { held, fake, events } = setUp()
  const degraded = (reason: string) => ({ status: 'degraded', reason, sinceMs: 1 }) as const
  fake.options.onHealth(degraded('disk full'))
  fake.options.onHealth(degraded('disk full'))
  expect(held.health).toMatchObject({ status: 'degraded' })
  fake.options.onHealth({ status: 'ok' })
  expect(phases(events)).toEqual(['degraded', 'healed'])
})

const CALLBACK = { hosts: ['shop.example.com'], secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }
const URL_OF_SHOP = 'https://shop.example.com/hooks/erp'

test('a sender is called with a signature that it can check, and nothing of what the upstream said', async () => {
  const { fake, posted, say } = setUp(holdPlan({ callback: CALLBACK }))
  const row = heldRow({ id: 'id-1', state: 'answered', status: 201, endedMs: 4_000, upstream: 'erp/erp-1' })
  say({ type: 'held.call', row, url: URL_OF_SHOP, atMs: 5_000_000 })
  await vi.advanceTimersByTimeAsync(0)
  expect(fake.calledIds).toEqual(['id-1'])
  const [{ url, headers, body }] = posted as [Posted]
  expect(url).toBe(URL_OF_SHOP)
  expect(JSON.parse(body)).toEqual({
    type: 'held.finished',
    timestamp: '1970-01-01T01:23:20.000Z',
    data: {
      ...{ id: 'id-1', state: 'answered', status: 201, requestId: '0123', location: '/.vigia/held/id-1' },
      ...{ receivedAt: '1970-01-01T00:00:01.000Z', endedAt: '1970-01-01T00:00:04.000Z' },
    },
  })
  const key = Buffer.from(CALLBACK.secret.slice(6), 'base64')
  const expected = createHmac('sha256', key).update(`id-1.5000.${body}`).digest('base64')
  expect(headers).toMatchObject({
    'webhook-id': 'id-1',
    'webhook-timestamp': '5000',
    'webhook-signature': `v1,${expected}`,
  })
})

test('a sender who does not answer is called again, later each time, and given up in the end', async () => {
  const { fake, posted, answers, events, say } = setUp(holdPlan({ callback: CALLBACK }))
  answers.push(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') }), ...Array(40).fill(503))
  say({ type: 'held.call', row: heldRow(), url: URL_OF_SHOP, atMs: 5_000_000 })
  await vi.advanceTimersByTimeAsync(3_000)
  expect(posted).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(4_000)
  expect(posted).toHaveLength(2)
  expect(fake.calledIds).toEqual([])
  await vi.advanceTimersByTimeAsync(72 * 3_600_000)
  expect(posted).toHaveLength(20)
  expect(fake.calledIds).toHaveLength(1)
  expect(events).toMatchObject([{ phase: 'not-called', host: 'shop.example.com', tries: 20, why: 'it answered 503' }])
})

test('whoever is told of twice, as after another thread has begun, is called once', async () => {
  const { posted, answers, say } = setUp(holdPlan({ callback: CALLBACK }))
  answers.push(503)
  for (let n = 0; n < 2; n += 1) say({ type: 'held.call', row: heldRow(), url: URL_OF_SHOP, atMs: 5_000_000 })
  await vi.advanceTimersByTimeAsync(0)
  say({ type: 'held.call', row: heldRow(), url: URL_OF_SHOP, atMs: 5_000_000 })
  await vi.advanceTimersByTimeAsync(0)
  expect(posted).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(posted).toHaveLength(2)
})

test('over a real connection no redirect is followed, and an answer that never ends is not waited for', async () => {
  vi.useRealTimers()
  const paths: string[] = []
  const server = createServer((request, response) => {
    paths.push(request.url!)
    if (request.url === '/moved') response.writeHead(307, { location: '/elsewhere' }).end()
    else response.writeHead(200).write('and so on')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const called: string[] = []
  const callbacks = new Callbacks({
    planOf: () => ({ ...CALLBACK, hosts: ['127.0.0.1'] }),
    called: id => called.push(id),
    tell: () => {},
  })
  callbacks.call(heldRow({ id: 'moved' }), `${base}/moved`)
  callbacks.call(heldRow({ id: 'endless' }), `${base}/endless`)
  await until('both have been called', () => paths.length === 2 && called.length === 1)
  expect([paths.toSorted(), called, callbacks.waiting]).toEqual([['/endless', '/moved'], ['endless'], 1])
  callbacks.close()
  server.closeAllConnections()
  server.close()
})

test('a host that the route does not list, or not any more, is never called', async () => {
  const { held, fake, posted, answers, events, say } = setUp(holdPlan({ callback: CALLBACK }))
  for (const url of ['https://evil.example.com/', 'https://shop.example.com@evil.example.com/', 'nonsense'])
    say({ type: 'held.call', row: heldRow({ id: url }), url, atMs: 0 })
  await vi.advanceTimersByTimeAsync(0)
  expect(posted).toEqual([])
  expect(fake.calledIds).toHaveLength(3)
  answers.push(500)
  say({ type: 'held.call', row: heldRow(), url: URL_OF_SHOP, atMs: 0 })
  await vi.advanceTimersByTimeAsync(0)
  held.apply(snapshotOf(holdPlan()))
  await vi.advanceTimersByTimeAsync(60_000)
  expect(posted).toHaveLength(1)
  expect(events.at(-1)).toMatchObject({ phase: 'not-called', tries: 2, why: 'route shop does not list its host' })
})

test('whoever is still to be called when vigia stops is not given up', async () => {
  const { held, fake, events, answers, say } = setUp(holdPlan({ callback: CALLBACK }))
  answers.push(503)
  say({ type: 'held.call', row: heldRow(), url: URL_OF_SHOP, atMs: 0 })
  await vi.advanceTimersByTimeAsync(0)
  expect(held.callbacks).toBe(1)
  await held.close()
  await vi.advanceTimersByTimeAsync(100 * 3_600_000)
  expect([fake.calledIds, events]).toEqual([[], []])
})
