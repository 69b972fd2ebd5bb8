// vigia route: what it says would happen to a request is what happens to it, by the vigia that runs and by its file.

import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RequestExplanation } from '../../../src/admin/contract/explanations.ts'
import type { RouteExplanation } from '../../../src/shared/explain/route-explanation.ts'
import { vigiaCommand } from '../../support/command.ts'
import { lendVigia } from '../../support/lent-vigia.ts'
import { ask } from '../../support/raw-client.ts'
import { RawUpstream } from '../../support/raw-upstream.ts'
import { until } from '../../support/until.ts'
import { fetchText, type Vigia } from '../../support/vigia.ts'
import { field } from '../../support/wire.ts'

let vigia: Vigia
let upstream: RawUpstream

const CONFIG = {
  trustedProxies: ['127.0.0.1'],
  accessLog: true,
  routes: [
    { name: 'closed', match: { path: '/closed' }, pool: 'erp', access: { allow: ['192.0.2.1'] } },
    { name: 'denied', match: { path: '/db' }, pool: 'erp', access: { denyPaths: ['/db/manager*'] } },
    { name: 'small', match: { path: '/small' }, pool: 'erp', maxBody: '4B' },
    { name: 'window', match: { path: '/window' }, pool: 'erp' },
    { name: 'host', match: { host: 'other.example' }, pool: 'erp' },
    { name: 'post', match: { path: '/only', method: 'POST' }, pool: 'erp', retry: { idempotencyKey: true } },
    { name: 'nobody', match: { path: '/nobody' }, pool: 'gone' },
    { name: 'web', match: { host: 'a.example' }, pool: 'erp' },
  ],
  maintenance: [
    {
      name: 'update',
      route: 'window',
      start: '2020-01-01T00:00',
      duration: '24h',
      repeat: 'FREQ=DAILY',
      timeZone: 'UTC',
      behaviour: 'answer',
      reason: 'new release',
      bypass: { addresses: ['192.0.2.9'] },
    },
  ],
}

beforeAll(async () => {
  upstream = await RawUpstream.start()
  const erp = { health: 'off', upstreams: [{ name: 'erp-1', url: `http://127.0.0.1:${upstream.port}` }] }
  const gone = { health: { interval: '1s' }, upstreams: [{ name: 'x', url: 'http://127.0.0.1:1' }] }
  vigia = await lendVigia({ config: { ...CONFIG, pools: { erp, gone } } })
  await until('the lost one is out', async () => (await vigia.status()).pools[1]?.upstreams[0]?.state === 'out')
})
afterAll(async () => {
  await vigia.stop()
  await upstream.close()
})

/** As the access log has it; '' = it went to an upstream and back. */
interface Outcome {
  readonly status: number
  readonly route: string
  readonly code: string
}

async function asked(method: string, target: string, fields: readonly string[]): Promise<RouteExplanation> {
  const answer = await fetch(`http://127.0.0.1:${vigia.adminPort}/route`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ method, url: target, headers: fields }),
  })
  expect(answer.status).toBe(200)
  return (await answer.json()) as RouteExplanation
}

async function happens(method: string, target: string, fields: readonly string[]): Promise<Outcome> {
  const length = fields.find(each => /^content-length:/i.test(each))
  const body = 'x'.repeat(Number(length?.split(':')[1] ?? 0))
  const text = `${method} ${target} HTTP/1.1\r\n${fields.map(each => `${each}\r\n`).join('')}\r\n${body}`
  const answer = await ask(vigia.port, text, method)
  const id = field(answer, 'x-request-id')
  // What is malformed is no request, and has no line.
  const { stories } = JSON.parse((await fetchText(vigia.adminPort, `/requests/${id}`)).body) as RequestExplanation
  if (stories[0]?.method === '') return { status: answer.status, route: '', code: stories[0].end }
  const line = await until('its line', async () =>
    vigia
      .stdout()
      .split('\n')
      .find(each => each.includes(`"requestId":"${id}"`)),
  )
  const { route, end } = JSON.parse(line) as { route: string; end: string }
  return { status: answer.status, route, code: end === 'complete' ? '' : end }
}

const HOST = 'Host: a.example'

