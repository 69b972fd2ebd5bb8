// What a worker holds, and what its clients are told: by a thread that the test plays. The real one is beside it.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ClosedRoute } from '../../../src/shared/messages.ts'
import { type DataPlane, startDataPlane } from '../../support/data-plane.ts'
import { freePort } from '../../support/free-port.ts'
import { closeClients, RawClient } from '../../support/raw-client.ts'
import { RawUpstream } from '../../support/raw-upstream.ts'
import { RECEIPT, ScriptedHeld } from '../../support/scripted-held.ts'
import { until } from '../../support/until.ts'
import { field } from '../../support/wire.ts'

const XML_ANSWER = {
  status: 200,
  contentType: 'text/xml',
  body: '<methodResponse><params><param><value>{id} {request-id}</value></param></params></methodResponse>',
}

let upstream: RawUpstream
let plane: DataPlane
const thread = new ScriptedHeld()

beforeAll(async () => {
  upstream = await RawUpstream.start()
  const nobody = await freePort()
  const pool = (port: number, more: object = {}) => ({
    health: 'off',
    upstreams: [{ name: 'erp-1', url: `http://127.0.0.1:${port}` }],
    ...more,
  })
  plane = await startDataPlane(
    {
      store: '/nowhere/vigia.db',
      routes: [
        { name: 'xml', match: { path: '/xml' }, pool: 'erp', hold: { answer: XML_ANSWER } },
        { name: 'shy', match: { path: '/shy' }, pool: 'erp', hold: { during: ['outage'], paused: 'refuse' } },
        { name: 'away', match: { path: '/away' }, pool: 'away', hold: { order: 'client' } },
        { name: 'keyed', match: { path: '/keyed' }, pool: 'erp', hold: {}, retry: { idempotencyKey: true } },
        { name: 'called', match: { path: '/called' }, pool: 'erp', hold: { dedupe: 'body' } },
        { name: 'orders', match: { path: '/orders' }, pool: 'erp', hold: { body: '64B', order: 'json:/shop' } },
        { name: 'rest', pool: 'erp' },
      ],
      pools: { erp: pool(upstream.port), away: pool(nobody) },
    },
    { held: thread.buffer },
  )
  thread.connect(plane.worker)
})

beforeEach(() => {
  thread.verdict = () => RECEIPT
  thread.isMute = false
  thread.holds.length = 0
})

afterEach(async () => {
  closeClients()
  await plane.tell({ type: 'closed-routes', closedRoutes: [] })
})

afterAll(async () => {
  await plane?.stop()
  await upstream?.close()
})

const closed = (route: string, more: Partial<ClosedRoute> = {}): ClosedRoute => ({
  route,
  window: 'patching',
  reason: 'monthly patches',
  timeZone: 'UTC',
  untilMs: Date.now() + 3_600_000,
  bypasses: [],
  ...more,
})

function close(...closedRoutes: ClosedRoute[]): Promise<void> {
  return plane.tell({ type: 'closed-routes', closedRoutes })
}

function post(path: string, body: string, fields = ''): string {
  return `POST ${path} HTTP/1.1\r\nHost: erp.example\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`
}

async function ask(request: string, method = 'POST') {
  const client = await RawClient.connect(plane.port)
  client.send(request)
  const response = await client.final(method)
  const json = response.body.toString().startsWith('{') ? JSON.parse(response.body.toString()) : undefined
  return {
    status: response.status,
    field: (name: string) => field(response, name),
    text: response.body.toString(),
    json,
  }
}

