import { expect, test } from 'vitest'
import type { ControlOperations, OperationResult } from '../../../../src/admin/contract/operations.ts'
import type { ControlView } from '../../../../src/admin/contract/status.ts'
import { buildAdmin } from '../../../../src/admin/server.ts'

const UPSTREAM = { name: 'erp-1', state: 'draining' }
const POOL = { name: 'erp', upstreams: [UPSTREAM] }

/** Servers by what they are bound to: to build one, and to compile its schemas, costs more than all that is asked of it. */
const served = new Map<string, { app: ReturnType<typeof buildAdmin>; calls: unknown[][]; result: OperationResult }>()

function serve(boundTo: string) {
  const calls: unknown[][] = []
  const record =
    (verb: string) =>
    (...args: unknown[]) => {
      calls.push([verb, ...args])
      return served.get(boundTo)!.result
    }
  const operations: ControlOperations = {
    drain: record('drain'),
    disable: record('disable'),
    enable: record('enable'),
    failback: record('failback'),
    weight: record('weight'),
    resolveInDoubt: record('resolveInDoubt'),
    renewCertificate: record('renewCertificate'),
  }
  const view = { status: () => ({ pools: [POOL] }) } as unknown as ControlView
  return { app: buildAdmin(view, () => {}, { operations, boundTo }), calls, result: { ok: true } as OperationResult }
}

/** No call is known yet. @param result of each operation until the next call of this */
function setUp(boundTo = '127.0.0.1', result: OperationResult = { ok: true }) {
  const server = served.get(boundTo) ?? serve(boundTo)
  served.set(boundTo, server)
  server.calls.length = 0
  server.result = result
  const { app, calls } = server
  const post = (url: string, payload: unknown, headers: Record<string, string> = {}) =>
    app.inject({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json', host: '127.0.0.1:9900', ...headers },
      payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
    })
  return { post, calls, app }
}

const DRAIN = '/pools/erp/upstreams/erp-1/drain'

test('a drain is handed on with all that was asked for, and answered with the state that results', async () => {
  const { post, calls } = setUp()
  const before = Date.now()
  const response = await post(DRAIN, { reason: 'patching', by: 'ana', deadline: '30m', force: true })
  expect([response.statusCode, response.json()]).toEqual([200, UPSTREAM])
  const [verb, where, order] = calls[0] as [string, object, { deadlineMs: number }]
  expect([verb, where]).toEqual(['drain', { pool: 'erp', upstream: 'erp-1' }])
  expect(order).toMatchObject({ reason: 'patching', by: 'ana', force: true })
  expect(order.deadlineMs - before).toBeGreaterThanOrEqual(1_800_000)
  expect(order.deadlineMs - before).toBeLessThan(1_810_000)
})

test('a pool, names with spaces, and the author that a request has by itself', async () => {
  const { post, calls } = setUp()
  expect((await post('/pools/erp/disable', { reason: 'x' })).json()).toEqual(POOL)
  await post('/pools/my%20erp/upstreams/node%201/enable', {})
  expect(calls).toEqual([
    [
      'disable',
      { pool: 'erp', upstream: undefined },
      { reason: 'x', by: 'admin API, 127.0.0.1', force: false, source: 'api' },
    ],
    [
      'enable',
      { pool: 'my erp', upstream: 'node 1' },
      { reason: undefined, by: 'admin API, 127.0.0.1', source: 'api' },
    ],
  ])
})

test('failback is for pools only', async () => {
  const { post, calls } = setUp()
  expect((await post('/pools/erp/failback', { reason: 'site A is well' })).statusCode).toBe(200)
  expect(calls).toEqual([['failback', 'erp', expect.objectContaining({ reason: 'site A is well' })]])
  expect((await post('/pools/erp/upstreams/erp-1/failback', { reason: 'x' })).statusCode).toBe(404)
})

test.each([
  [{}, 'reason'],
  [{ reason: '' }, 'reason'],
  [{ reason: '   ' }, 'printable'],
  [{ reason: 'x'.repeat(501) }, '500'],
  [{ reason: 'two\nlines' }, 'one line of printable text'],
  [{ reason: '\u202egnihctap' }, 'printable'],
  [{ reason: 'x', by: '\u001b[2J' }, 'by must be one line'],
  [{ reason: 7 }, 'string'],
  [{ reason: 'x', force: 'yes' }, 'boolean'],
  [{ reason: 'x', deadlin: '30m' }, 'deadlin'],
  [{ reason: 'x', deadline: 'soon' }, 'neither a duration'],
  [{ reason: 'x', deadline: '0' }, 'disable instead'],
  [{ reason: 'x', deadline: '2020-01-01T00:00:00Z' }, 'has passed'],
  [{ reason: 'x', deadline: '2126-01-01T00:00:00' }, 'with its offset'],
  ['{', 'JSON'],
  ['[]', 'object'],
])('%j is refused with 400 and words', async (body, words) => {
  const { post, calls } = setUp()
  const response = await post(DRAIN, body)
  expect(response.statusCode).toBe(400)
  expect(response.headers['content-type']).toContain('application/problem+json')
  expect(response.json()).toMatchObject({ status: 400, detail: expect.stringContaining(words) })
  expect(calls).toEqual([])
})

