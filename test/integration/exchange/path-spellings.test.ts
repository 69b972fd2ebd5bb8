// What a route protects is protected however the path is written: spellings x protections. The upstream answers everything, as an
// application does that reads each of them as the same page.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { TOTAL } from '../../../src/shared/counter-cells.ts'
import type { ClosedRoute } from '../../../src/shared/messages.ts'
import { type DataPlane, startDataPlane } from '../../support/data-plane.ts'
import { RawClient } from '../../support/raw-client.ts'
import { RawUpstream } from '../../support/raw-upstream.ts'

const EXAMPLES = resolve(import.meta.dirname, '../../../config/examples')
const CLOSED = (route: string, bypasses: ClosedRoute['bypasses'] = []): ClosedRoute => ({
  route,
  window: 'patching',
  reason: '',
  timeZone: 'UTC',
  untilMs: undefined,
  bypasses,
})

let upstream: RawUpstream
let iis: RawUpstream
let odooNode: RawUpstream
let plane: DataPlane
let clients = 10

beforeAll(async () => {
  upstream = await RawUpstream.start()
  iis = await RawUpstream.start()
  odooNode = await RawUpstream.start()
  const pool = (host: string, more: object = {}, { port } = upstream) => ({
    health: 'off',
    upstreams: [{ name: 'erp-1', url: `http://${host}:${port}` }],
    ...more,
  })
  plane = await startDataPlane(
    {
      routes: [
        { name: 'admin', match: { path: '/admin' }, pool: 'erp', access: { allow: ['127.0.0.2'] } },
        { name: 'writes', match: { path: '/writes', method: 'POST' }, pool: 'erp', access: { allow: ['127.0.0.2'] } },
        { name: 'limited', match: { path: '/limited' }, pool: 'erp', rateLimit: { rate: '1/h', burst: 1 } },
        { name: 'closed', match: { path: '/closed' }, pool: 'erp' },
        { name: 'db', match: { path: '/db' }, pool: 'erp', access: { denyPaths: ['/db/drop*'] } },
        { name: 'odd', match: { path: '/a%28b%29' }, pool: 'erp', access: { allow: ['127.0.0.2'] } },
        { name: 'files', match: { path: '/my files' }, pool: 'erp', access: { allow: ['127.0.0.2'] } },
        { name: 'bus', match: { path: '/bus' }, pool: 'bus' },
        { name: 'far', match: { path: '/far' }, pool: 'far' },
        { name: 'iis', match: { path: '/BC/Admin' }, pool: 'iis', access: { allow: ['127.0.0.2'] } },
        { name: 'iis-db', match: { path: '/BC' }, pool: 'iis', access: { denyPaths: ['/BC/Drop*'] } },
        { name: 'iis-too', match: { path: '/bc/(S(z))' }, pool: 'iis-too', access: { denyPaths: ['/bc/(S(z))/*no'] } },
        { name: 'iis-rest', match: { path: '/bc' }, pool: 'iis' },
        { name: 'shop', match: { host: 'odoo.example', path: '/shop' }, pool: 'odoo' },
        {
          name: 'report',
          match: { host: 'odoo.example', path: '/report' },
          pool: 'odoo',
          access: { deny: ['127.0.0.0/8'] },
        },
        {
          name: 'odoo',
          match: { host: 'odoo.example' },
          pool: 'odoo',
          access: { deny: ['127.0.0.3'], denyPaths: ['/web/db*'] },
        },
        { name: 'open', pool: 'erp' },
      ],
      pools: {
        erp: pool('127.0.0.1'),
        bus: pool('127.0.0.1'),
        far: pool('localhost'),
        iis: pool('127.0.0.1', { paths: { ignoreCase: true } }, iis),
        'iis-too': pool('127.0.0.1', {}, iis),
        odoo: pool('127.0.0.1', { paths: { prefixes: ['/*'] } }, odooNode),
      },
    },
    { closedRoutes: [CLOSED('closed')] },
  )
})

afterAll(async () => {
  await plane?.stop()
  for (const each of [upstream, iis, odooNode]) await each?.close()
})

beforeEach(() => upstream.forget())

