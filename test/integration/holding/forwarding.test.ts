// How a worker carries out what was held, what it says of the end of it, and what senders may learn: by a thread that the test plays.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { TOTAL } from '../../../src/shared/counter-cells.ts'
import type { HeldView, KeptRequest } from '../../../src/shared/held/messages.ts'
import { type DataPlane, startDataPlane } from '../../support/data-plane.ts'
import { freePort } from '../../support/free-port.ts'
import { closeClients, RawClient } from '../../support/raw-client.ts'
import { type Arrival, RawUpstream } from '../../support/raw-upstream.ts'
import { RECEIPT, ScriptedHeld } from '../../support/scripted-held.ts'
import { until } from '../../support/until.ts'
import { field } from '../../support/wire.ts'

let upstream: RawUpstream
let plane: DataPlane
const thread = new ScriptedHeld()

beforeAll(async () => {
  upstream = await RawUpstream.start()
  const nobody = await freePort()
  const pool = (port: number, more: object = {}) => ({
    health: 'off',
    upstreams: [{ name: 'erp-1', url: `http://127.0.0.1:${port}`, ...more }],
  })
  plane = await startDataPlane(
    {
      store: '/nowhere/vigia.db',
      trustedProxies: ['10.1.1.1'],
      routes: [
        { name: 'away', match: { path: '/away' }, pool: 'away', hold: {} },
        { name: 'narrow', match: { path: '/narrow' }, pool: 'narrow', hold: {} },
        {
          name: 'orders',
          match: { path: '/orders' },
          pool: 'erp',
          hold: {},
          access: { allow: ['203.0.113.9'] },
          headers: { request: { set: { 'X-Route': '{route}' } } },
        },
        { name: 'rest', pool: 'erp' },
      ],
      pools: {
        erp: pool(upstream.port),
        away: pool(nobody),
        narrow: { ...pool(upstream.port, { maxConnections: 1 }), queue: { max: 10, timeout: '1m' } },
      },
    },
    { held: thread.buffer },
  )
  thread.connect(plane.worker)
})

beforeEach(async () => {
  thread.isMute = false
  thread.view = () => undefined
  await upstream.forget()
})

afterEach(() => closeClients())

afterAll(async () => {
  await plane?.stop()
  await upstream?.close()
})

const kept = (more: Partial<KeptRequest> = {}): KeptRequest => ({
  route: 'orders',
  fields: ['Content-Type', 'application/json', 'X-Vigia-Held', 'forged', 'X-Shop', 'north'],
  method: 'POST',
  target: '/orders/7?x=1',
  host: 'erp.example',
  scheme: 'http',
  listener: 'web',
  peer: '198.51.100.7',
  client: '198.51.100.7',
  requestId: 'of-the-sender-1',
  body: new TextEncoder().encode('{"n":7}'),
  ...more,
})

const answers = (text: string) => (arrival: Arrival) => void arrival.connection.write(text)

