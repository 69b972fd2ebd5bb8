// The admin listener with tokens, over real sockets and with the real command line; one vigia for all of it.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type IncomingHttpHeaders, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ControlEvent } from '../../../src/admin/contract/events.ts'
import type { InDoubtReport } from '../../../src/admin/contract/in-doubt.ts'
import type { StatusReport } from '../../../src/admin/contract/status.ts'
import type { UpstreamReport } from '../../../src/admin/contract/upstreams.ts'
import { PROGRAM } from '../../support/bundles.ts'
import { vigiaCommand } from '../../support/command.ts'
import { ask } from '../../support/raw-client.ts'
import { RawUpstream } from '../../support/raw-upstream.ts'
import { until } from '../../support/until.ts'
import { startVigia, type Vigia } from '../../support/vigia.ts'
import { field } from '../../support/wire.ts'

const ROLES = ['read', 'operate', 'admin'] as const
type Role = (typeof ROLES)[number]
const tokenOf = (role: Role) => `vigia_${role}_${'x'.repeat(32)}`
const sha256 = (token: string) => createHash('sha256').update(token).digest('hex')
const plan = (role: Role) => ({ name: `${role}-token`, role, hash: `sha256:${sha256(tokenOf(role))}` })
const ADMIN = { tokens: ROLES.map(plan) }

let folder: string
let upstream: RawUpstream
let vigia: Vigia

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vigia-admin-'))
  for (const role of ROLES) writeFileSync(join(folder, role), `${tokenOf(role)}\n`)
  // Takes each request, and breaks the connection instead of an answer.
  upstream = await RawUpstream.start(async arrival => {
    await arrival.whole()
    arrival.connection.reset()
  })
  vigia = await startVigia({ upstreams: [upstream.port, upstream.port], config: { admin: ADMIN } })
})
afterAll(async () => {
  await vigia?.stop()
  await upstream?.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Asked {
  readonly method?: string
  readonly token?: string | undefined
  readonly body?: object
  /** Address to ask from. */
  readonly from?: string
}
interface Answered {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

function call(path: string, { method = 'GET', token, body, from }: Asked = {}): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const payload = method === 'GET' ? undefined : JSON.stringify(body ?? {})
    const headers = {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(payload === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
    }
    const sent = request(
      {
        host: '127.0.0.1',
        port: vigia.adminPort,
        path,
        method,
        headers,
        agent: false,
        ...(from ? { localAddress: from } : {}),
      },
      response => {
        let text = ''
        response.setEncoding('utf8').on('data', piece => {
          text += piece
        })
        response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }))
      },
    )
    sent.on('error', reject)
    sent.end(payload)
  })
}

interface ApiDocument {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<Record<string, { readonly responses: Record<string, { content?: Record<string, { schema: object }> }> }>>
    >
  >
}
const apiDocument = async () =>
  JSON.parse((await call('/openapi.json', { token: tokenOf('read') })).text) as ApiDocument
const concrete = (path: string) => path.replace(/\{\w+\}/g, 'nothing') + (path === '/events' ? '?follow=false' : '')

function roleFor(method: string, path: string): Role | 'anyone' {
  if (path === '/healthz' || path === '/readyz') return 'anyone'
  // It only asks, but a request with its fields has no room in a URL.
  if (method === 'get' || path === '/route') return 'read'
  // What a held request says is about people.
  return path.startsWith('/config') || path.endsWith('/content') ? 'admin' : 'operate'
}

test('each route is for its role and those above it, and for nobody without a token', async () => {
  const { paths } = await apiDocument()
  const routes = Object.entries(paths).flatMap(([path, of]) => Object.keys(of).map(method => ({ method, path })))
  expect(routes.length).toBeGreaterThan(15)
  for (const { method, path } of routes) {
    const needed = roleFor(method, path)
    const status = async (token?: string) =>
      (await call(concrete(path), { method: method.toUpperCase(), token })).status
    const what = `${method} ${path}`
    if (needed === 'anyone') expect(await status(), what).toBe(200)
    else {
      expect([401, 429], what).toContain(await status())
      expect([401, 429], what).toContain(await status('vigia_wrong'))
      for (const role of ROLES) {
        const may = ROLES.indexOf(role) >= ROLES.indexOf(needed)
        const answered = await status(tokenOf(role))
        if (may) expect([200, 400, 404, 409, 422, 503], `${what} as ${role}`).toContain(answered)
        else expect(answered, `${what} as ${role}`).toBe(403)
      }
    }
  }
})