async function ask(target: string, { port = plane.port, from = '127.0.0.1', host = 'a.example', method = 'GET' } = {}) {
  const client = await RawClient.connect(port, { from })
  client.send(`${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 0\r\n\r\n`)
  const { status } = await client.final(method)
  client.close()
  return status
}

/** Each reaches the route for every path in the plain reading. */
const SPELLINGS: readonly (readonly [what: string, spell: (name: string, page: string) => string])[] = [
  ['an encoded slash', (name, page) => `/${name}%2f${page}`],
  ['an encoded letter, an encoded slash', (name, page) => `/%${hex(name)}${name.slice(1)}%2F${page}`],
  ['a letter that is encoded twice', (name, page) => `/%25${hex(name)}${name.slice(1)}/${page}`],
  ['a slash that is encoded twice', (name, page) => `/${name}%252f${page}`],
  ['a letter as IIS encodes it', (name, page) => `/%u00${hex(name)}${name.slice(1)}/${page}`],
  ['parameters', (name, page) => `/${name};a=b/${page}`],
  ['encoded parameters', (name, page) => `/${name}%3Ba/${page}`],
  ['dots behind an encoded slash', (name, page) => `/x/..%2f${name}/${page}`],
  ['dots behind encoded slashes', (name, page) => `/x%2f..%2f${name}%2f${page}`],
  ['dots before parameters', (name, page) => `/x/..;/${name}/${page}`],
  ['a backslash', (name, page) => `/${name}\\${page}`],
  ['an encoded backslash', (name, page) => `/x/..%5c${name}/${page}`],
  ['slashes beside dots', (name, page) => `/${name}/${page}//../..`],
  ['dots that nobody resolves', (name, page) => `/${name}/${page}/../../x`],
  ['an empty segment in front', (name, page) => `/%2f${name}/${page}`],
]

const hex = (name: string) => name.charCodeAt(0).toString(16)

describe.each(SPELLINGS)('%s', (_, spell) => {
  test('access', async () => {
    expect(await ask(spell('admin', 'users'))).toBe(403)
    expect(upstream.requests).toEqual([])
    expect(await ask(spell('admin', 'users'), { from: '127.0.0.2' }), 'who may').toBe(200)
  })

  test('paths that nobody gets', async () => {
    expect(await ask(spell('db', 'drop'), { from: '127.0.0.2' })).toBe(403)
    expect(upstream.requests).toEqual([])
  })

  test('a window', async () => {
    expect(await ask(spell('closed', 'page'))).toBe(503)
    expect(upstream.requests).toEqual([])
  })

  test('a rate, which is one for all spellings', async () => {
    clients += 1
    const from = `127.0.1.${clients}`
    expect([await ask(spell('limited', 'page'), { from }), await ask('/limited/page', { from })]).toEqual([200, 429])
    expect(await ask(spell('limited', 'page'), { from })).toBe(429)
  })

  test('a route whose upstreams are elsewhere protects nothing here', async () => {
    expect(await ask(`/far${spell('admin', 'users')}`)).toBe(200)
  })

  test('what protects nothing is not in the way', async () => {
    expect(await ask(spell('free', 'page'))).toBe(200)
  })
})

describe('a protected route is met', () => {
  test.each([
    ['through a route to another pool on the same host', '/bus/..%2fadmin', 403],
    ['only where that is on the same host', '/far/..%2fadmin', 200],
    ['by a plain path, where its own is configured encoded', '/a(b)/c', 403],
    ['with a space in its path', '/x/..%2fmy%20files/x', 403],
    ['with a space that is encoded twice', '/my%2520files/x', 403],
    ['not by a query', '/x?a=/..%2fadmin', 200],
  ])('%s', async (_, target, status) => {
    expect(await ask(target)).toBe(status)
  })

  test('by its methods only', async () => {
    expect(await ask('/writes%2fx', { method: 'POST' })).toBe(403)
    expect(await ask('/writes%2fx')).toBe(200)
  })

  test('and who may pass its window passes', async () => {
    const bypasses = [{ addresses: ['127.0.0.2'], header: undefined }]
    await plane.tell({ type: 'closed-routes', closedRoutes: [CLOSED('closed', bypasses)] })
    expect(await ask('/closed%2fx', { from: '127.0.0.2' })).toBe(200)
    expect(await ask('/closed%2fx')).toBe(503)
  })

  test('and what is forbidden costs nothing of a rate, and is counted', async () => {
    const before = plane.counters.total(plane.poolSlot, TOTAL.forbidden)
    const from = '127.0.1.250'
    expect(await ask('/limited/..%2fadmin', { from })).toBe(403)
    expect(await ask('/limited', { from })).toBe(200)
    expect(plane.counters.total(plane.poolSlot, TOTAL.forbidden)).toBe(before + 1)
  })
})

