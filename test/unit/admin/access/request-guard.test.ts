// Every unsafe route is guarded without a word of its own: those that there are, and one that forgets.

import { createHash } from 'node:crypto'
import type { FastifyInstance, RouteOptions } from 'fastify'
import { expect, test } from 'vitest'
import { AdminAccess } from '../../../../src/admin/access/admin-access.ts'
import type { AdminParts } from '../../../../src/admin/contract/parts.ts'
import type { ControlView } from '../../../../src/admin/contract/status.ts'
import { buildAdmin } from '../../../../src/admin/server.ts'
import { Feed } from '../../../../src/control/events/feed.ts'

const SAFE = ['GET', 'HEAD', 'OPTIONS']
const TOKENS = { reader: 'read', operator: 'operate', boss: 'admin' } as const
/** Whatever is asked of it is answered; nothing of it is to be reached here. */
const anything: unknown = new Proxy(() => anything, { get: (_, key) => (key === 'then' ? undefined : anything) })

interface Route {
  readonly method: string
  readonly url: string
  /** Why it says that it need not be guarded. */
  readonly unguarded: string | undefined
}

/** A server with all of its routes, and with some that a test adds. */
async function setUp({ boundTo = '127.0.0.1', withTokens = false, add = (_: FastifyInstance) => {} } = {}) {
  const access = new AdminAccess()
  if (withTokens)
    access.use(
      Object.entries(TOKENS).map(([name, role]) => ({
        name,
        role,
        sha256: createHash('sha256').update(`t-${name}`).digest('hex'),
      })),
    )
  const parts = anything as Required<AdminParts>
  const app = buildAdmin(anything as ControlView, () => {}, {
    boundTo,
    access,
    operations: parts.operations,
    reload: parts.reload,
    maintenance: parts.maintenance,
    history: parts.history,
    configurations: parts.configurations,
    events: new Feed(),
  })
  const routes: Route[] = []
  app.addHook('onRoute', ({ method, url, config }: RouteOptions) => {
    for (const each of [method].flat()) routes.push({ method: each, url, unguarded: config?.unguarded })
  })
  add(app)
  await app.ready()
  const ask = async (method: string, url: string, headers: Record<string, string> = {}, payload = '{}') => {
    const { statusCode, json } = await app.inject({
      method: method as 'POST',
      url: url.replaceAll(/:\w+/g, 'x'),
      headers: { 'content-type': 'application/json', host: '127.0.0.1', ...headers },
      payload,
    })
    return { status: statusCode, json }
  }
  return { ask, routes }
}

/** What a page in a browser may have sent. */
const FROM_BROWSERS: readonly (readonly [Record<string, string>, number])[] = [
  [{ host: 'evil.example' }, 403],
  [{ origin: 'http://127.0.0.1:9900' }, 403],
  [{ origin: 'null' }, 403],
  [{ 'sec-fetch-site': 'cross-site' }, 403],
  [{ 'sec-fetch-site': 'same-site' }, 403],
  [{ 'content-type': 'text/plain' }, 415],
  [{ 'content-type': 'application/x-www-form-urlencoded' }, 415],
]

const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE'] as const

test('a new route with an unsafe method is guarded without a word of its own, on the server and in a plugin', async () => {
  let reached = 0
  const add = (app: FastifyInstance) => {
    const handler = async () => {
      reached += 1
      return {}
    }
    for (const method of METHODS) {
      app.route({ method, url: '/new', handler })
      void app.register(async plugin => void plugin.route({ method, url: '/plugin/new', handler }))
    }
  }
  const { ask } = await setUp({ add })
  const elsewhere = await setUp({ add, boundTo: '0.0.0.0' })
  for (const method of METHODS) {
    for (const url of ['/new', '/plugin/new']) {
      for (const [headers, status] of FROM_BROWSERS)
        expect((await ask(method, url, headers)).status, `${method} ${JSON.stringify(headers)}`).toBe(status)
      const other = await elsewhere.ask(method, url)
      expect([other.status, other.json().detail]).toEqual([403, expect.stringContaining('bound to 0.0.0.0')])
    }
  }
  expect(reached).toBe(0)
  for (const method of METHODS) expect((await ask(method, '/new')).status).toBe(200)
})

test('with tokens it needs the role that operates, or that of an admin below /config, and is guarded all the same', async () => {
  const add = (app: FastifyInstance) => {
    app.post('/new', async () => ({}))
    app.post('/config/new', async () => ({}))
  }
  const { ask } = await setUp({ add, withTokens: true, boundTo: '0.0.0.0' })
  const as = (name: string) => ({ authorization: `Bearer t-${name}` })
  for (const [url, allowed] of [
    ['/new', ['operator', 'boss']],
    ['/config/new', ['boss']],
  ] as const) {
    expect((await ask('POST', url)).status).toBe(401)
    for (const name of Object.keys(TOKENS))
      expect((await ask('POST', url, as(name))).status, `${name} ${url}`).toBe(
        (allowed as readonly string[]).includes(name) ? 200 : 403,
      )
    for (const [headers, status] of FROM_BROWSERS.filter(([{ host }]) => host === undefined))
      expect((await ask('POST', url, { ...as('boss'), ...headers })).status).toBe(status)
  }
})

test('each unsafe route of the server is guarded, before its body is read', async () => {
  const { ask, routes } = await setUp()
  const elsewhere = await setUp({ boundTo: '0.0.0.0' })
  const unsafe = routes.filter(({ method, unguarded }) => !SAFE.includes(method) && unguarded === undefined)
  expect(unsafe.map(({ method, url }) => `${method} ${url}`).sort()).toEqual([
    'DELETE /maintenance/:name',
    'POST /certificates/:name/renew',
    'POST /config/apply',
    'POST /config/check',
    'POST /config/rollback',
    'POST /in-doubt/:requestId',
    'POST /maintenance',
    'POST /maintenance/:name/confirm',
    'POST /maintenance/:name/end',
    'POST /maintenance/:name/extend',
    'POST /maintenance/:name/uncancel',
    'POST /pools/:pool/disable',
    'POST /pools/:pool/drain',
    'POST /pools/:pool/enable',
    'POST /pools/:pool/failback',
    'POST /pools/:pool/upstreams/:upstream/disable',
    'POST /pools/:pool/upstreams/:upstream/drain',
    'POST /pools/:pool/upstreams/:upstream/enable',
    'POST /pools/:pool/upstreams/:upstream/weight',
    'POST /reload',
  ])
  for (const { method, url } of unsafe) {
    for (const [headers, status] of FROM_BROWSERS)
      expect((await ask(method, url, headers, 'no JSON')).status, `${method} ${url} ${JSON.stringify(headers)}`).toBe(
        status,
      )
    expect((await elsewhere.ask(method, url, {}, 'no JSON')).status, `${method} ${url}`).toBe(403)
    // The same request past the guard: now somebody looks at its body.
    expect((await ask(method, url, {}, 'no JSON')).status, `${method} ${url}`).toBe(400)
  }
})

test('what says that it need not be guarded only says which method there is', async () => {
  const { ask, routes } = await setUp()
  const unguarded = routes.filter(each => each.unguarded !== undefined && each.method !== 'GET')
  expect(unguarded.length).toBeGreaterThan(0)
  for (const { method, url } of unguarded)
    expect((await ask(method, url, { origin: 'null' })).status, `${method} ${url}`).toBe(405)
})