describe('a held request', () => {
  test('goes out as it came, with its id, its key and its past', async () => {
    const outcome = await thread.forward(kept())
    const [{ requests }] = upstream.connections as [RawUpstream['connections'][number]]
    const [request] = requests
    expect(request).toMatchObject({ method: 'POST', target: '/orders/7?x=1' })
    expect(request!.body.toString()).toBe('{"n":7}')
    const said = (name: string) => field(request!, name)
    expect(said('host')).toBe('erp.example')
    expect(said('x-shop')).toBe('north')
    expect(said('x-route')).toBe('orders')
    expect(said('x-request-id')).toBe('of-the-sender-1')
    expect(said('x-forwarded-for')).toBe('198.51.100.7')
    expect(said('idempotency-key')).toBe(`"${RECEIPT.id}"`)
    expect(said('x-vigia-held')).toBe(`${RECEIPT.id}; since=2023-11-14T22:13:20.000Z`)
    expect(outcome).toMatchObject({ type: 'answered', upstream: 'erp-1', status: 200, isWhole: true })
  })

  test('keeps the key that its sender gave it', async () => {
    await thread.forward(kept({ fields: ['Idempotency-Key', '"mine"'] }))
    expect(field(upstream.connections[0]!.requests[0]!, 'idempotency-key')).toBe('"mine"')
  })

  test('has the answer kept as far as it may be', async () => {
    upstream.answer = answers('HTTP/1.1 422 Nope\r\nX-Why: stock\r\nContent-Length: 10\r\n\r\n0123456789')
    const outcome = await thread.forward(kept(), { resultBytes: 4 })
    expect(outcome).toMatchObject({ type: 'answered', status: 422, isWhole: false })
    if (outcome.type !== 'answered') return
    expect(Buffer.from(outcome.body).toString()).toBe('0123')
    expect(outcome.fields.join()).toContain('X-Why,stock')
  })

  test('one whose answer is cut is answered, but not as a whole', async () => {
    upstream.answer = async ({ connection }) => {
      await connection.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123')
      connection.socket.end()
    }
    expect(await thread.forward(kept())).toMatchObject({ type: 'answered', status: 200, isWhole: false })
  })

  test('without a connection it was not sent', async () => {
    const outcome = await thread.forward(kept({ route: 'away', target: '/away' }))
    expect(outcome).toMatchObject({ type: 'not-sent', code: 'connect-failed' })
  })

  test.each(['POST', 'PUT'])('a %s that was sent, and got no answer, is in doubt', async method => {
    upstream.answer = async arrival => {
      await arrival.whole()
      arrival.connection.socket.resetAndDestroy()
    }
    const outcome = await thread.forward(kept({ method }))
    expect(outcome).toMatchObject({ type: 'in-doubt', upstream: 'erp-1' })
    expect(outcome.type === 'in-doubt' && outcome.bytesSent).toBeGreaterThan(7)
  })

  test('is not sent while a window closes its route', async () => {
    const closed = { route: 'orders', window: 'w', reason: '', timeZone: 'UTC', untilMs: undefined, bypasses: [] }
    await plane.tell({ type: 'closed-routes', closedRoutes: [closed] })
    expect(await thread.forward(kept())).toMatchObject({ type: 'not-sent', code: 'maintenance' })
    await plane.tell({ type: 'closed-routes', closedRoutes: [] })
    expect(upstream.connections).toHaveLength(0)
  })

  test.each([
    ['its route is another one now', { route: 'gone' }, 'no-route'],
    ['its listener is gone', { listener: 'gone' }, 'no-route'],
    ['what was kept is no request', { fields: ['X', 'a\r\nY: b'] }, 'bad-field'],
  ])('is not sent where %s', async (_, more, code) => {
    expect(await thread.forward(kept(more))).toMatchObject({ type: 'not-sent', code })
    expect(upstream.connections).toHaveLength(0)
  })

  test('never takes the place of a live one', async () => {
    const under: Arrival[] = []
    upstream.answer = arrival => void under.push(arrival)
    const [first, second] = [await RawClient.connect(plane.port), await RawClient.connect(plane.port)]
    const held = kept({ route: 'narrow', target: '/narrow' })
    first.send('GET /narrow HTTP/1.1\r\nHost: e\r\n\r\n')
    await until('the first has the place', () => under.length === 1)
    expect(await thread.forward(held)).toMatchObject({ type: 'not-sent', code: 'busy' })
    second.send('GET /narrow HTTP/1.1\r\nHost: e\r\n\r\n')
    await until('the second waits', () => plane.counters.total(plane.poolSlot + 2, TOTAL.queued))
    expect(await thread.forward(held)).toMatchObject({ type: 'not-sent', code: 'busy' })
    const ok = answers('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    ok(under[0]!)
    expect((await first.final()).status).toBe(200)
    ok(await until('the second has the place', () => under[1]))
    expect((await second.final()).status).toBe(200)
    upstream.answer = ok
    expect(await thread.forward(held)).toMatchObject({ type: 'answered' })
  })
})

test('a client can’t claim that its request was held', async () => {
  const client = await RawClient.connect(plane.port)
  client.send('GET / HTTP/1.1\r\nHost: e\r\nX-Vigia-Held: x\r\nX_Vigia_Held: y\r\n\r\n')
  await client.final()
  const [request] = upstream.connections[0]!.requests
  expect(request!.fields.filter(([name]) => /held/i.test(name))).toEqual([])
})

describe('a sender who asks', () => {
  const VIEW: HeldView = { state: 'waiting', ahead: 3, receivedMs: 0, expectedMs: undefined, result: undefined }

  async function ask(id: string, { method = 'GET', from = '127.0.0.1' } = {}) {
    const client = await RawClient.connect(plane.port, { from })
    client.send(`${method} /.vigia/held/${id} HTTP/1.1\r\nHost: e\r\nAccept: application/json\r\n\r\n`)
    const answer = await client.final(method)
    return { status: answer.status, again: field(answer, 'retry-after'), text: answer.body.toString() }
  }

  test('learns the state, and when to ask again', async () => {
    thread.view = () => VIEW
    const { status, again, text } = await ask(RECEIPT.id)
    expect(status).toBe(200)
    expect(again).toBe('5')
    expect(JSON.parse(text)).toMatchObject({ id: RECEIPT.id, state: 'waiting', ahead: 3, expected: null, result: null })
  })

  test('gets the answer in the end', async () => {
    const body = Buffer.from('{"order":"é"}')
    const result = { status: 201, fields: ['Location', '/orders/7'], body, isWhole: true, atMs: 0 }
    thread.view = id => (id === RECEIPT.id ? { ...VIEW, state: 'answered', result } : undefined)
    const { again, text } = await ask(RECEIPT.id)
    expect(again).toBeUndefined()
    expect(JSON.parse(text).result).toEqual({
      ...{ status: 201, at: '1970-01-01T00:00:00.000Z', fields: [['Location', '/orders/7']] },
      ...{ body: '{"order":"é"}', encoding: 'utf-8', whole: true },
    })
  })

  test.each([
    ['an id that there is not', 'A'.repeat(22), {}],
    ['no id', 'x', {}],
    ['what is no question', RECEIPT.id, { method: 'POST' }],
  ])('for %s learns nothing', async (_, id, how) => {
    if ('method' in how) thread.view = () => VIEW
    const answer = await ask(id, how)
    expect(answer.status).toBe(404)
    expect(JSON.parse(answer.text)).toMatchObject({ code: 'no-route' })
  })

  test('too often is answered 429', async () => {
    const statuses: number[] = []
    const client = await RawClient.connect(plane.port, { from: '127.0.0.9' })
    client.send('GET /.vigia/held/x HTTP/1.1\r\nHost: e\r\n\r\n'.repeat(60))
    while (statuses.length < 60) statuses.push((await client.final()).status)
    expect(statuses).toContain(429)
    expect(statuses[0]).toBe(404)
  })
})