test('answers are as the description says, problems too', async () => {
  const api = await apiDocument()
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema(api, 'api')
  const pointer = (...steps: string[]) => steps.map(step => step.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')
  for (const [path, operations] of Object.entries(api.paths)) {
    const { status, headers, text } = await call(concrete(path), {
      method: Object.keys(operations)[0]!.toUpperCase(),
      token: tokenOf('admin'),
    })
    const type = headers['content-type']!.split(';', 1)[0]!
    const [method, operation] = Object.entries(operations)[0]!
    const described = operation.responses[status]?.content?.[type]
    expect(described, `${method} ${path}: ${status} ${type} ${text}`).toBeDefined()
    if (!type.includes('json')) continue
    const at = pointer('paths', path, method, 'responses', String(status), 'content', type, 'schema')
    const validate = ajv.compile({ $ref: `api#/${at}` })
    validate(JSON.parse(text))
    expect(validate.errors, `${method} ${path}`).toBeNull()
  }
})

test('the sixth request without a right token is told to wait', async () => {
  const from = '127.0.0.7'
  const statuses: number[] = []
  for (let i = 0; i < 5; i += 1) statuses.push((await call('/status', { token: `wrong-${i}`, from })).status)
  const sixth = await call('/status', { token: 'wrong', from })
  expect([...statuses, sixth.status]).toEqual([401, 401, 401, 401, 401, 429])
  expect(Number(sixth.headers['retry-after'])).toBeGreaterThan(0)
  const metrics = await call('/metrics', { token: tokenOf('read') })
  expect(Number(/^vigia_admin_refusals_total (\d+)$/m.exec(metrics.text)?.[1])).toBeGreaterThanOrEqual(6)
  expect(vigia.stderr()).not.toContain('wrong-1')
})

const upstreamOf = async (name: string): Promise<UpstreamReport> => {
  const report = JSON.parse((await call('/status', { token: tokenOf('read') })).text) as StatusReport
  return report.pools[0]!.upstreams.find(each => each.name === name)!
}

test('the command line takes its token from a file or the environment, and is told what is wrong without one', async () => {
  const admin = ['--admin', `127.0.0.1:${vigia.adminPort}`]
  const weight = ['weight', 'erp/erp-1', '25%', '--reason', 'new disks', '--by', 'nobody']
  const [without, reader, operator] = await Promise.all([
    vigiaCommand(['status', ...admin]),
    vigiaCommand([...weight, ...admin], undefined, { VIGIA_TOKEN: tokenOf('read') }),
    vigiaCommand([...weight, ...admin, '--token-file', join(folder, 'operate')], undefined, { VIGIA_TOKEN: 'ignored' }),
  ])
  expect([without.code, without.stderr]).toEqual([
    2,
    expect.stringMatching(/^vigia: vigia at 127\.0\.0\.1:\d+: .*token.*\n$/),
  ])
  expect([reader.code, reader.stderr]).toEqual([
    1,
    'vigia: weight erp/erp-1 is refused: the token read-token has the role read, and this needs operate\n',
  ])
  expect([operator.stderr, operator.code]).toEqual(['', 0])
  expect(operator.stdout).toBe('erp/erp-1 is available: weight 25 in the place of 100\n')
  expect(await upstreamOf('erp-1')).toMatchObject({
    weight: 100,
    effectiveWeight: 25,
    weightOverride: { weight: 25, percent: 25, reason: 'new disks', by: 'operate-token' },
    why: 'not probed; weight 25% of its weight, by operate-token: new disks',
  })
})

test('a weight survives a reload, also of another configured weight, and is taken back; the last one can’t be set to 0', async () => {
  const path = '/pools/erp/upstreams/erp-1/weight'
  const token = tokenOf('operate')
  const change = (body: object, at = path) => call(at, { method: 'POST', token, body: { reason: 'x', ...body } })
  expect((await change({ percent: 50 })).status).toBe(200)
  const upstreams = [1, 2].map(n => ({ name: `erp-${n}`, url: `http://127.0.0.1:${upstream.port}`, weight: 40 }))
  await vigia.writeConfig({ admin: ADMIN, pools: { erp: { health: 'off', upstreams } } })
  vigia.kill('SIGHUP')
  await until('the other weight is in use', async () => (await upstreamOf('erp-1')).weight === 40)
  expect(await upstreamOf('erp-1')).toMatchObject({ effectiveWeight: 20, weightOverride: { percent: 50 } })
  expect((await change({ weight: 0 }, '/pools/erp/upstreams/erp-2/weight')).status).toBe(200)
  const refused = await change({ weight: 0 })
  expect([refused.status, JSON.parse(refused.text)]).toEqual([
    409,
    expect.objectContaining({ detail: expect.stringContaining('ask with force') }),
  ])
  expect((await change({ weight: 0, force: true })).status).toBe(200)
  for (const name of ['erp-1', 'erp-2']) await change({ weight: null }, `/pools/erp/upstreams/${name}/weight`)
  expect(await upstreamOf('erp-1')).toMatchObject({ effectiveWeight: 40, weightOverride: null })
  for (const body of [{}, { weight: 1001 }, { weight: -1 }, { percent: 5, weight: 5 }, { weight: '5' }])
    expect((await change(body)).status, JSON.stringify(body)).toBe(400)
})

test('events are followed from the command line; a request in doubt appears, is settled, and says so', async () => {
  const env = { ...process.env, VIGIA_TOKEN_FILE: join(folder, 'read') }
  const args = ['events', '-f', '--json', '--admin', `127.0.0.1:${vigia.adminPort}`]
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'inherit'], env })
  let stdout = ''
  child.stdout.on('data', piece => {
    stdout += piece
  })
  const events = () =>
    stdout
      .split('\n')
      .slice(0, -1)
      .map(line => JSON.parse(line) as ControlEvent)
  try {
    const answer = await ask(
      vigia.port,
      'POST /orders HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello',
      'POST',
    )
    const requestId = field(answer, 'x-request-id')!
    await until('it is told of', () =>
      events().find(({ type, detail }) => type === 'in-doubt' && detail.requestId === requestId),
    )
    const admin = ['--admin', `127.0.0.1:${vigia.adminPort}`, '--token-file', join(folder, 'operate')]
    const note = 'the order is there'
    const settled = await vigiaCommand(['in-doubt', 'resolve', requestId, '--as', 'done', '--note', note, ...admin])
    expect([settled.stderr, settled.code]).toEqual(['', 0])
    expect(settled.stdout).toContain(`done, by operate-token at`)
    const event = await until('it is told that it is settled', () => events().find(({ type }) => type === 'resolution'))
    expect(event).toMatchObject({ by: 'operate-token', pool: 'erp', detail: { requestId, resolution: 'done', note } })
    const list = await vigiaCommand(['in-doubt', ...admin])
    expect([list.code, list.stdout]).toEqual([0, '0 in doubt, 1 since the start\n'])
    const report = JSON.parse((await call('/in-doubt', { token: tokenOf('read') })).text) as InDoubtReport
    expect(report).toMatchObject({
      total: 1,
      open: 0,
      records: [{ requestId, resolved: { resolution: 'done', by: 'operate-token', note } }],
    })
    const unknown = await vigiaCommand(['in-doubt', 'resolve', 'no-such', '--as', 'ignored', ...admin])
    expect([unknown.code, unknown.stderr]).toEqual([
      1,
      expect.stringMatching(/^vigia: in-doubt resolve no-such is refused: .*\n$/),
    ])
    const types = new Set(events().map(({ type }) => type))
    expect([...types]).toEqual(expect.arrayContaining(['transition', 'reload', 'in-doubt', 'resolution']))
  } finally {
    child.kill('SIGKILL')
  }
})

test('a token that leaves the configuration is refused after the reload, and another one is let in', async () => {
  const made = await vigiaCommand(['token', '--name', 'ana', '--role', 'read', '--json'])
  const { token, name, role, hash } = JSON.parse(made.stdout) as Record<string, string>
  expect([name, role, hash]).toEqual(['ana', 'read', `sha256:${sha256(token!)}`])
  await vigia.writeConfig({ admin: { tokens: [{ name, role, hash }] } })
  vigia.kill('SIGHUP')
  await until('the new token is let in', async () => (await call('/status', { token })).status === 200)
  expect((await call('/status', { token: tokenOf('admin'), from: '127.0.0.8' })).status).toBe(401)
})
