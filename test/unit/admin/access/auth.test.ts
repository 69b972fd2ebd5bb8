import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { AdminAccess } from '../../../../src/admin/access/admin-access.ts'
import { mayAct, TokenTable } from '../../../../src/admin/access/tokens.ts'
import type { ControlView } from '../../../../src/admin/contract/status.ts'
import { buildAdmin } from '../../../../src/admin/server.ts'

const sha256 = (token: string) => createHash('sha256').update(token).digest('hex')
const PLANS = (['read', 'operate', 'admin'] as const).map(role => ({
  name: `${role}er`,
  role,
  sha256: sha256(`t-${role}`),
}))

function setUp() {
  const clock = { nowMs: 1_000_000 }
  const failures: string[] = []
  const access = new AdminAccess({
    now: () => clock.nowMs,
    onFailure: (address, why) => failures.push(`${address} ${why}`),
  })
  access.use(PLANS)
  return { access, clock, failures }
}

test('a token is found by its hash, whichever place it has, and nothing else is', () => {
  const table = new TokenTable(PLANS)
  for (const { name, role } of PLANS) expect(table.find(`t-${role}`)).toEqual({ name, role })
  for (const wrong of ['', 't-', 't-reader', 't-read ', 'T-READ', sha256('t-read')])
    expect(table.find(wrong)).toBeUndefined()
})

test('roles are nested', () => {
  const roles = ['read', 'operate', 'admin'] as const
  expect(roles.map(role => roles.filter(needed => mayAct(role, needed)))).toEqual([
    ['read'],
    ['read', 'operate'],
    ['read', 'operate', 'admin'],
  ])
})

test('five requests without a right token are answered 401, more 429 with the time to wait, which then is enough', () => {
  const { access, clock, failures } = setUp()
  const statuses = Array.from({ length: 7 }, () => access.admit('192.0.2.1', 'wrong', 'read'))
  expect(statuses.map(each => 'status' in each && each.status)).toEqual([401, 401, 401, 401, 401, 429, 429])
  const { retryAfterS } = statuses[6] as { retryAfterS: number }
  expect(retryAfterS).toBe(10)
  clock.nowMs += 10_000
  expect(access.admit('192.0.2.1', undefined, 'read')).toMatchObject({ status: 401 })
  expect(access.admit('192.0.2.1', undefined, 'read')).toMatchObject({ status: 429 })
  expect(access.failures).toBe(9)
  // Each that was answered 401 is told, not the flood.
  expect(failures).toHaveLength(6)
})

test('who guessed too often does not get in with a right token either, but another address does, and so does one of the same /64 not', () => {
  const { access } = setUp()
  for (let i = 0; i < 6; i += 1) access.admit('2001:db8::1', 'wrong', 'read')
  expect(access.admit('2001:db8::1', 't-read', 'read')).toMatchObject({ status: 429 })
  expect(access.admit('2001:db8::2', 't-read', 'read')).toMatchObject({ status: 429 })
  expect(access.admit('2001:db8:0:1::1', 't-read', 'read')).toMatchObject({ name: 'reader' })
})

test('a broken script locks nobody out who was let in from there before, nor anybody on this machine', () => {
  const { access } = setUp()
  access.admit('192.0.2.1', 't-admin', 'read')
  for (const address of ['192.0.2.1', '127.0.0.1']) {
    for (let i = 0; i < 20; i += 1) access.admit(address, 'wrong', 'read')
  }
  expect(access.admit('192.0.2.1', 't-admin', 'admin')).toMatchObject({ name: 'adminer' })
  expect(access.admit('192.0.2.1', 't-read', 'read')).toMatchObject({ status: 429 })
  expect(access.admit('127.0.0.1', 't-read', 'read')).toMatchObject({ name: 'reader' })
})

test('a role that is too low is 403 and no failure', () => {
  const { access } = setUp()
  expect(access.admit('192.0.2.1', 't-read', 'operate')).toMatchObject({
    status: 403,
    detail: expect.stringContaining('operate'),
  })
  expect(access.failures).toBe(0)
})

test('other tokens take effect at once', () => {
  const { access } = setUp()
  const reader = access.admit('192.0.2.1', 't-read', 'read') as { name: string; role: 'read' }
  access.use(PLANS.map(plan => ({ ...plan })))
  expect(access.stillKnows(reader)).toBe(true)
  // Another token under the same name is another token.
  access.use(PLANS.map(plan => ({ ...plan, sha256: sha256('other') })))
  expect(access.stillKnows(reader)).toBe(false)
  access.use(PLANS.slice(1))
  expect(access.admit('192.0.2.1', 't-read', 'read')).toMatchObject({ status: 401 })
  access.use([])
  expect([access.isOpen, access.stillKnows(undefined), access.stillKnows(reader)]).toEqual([true, true, false])
})

function served() {
  const { access } = setUp()
  const calls: unknown[][] = []
  const record = (...args: unknown[]) => {
    calls.push(args)
    return { ok: true } as const
  }
  const operations = {
    drain: record,
    disable: record,
    enable: record,
    failback: record,
    weight: record,
    resolveInDoubt: record,
    renewCertificate: record,
  }
  const view = { status: () => ({ pools: [] }), inDoubt: () => ({ records: [] }) } as unknown as ControlView
  const app = buildAdmin(view, () => {}, { operations, boundTo: '0.0.0.0', access })
  const drain = (headers: Record<string, string>, body: object = { reason: 'x', by: 'somebody else' }) =>
    app.inject({
      method: 'POST',
      url: '/pools/erp/drain',
      headers: { 'content-type': 'application/json', ...headers },
      payload: body,
    })
  return { app, drain, calls }
}

test('whoever shows a token speaks in its name, from wherever, also to a listener that others can reach', async () => {
  const { drain, calls } = served()
  const response = await drain({ authorization: 'Bearer t-operate', host: 'vigia.example.com' })
  expect(response.statusCode).toBe(200)
  expect(calls[0]?.[1]).toMatchObject({ by: 'operateer' })
})

test.each([
  [{ origin: 'https://evil.example' }, 403],
  [{ 'sec-fetch-site': 'cross-site' }, 403],
  [{ 'content-type': 'text/plain' }, 415],
])('a right token does not open the door for %j', async (headers, status) => {
  const { drain, calls } = served()
  expect((await drain({ authorization: 'Bearer t-admin', ...headers } as Record<string, string>)).statusCode).toBe(
    status,
  )
  expect(calls).toEqual([])
})

test.each([
  ['Basic dXNlcjpwYXNz'],
  ['t-admin'],
  ['Bearer'],
  ['Bearer t-admin t-admin'],
  [`Bearer ${'x'.repeat(2000)}`],
])('Authorization: %s is no token', async authorization => {
  const response = await served().drain({ authorization })
  expect(response.statusCode).toBe(401)
  expect(response.headers['www-authenticate']).toBe('Bearer realm="vigia", error="invalid_token"')
  expect(response.headers['content-type']).toContain('application/problem+json')
})

test('what has no route needs a token too; healthz and readyz do not, and a token in the query counts nowhere else', async () => {
  const { app } = served()
  const status = async (url: string) => (await app.inject(url)).statusCode
  expect(await status('/nothing')).toBe(401)
  expect(await status('/healthz')).toBe(200)
  expect(await status('/status?token=t-admin')).toBe(401)
  expect((await app.inject({ url: '/status', headers: { authorization: 'bEARER  t-read' } })).statusCode).toBe(200)
})