test('a path that can be read in too many ways is refused', async () => {
  expect(await ask(`/%${'25'.repeat(3000)}41`)).toBe(403)
})

describe('upstreams that ignore case', () => {
  test.each([
    ['/BC/Admin/x', 403],
    ['/bc/admin/x', 403],
    ['/BC/ADMIN', 403],
    ['/bc/%41DMIN%2fx', 403],
    ['/BC/admin.', 403],
    ['/bc/(S(z))/admin', 403],
    ['/bc/(S(z))/%6Eo', 403],
    ['/bc/(S(z))/x%2fNO', 403],
    ['/bc/(S(z))/yes', 200],
    ['/bc/(S(y))/admin', 403],
    ['/bc/ad/(S(y))min', 403],
    ['/bc/admin(x)/y', 403],
    ['/BC/Drop', 403],
    ['/bc/dropAll', 403],
    ['/BC/Page', 200],
    ['/bc/page', 200],
  ])('%s: %i', async (target, status) => {
    expect(await ask(target)).toBe(status)
  })

  test('are those that say so', async () => {
    expect(await ask('/Admin/users')).toBe(200)
  })
})

describe('upstreams that cut off a language', () => {
  const host = 'odoo.example'

  test.each([
    ['/web/db', 403],
    ['/en/web/db/manager', 403],
    ['/pt_BR/web%2fdb', 403],
    ['/x/..;/en/web/db', 403],
    ['/shop/web/db', 403],
    ['/en/report/x', 403],
    ['/shop/report', 403],
    ['/en/web/login', 200],
    ['/web/login', 200],
  ])('%s: %i', async (target, status) => {
    expect(await ask(target, { host })).toBe(status)
  })

  test('do not make an open route a closed one, though it looks like a language', async () => {
    expect(await ask('/shop/cart', { host, from: '127.0.0.3' })).toBe(200)
    expect(await ask('/cart', { host, from: '127.0.0.3' })).toBe(403)
  })
})

describe('a method in another case', () => {
  // RFC 9110 9.1 tells `post` from POST; an application that doesn't must not be reached that way.
  test.each(['post', 'Post', 'POST'])('%s is held to what protects POST', async method => {
    expect(await ask('/writes', { method })).toBe(403)
    expect(await ask('/writes', { method, from: '127.0.0.2' })).toBe(200)
  })
})

describe('the example for Odoo keeps people out of the database manager', () => {
  let odoo: DataPlane

  beforeAll(async () => {
    const example = parse(readFileSync(resolve(EXAMPLES, 'odoo.yaml'), 'utf8')) as {
      routes: object[]
      pools: Record<string, { upstreams: { url: string }[] }>
    }
    for (const { upstreams } of Object.values(example.pools)) {
      for (const each of upstreams) each.url = `http://127.0.0.1:${upstream.port}`
    }
    odoo = await startDataPlane({ routes: example.routes, pools: example.pools })
  })

  afterAll(() => odoo?.stop())

  test.each([
    '/web/database/manager',
    '/en/web/database/manager',
    '/pt_BR/web/database/selector',
    '/sr@latin/web/database/manager',
    '/fr%2fweb%2fdatabase/manager',
    '/report/..%2fweb/database/manager',
    '/websocket/..%2fweb/database/manager',
    '/en/xmlrpc/2/db',
    '/longpolling%2f../xmlrpc/db',
  ])('%s', async target => {
    expect(await ask(target, { port: odoo.port })).toBe(403)
    expect(upstream.requests).toEqual([])
  })

  test.each(['/', '/en', '/en/web/login', '/web', '/web/image/a%20b', '/websocket', '/report/pdf/x'])(
    'but lets them have %s',
    async target => expect(await ask(target, { port: odoo.port })).toBe(200),
  )
})