describe('what is said is what happens', () => {
  test.each([
    ['GET', '/', [HOST]],
    ['GET', '/only', [HOST]],
    ['POST', '/only', [HOST, 'Content-Length: 3', 'Idempotency-Key: "1"']],
    ['GET', '/', ['Host: elsewhere.example']],
    ['GET', '/', ['Host: OTHER.example:8080']],
    ['GET', '/closed', [HOST]],
    ['GET', '/closed', [HOST, 'X-Forwarded-For: 192.0.2.1']],
    ['GET', '/db/manager', [HOST]],
    ['GET', '/db', [HOST]],
    // What a server may read as another route's path is protected as that.
    ['GET', '/x/..%2fdb/manager', [HOST]],
    ['GET', '/x;y/../closed', [HOST]],
    ['GET', '//closed/%61', [HOST]],
    ['POST', '/small', [HOST, 'Content-Length: 5']],
    ['POST', '/small', [HOST, 'Content-Length: 4']],
    ['GET', '/window', [HOST]],
    ['GET', '/window', [HOST, 'X-Forwarded-For: 192.0.2.9']],
    ['GET', '/nobody', [HOST]],
    ['OPTIONS', '/', [HOST, 'Max-Forwards: 0']],
    ['GET', '/../x', [HOST]],
    ['GET', '/', [HOST, HOST]],
    ['GET', '/', [HOST, 'Bad\x01Name: x']],
    ['GET', '/', [HOST, 'Transfer-Encoding: gzip']],
  ])('%s %s %j', async (method, target, fields) => {
    const { answer, route } = await asked(method, target, fields)
    const real = await happens(method, target, fields)
    const said = { status: answer?.status ?? 200, route: route?.name ?? '', code: answer?.code ?? '' }
    expect({ ...said, code: said.code === 'last-hop' ? '' : said.code }).toEqual(real)
  })
})

test('nobody is asked, nothing is counted', async () => {
  const before = await vigia.status()
  const seen = upstream.connections.length
  await asked('GET', '/closed', [HOST])
  await asked('GET', '/', [HOST])
  const after = await vigia.status()
  expect(upstream.connections.length).toBe(seen)
  expect(after.pools.map(({ answers }) => answers)).toEqual(before.pools.map(({ answers }) => answers))
})

test('the file says the same as the vigia that runs', async () => {
  for (const [target, fields] of [
    ['/closed', [HOST]],
    ['/window', [HOST]],
    ['/x/..%2fdb/manager', [HOST, 'Cookie: a=b']],
  ] as const) {
    const live = await asked('GET', target, fields)
    const headers = fields.flatMap(each => ['-H', each])
    const { code, stdout } = await vigiaCommand(['route', 'GET', target, '-c', vigia.configFile, ...headers, '--json'])
    expect(code).toBe(live.answer === undefined ? 0 : 1)
    const { pool: _, ...onFile } = JSON.parse(stdout) as RouteExplanation
    const { pool: __, ...running } = live
    expect(onFile).toEqual(running)
  }
})

describe('in words', () => {
  const route = (...args: string[]) =>
    vigiaCommand(['route', ...args, '--admin', `http://127.0.0.1:${vigia.adminPort}`])

  test('a request that goes on: why not the routes before, among whom, and whether it is repeated', async () => {
    const { code, stdout } = await route('POST', 'http://a.example/only', '-H', 'Content-Length: 0', '-H', 'TE: x')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^POST \/only goes to pool erp by route post\.\n/)
    expect(stdout).toContain('  closed: another path\n')
    expect(stdout).toContain('  host: another host\n')
    expect(stdout).toContain('erp-1: available, 100% of new requests')
    expect(stdout).toContain('Nothing was sent: sent again')
    expect(stdout).toMatch(/It broke off after it was sent: not sent again, .*twice/)
    expect(stdout).toContain('IN DOUBT')
    expect(stdout).toContain('Fields that do not go up: te.')
  })

  test('a refused one: by which rule', async () => {
    const { code, stdout } = await route('/x/..%2fdb/manager', '-H', HOST)
    expect(code).toBe(1)
    expect(stdout).toContain('is answered 403 by vigia itself: forbidden (route web, pool erp).')
    expect(stdout).toContain(
      'Route denied, to which its path leads where a server reads it in another way, lets nobody',
    )
    expect((await route('/closed', '-H', HOST)).stdout).toContain('Route closed does not let this address in')
  })

  test('what can not be meant is said in a line', async () => {
    expect((await route('GET', 'ftp://a')).stderr).toContain('"ftp://a" is no URL; give http://, https:// or a path')
    expect((await route('/', '-H', 'no field')).stderr).toContain('headers.0 is no field')
    expect((await route('/', '--listener', 'x')).stderr).toContain('no listener called "x"; there is web')
    const missing = await vigiaCommand(['route', '/', '-c', '/nowhere.yaml'])
    expect(missing).toMatchObject({ code: 2, stdout: '' })
    expect(await readFile(vigia.configFile, 'utf8')).toContain('closed')
  })
})