describe('while a window closes its route', () => {
  test('a request is held: the answer says where to ask, and when', async () => {
    await close(closed('orders'))
    const answer = await ask(
      post('/orders/1?x=2', '{"shop":"a"}', 'Content-Type: application/json\r\nTE: trailers\r\n'),
    )
    expect(answer.status).toBe(202)
    expect(answer.field('location')).toBe(`/.vigia/held/${RECEIPT.id}`)
    expect(Number(answer.field('retry-after'))).toBeGreaterThan(3500)
    expect(answer.json).toMatchObject({ code: 'held', id: RECEIPT.id, requestId: answer.field('x-request-id') })
    const [held] = thread.holds
    expect(held).toMatchObject({ reason: 'window', callback: undefined, identity: { keyText: 'a', repeatable: false } })
    expect(held!.request).toMatchObject({
      route: 'orders',
      method: 'POST',
      target: '/orders/1?x=2',
      host: 'erp.example',
      listener: 'web',
      client: '127.0.0.1',
      fields: ['Content-Type', 'application/json'],
      requestId: answer.field('x-request-id'),
    })
    expect(Buffer.from(held!.request.body).toString()).toBe('{"shop":"a"}')
  })

  test('nobody is told before it is on the disk', async () => {
    await close(closed('orders'))
    thread.verdict = () => undefined
    const client = await RawClient.connect(plane.port)
    client.send(post('/orders', '{}'))
    const { number } = await until('it comes to the thread', () => thread.holds[0])
    expect(client.pending).toHaveLength(0)
    thread.answer(number, RECEIPT)
    expect((await client.final()).status).toBe(202)
  })

  test.each(['full', 'disk'] as const)('one that can’t be held (%s) meets the window', async why => {
    await close(closed('orders'))
    thread.verdict = () => why
    const answer = await ask(post('/orders', '{}', 'Accept: application/json\r\n'))
    expect(answer.status).toBe(503)
    expect(answer.json).toMatchObject({ code: 'maintenance' })
  })

  test('a key that stands for another request is answered 422', async () => {
    await close(closed('orders'))
    thread.verdict = () => 'conflict'
    const answer = await ask(post('/orders', '{}', 'Idempotency-Key: "a-1"\r\n'))
    expect(answer.status).toBe(422)
    expect(answer.json).toMatchObject({ code: 'idempotency-key-reused' })
  })

  test.each([
    ['a read', 'GET /orders HTTP/1.1\r\nHost: e\r\n\r\n', 'GET'],
    ['a body that is too long', post('/orders', 'x'.repeat(65)), 'POST'],
    ['one of unknown length that is too long', chunked('/orders', 'x'.repeat(65)), 'POST'],
    ['XML-RPC', post('/orders', '<methodCall/>', 'Content-Type: text/xml\r\n'), 'POST'],
    ['SOAP', post('/orders', '<e/>', 'SOAPAction: "urn:x"\r\n'), 'POST'],
    ['a route that holds in outages only', post('/shy', '{}'), 'POST'],
    ['a route that holds nothing', post('/', '{}'), 'POST'],
  ])('%s is not held', async (_, request, method) => {
    await close(closed('orders'), closed('shy'), closed('rest'))
    expect((await ask(request, method)).status).toBe(503)
    expect(thread.holds).toEqual([])
  })

  test('one without a length is held as a whole', async () => {
    await close(closed('orders'))
    expect((await ask(chunked('/orders', '{"shop":"b"}'))).status).toBe(202)
    expect(Buffer.from(thread.holds[0]!.request.body).toString()).toBe('{"shop":"b"}')
  })

  test('one without a body is held, too', async () => {
    await close(closed('orders'))
    expect((await ask('DELETE /orders/7 HTTP/1.1\r\nHost: e\r\n\r\n', 'DELETE')).status).toBe(202)
    expect(thread.holds[0]).toMatchObject({ identity: { repeatable: true }, request: { method: 'DELETE' } })
  })

  test('XML-RPC gets the answer that its route has for it', async () => {
    await close(closed('xml'))
    const answer = await ask(post('/xml', '<methodCall/>', 'Content-Type: text/xml\r\n'))
    expect(answer).toMatchObject({ status: 200 })
    expect(answer.field('content-type')).toBe('text/xml')
    expect(answer.text).toContain(`<value>${RECEIPT.id} ${answer.field('x-request-id')}</value>`)
  })

  test('a client that has gone is no trouble', async () => {
    await close(closed('orders'))
    thread.verdict = () => undefined
    const client = await RawClient.connect(plane.port)
    client.send(post('/orders', '{}'))
    const { number } = await until('it comes to the thread', () => thread.holds[0])
    client.socket.resetAndDestroy()
    thread.answer(number, RECEIPT)
    thread.verdict = () => RECEIPT
    expect((await ask(post('/orders', '{}'))).status).toBe(202)
  })
})

describe('where nobody knows whether it is held', () => {
  test('who has no key is told so, who has one comes again', async () => {
    await close(closed('orders'))
    thread.verdict = () => undefined
    const answers = ['', 'Idempotency-Key: "a-2"\r\n'].map(key =>
      ask(post('/orders', '{}', `${key}Accept: application/json\r\n`)),
    )
    await until('both come to the thread', () => thread.holds.length === 2)
    thread.close()
    const [without, withKey] = await Promise.all(answers)
    expect(without).toMatchObject({ status: 502, json: { code: 'in-doubt' } })
    expect(withKey).toMatchObject({ status: 503, json: { code: 'maintenance' } })
    // Without a way nothing is held.
    expect((await ask(post('/orders', '{}'))).status).toBe(503)
    thread.connect(plane.worker)
    thread.verdict = () => RECEIPT
    await until('it holds again', async () => (await ask(post('/orders', '{}'))).status === 202)
  })
})

describe('a pause', () => {
  test('holds or refuses as the route says', async () => {
    await close(closed('orders', { paused: true }), closed('shy', { paused: true }))
    expect((await ask(post('/orders', '{}'))).status).toBe(202)
    expect(thread.holds[0]!.reason).toBe('paused')
    expect((await ask(post('/shy', '{}'))).status).toBe(503)
    expect((await ask('GET /orders HTTP/1.1\r\nHost: e\r\n\r\n', 'GET')).field('retry-after')).toMatch(/^\d+$/)
  })
})

describe('while no upstream is there', () => {
  test('a request is held that nobody can have carried out', async () => {
    expect((await ask(post('/away', '{}'))).status).toBe(202)
    expect(thread.holds[0]).toMatchObject({ reason: 'outage', identity: { keyText: '127.0.0.1' } })
  })

  test('one that may have been carried out is not', async () => {
    upstream.answer = async arrival => {
      await arrival.whole()
      arrival.connection.socket.resetAndDestroy()
    }
    const answer = await ask(post('/orders', '{}', 'Accept: application/json\r\n'))
    expect(answer).toMatchObject({ status: 502, json: { code: 'in-doubt' } })
    expect(thread.holds).toEqual([])
  })
})

describe('while earlier requests of its key are held', () => {
  test('it is held behind them, and no other', async () => {
    upstream.answer = arrival => void arrival.connection.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    await close(closed('orders'))
    await ask(post('/orders', '{"shop":"a"}'))
    await close()
    const { key } = thread.holds[0]!.identity
    thread.table.raise(key)
    expect((await ask(post('/orders', '{"shop":"a"}'))).status).toBe(202)
    expect(thread.holds[1]).toMatchObject({ reason: 'order', identity: { key } })
    expect((await ask(post('/orders', '{"shop":"b"}'))).status).toBe(200)
    thread.verdict = () => 'full'
    expect((await ask(post('/orders', '{"shop":"a"}'))).status).toBe(503)
    thread.table.lower(key)
    expect((await ask(post('/orders', '{"shop":"a"}'))).status).toBe(200)
  })
})

function chunked(path: string, body: string): string {
  const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
  return `POST ${path} HTTP/1.1\r\nHost: erp.example\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`
}