test('500 characters of any script fit', async () => {
  const { post } = setUp()
  expect((await post(DRAIN, { reason: '保'.repeat(500) })).statusCode).toBe(200)
  expect((await post(DRAIN, `{"reason":"${'\\ud83d\\ude00'.repeat(500)}"}`)).statusCode).toBe(200)
  expect((await post(DRAIN, { reason: 'x'.repeat(10_000) })).statusCode).toBe(413)
})

test('a time with its offset is a deadline too', async () => {
  const { post, calls } = setUp()
  await post(DRAIN, { reason: 'x', deadline: '2126-01-01T00:00:00-03:00' })
  expect(calls[0]?.[2]).toMatchObject({ deadlineMs: Date.parse('2126-01-01T03:00:00Z') })
})

test('what control refuses is 404 where the name is wrong, and 409 where it can’t be done', async () => {
  const unknown = setUp('127.0.0.1', { ok: false, code: 'unknown', message: 'did you mean "erp"?' })
  expect((await unknown.post(DRAIN, { reason: 'x' })).json()).toMatchObject({
    status: 404,
    detail: 'did you mean "erp"?',
  })
  const conflict = setUp('127.0.0.1', { ok: false, code: 'conflict', message: 'the last one' })
  expect((await conflict.post(DRAIN, { reason: 'x' })).json()).toEqual({
    type: 'about:blank',
    title: 'Conflict',
    status: 409,
    detail: 'the last one',
  })
})

test.each([
  [{ origin: 'http://127.0.0.1:9900' }],
  [{ origin: 'null' }],
  [{ 'sec-fetch-site': 'cross-site' }],
  [{ 'sec-fetch-site': 'same-site' }],
  [{ host: 'evil.example:9900' }],
  [{ host: '127.0.0.1.evil.example' }],
  [{ host: 'localhost.evil.example' }],
  [{ host: ':9900' }],
])('a request with %j, as a browser may send it, changes nothing', async headers => {
  const { post, calls } = setUp()
  expect((await post(DRAIN, { reason: 'x' }, headers)).statusCode).toBe(403)
  expect(calls).toEqual([])
})

test.each(['localhost', 'LOCALHOST:9900', '[::1]:9900', '127.0.0.1', '10.0.0.1:80'])('Host: %s is fine', async host => {
  const { post } = setUp()
  expect((await post(DRAIN, { reason: 'x' }, { host })).statusCode).toBe(200)
})

test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', ''])(
  'a body of %j is 415',
  async type => {
    const { post, calls } = setUp()
    expect((await post(DRAIN, { reason: 'x' }, { 'content-type': type })).statusCode).toBe(415)
    expect(calls).toEqual([])
  },
)

test('a page that points its own name here reads nothing either', async () => {
  const { app } = setUp()
  const status = async (host: string) => (await app.inject({ url: '/status', headers: { host } })).statusCode
  expect([await status('evil.example:9900'), await status('127.0.0.1:9900')]).toEqual([403, 200])
  expect((await app.inject({ url: '/healthz', headers: { host: 'evil.example' } })).statusCode).toBe(200)
})

test('charset and case of the content type do not matter', async () => {
  const { post } = setUp()
  const response = await post(DRAIN, { reason: 'x' }, { 'content-type': 'Application/JSON; charset=utf-8' })
  expect(response.statusCode).toBe(200)
})

test.each(['0.0.0.0', '::', '10.0.0.5', 'erp.example', '::ffff:10.0.0.5'])(
  'an admin listener that is bound to %s takes no changes, and says why',
  async boundTo => {
    const { post, calls } = setUp(boundTo)
    const response = await post(DRAIN, { reason: 'x' })
    expect(response.json()).toMatchObject({ status: 403, detail: expect.stringContaining(`bound to ${boundTo}`) })
    expect(calls).toEqual([])
  },
)

test.each(['127.0.0.53', '::1', 'localhost', '::ffff:127.0.0.1'])(
  'one that is bound to %s takes them',
  async boundTo => {
    expect((await setUp(boundTo).post(DRAIN, { reason: 'x' })).statusCode).toBe(200)
  },
)

test('another method is 405 and says which one', async () => {
  const { app } = setUp()
  for (const method of ['GET', 'PUT', 'DELETE', 'PATCH'] as const) {
    const response = await app.inject({ method, url: DRAIN })
    expect([response.statusCode, response.headers.allow]).toEqual([405, 'POST'])
  }
})
