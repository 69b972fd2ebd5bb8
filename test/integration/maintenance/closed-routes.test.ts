// What a request meets in a maintenance window: the answer, who gets past it, and what is counted. One worker, told as control tells it.

import { hash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { TOTAL } from '../../../src/shared/counter-cells.ts'
import type { ClosedRoute } from '../../../src/shared/messages.ts'
import { type DataPlane, startDataPlane } from '../../support/data-plane.ts'
import { ask, exchange, RawClient } from '../../support/raw-client.ts'
import { RawUpstream } from '../../support/raw-upstream.ts'
import { until } from '../../support/until.ts'
import { field } from '../../support/wire.ts'

const HOST = 'Host: erp.example'
const HTML = 'Accept: text/html,application/xhtml+xml,*/*;q=0.8'
const JSON_WANTED = 'Accept: application/json'

let upstream: RawUpstream
let plane: DataPlane
let folder: string
let accessLog: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigia-closed-routes-'))
  accessLog = join(folder, 'access.log')
  upstream = await RawUpstream.start()
  plane = await startDataPlane(
    {
      language: 'es',
      trustedProxies: ['127.0.0.9'],
      accessLog: { path: accessLog },
      routes: [
        { name: 'api', match: { path: '/api' }, pool: 'erp', integration: true },
        { name: 'shop', match: { path: '/shop' }, pool: 'erp' },
        { name: 'limited', match: { path: '/limited' }, pool: 'erp', rateLimit: { rate: '1/h', burst: 1 } },
        { name: 'small', match: { path: '/small' }, pool: 'erp', maxBody: '10B' },
        { name: 'bus', match: { path: '/bus' }, pool: 'erp', longPoll: true },
        { name: 'erp', pool: 'erp', access: { denyPaths: ['/web/database*'] } },
      ],
      pools: {
        erp: {
          health: 'off',
          retryAfter: '77s',
          upstreams: [{ name: 'erp-1', url: `http://127.0.0.1:${upstream.port}` }],
        },
      },
    },
    { closedRoutes: [closedRoute('erp', { reason: 'From the start' })] },
  )
})

afterAll(async () => {
  await plane?.stop()
  await upstream?.close()
  await rm(folder, { recursive: true, force: true })
})

beforeEach(() => upstream.forget())
afterEach(() => expect(plane.said).toEqual([]))

function closedRoute(route: string, more: Partial<ClosedRoute> = {}): ClosedRoute {
  const untilMs = Date.now() + 600_000
  const rest = { window: 'patching', reason: 'Monthly <patching>', timeZone: 'America/Sao_Paulo', bypasses: [] }
  return { route, ...rest, untilMs, ...more }
}

const close = (...closedRoutes: readonly ClosedRoute[]) => plane.tell({ type: 'closed-routes', closedRoutes })
const total = (index: number) => plane.counters.total(plane.poolSlot, index)
const get = (target: string, ...fields: readonly string[]) => head('GET', target, ...fields)
const head = (method: string, target: string, ...fields: readonly string[]) =>
  `${[`${method} ${target} HTTP/1.1`, HOST, ...fields].join('\r\n')}\r\n\r\n`

test('a worker that starts within a window answers from its first request on', async () => {
  const answer = await ask(plane.port, get('/web', HTML, 'Accept-Language: en'))
  expect([answer.status, answer.body.toString().includes('From the start')]).toEqual([503, true])
})

describe('the answer', () => {
  beforeAll(() =>
    close(closedRoute('erp'), closedRoute('api'), closedRoute('limited'), closedRoute('small'), closedRoute('bus')),
  )

  test('is a page in the language of the client, with Retry-After from the end of the window', async () => {
    const answer = await ask(plane.port, get('/web', HTML, 'Accept-Language: pt-BR,pt;q=0.9,en;q=0.8'))
    expect([answer.status, answer.reason]).toEqual([503, expect.stringMatching(/^Manutencao ate \d\d:\d\d$/)])
    expect(field(answer, 'content-type')).toBe('text/html; charset=utf-8')
    expect(field(answer, 'content-language')).toBe('pt')
    expect(field(answer, 'cache-control')).toBe('no-store')
    expect(field(answer, 'vary')).toBe('Accept-Language, Accept')
    expect(Number(field(answer, 'retry-after'))).toBeGreaterThan(590)
    expect(Number(field(answer, 'retry-after'))).toBeLessThanOrEqual(660)
    const page = answer.body.toString()
    expect(page).toContain('<html lang="pt">')
    expect(page).toContain('Manutenção programada')
    expect(page).toContain('Monthly &#60;patching&#62;')
    expect(page).toContain(`Solicitação ${field(answer, 'x-request-id')}`)
    expect(upstream.received.length).toBe(0)
  })

  test('is in the configured language for who says none', async () => {
    const answer = await ask(plane.port, get('/web', HTML))
    expect(field(answer, 'content-language')).toBe('es')
  })

  test('is JSON for programs', async () => {
    const answer = await ask(plane.port, get('/web', JSON_WANTED))
    const value = JSON.parse(answer.body.toString())
    expect(value).toMatchObject({ status: 503, code: 'maintenance', reason: 'Monthly <patching>' })
    expect(value.requestId).toBe(field(answer, 'x-request-id'))
    expect(String(value.retryAfterS)).toBe(field(answer, 'retry-after'))
    expect(Date.parse(value.until)).toBeGreaterThan(Date.now())
  })

  test('is JSON on integration routes, whatever the client accepts', async () => {
    const answer = await ask(plane.port, get('/api/orders', HTML))
    expect(JSON.parse(answer.body.toString()).code).toBe('maintenance')
  })

  test('to HEAD is the same without its body', async () => {
    const client = await RawClient.connect(plane.port)
    client.send(head('HEAD', '/web', HTML, 'Accept-Language: de') + get('/web', JSON_WANTED))
    const first = await client.final('HEAD')
    expect([first.status, first.body.length, field(first, 'content-language')]).toEqual([503, 0, 'de'])
    expect(Number(field(first, 'content-length'))).toBeGreaterThan(500)
    expect((await client.final()).status, 'in step').toBe(503)
    client.close()
  })

  test('leaves the connection as it was: requests go on, to open routes too', async () => {
    const client = await RawClient.connect(plane.port)
    for (const [target, status] of [
      ['/web', 503],
      ['/shop', 200],
      ['/web', 503],
      ['/shop', 200],
    ] as const) {
      client.send(get(target))
      expect((await client.final()).status, target).toBe(status)
    }
    expect(client.ending).toBe('open')
    client.close()
  })

  test('to a request with a body says that it was not carried out, and then the connection ends cleanly', async () => {
    const body = 'x'.repeat(100_000)
    const bytes = `${head('POST', '/web', HTML, 'Accept-Language: it', `Content-Length: ${body.length}`)}${body}`
    const { responses, ending, rest } = await exchange(plane.port, bytes, ['POST'])
    expect(responses.map(each => each.status)).toEqual([503])
    expect(responses[0]!.body.toString()).toContain('non è stata eseguita')
    expect(responses[0]!.body.toString()).not.toContain('refresh')
    expect([ending, rest.length, upstream.received.length]).toEqual(['fin', 0, 0])
  })

  test('comes without 100 to who waits for it before the body', async () => {
    const expecting = head('POST', '/web', JSON_WANTED, 'Content-Length: 5', 'Expect: 100-continue')
    const { responses, ending } = await exchange(plane.port, expecting, ['POST'])
    expect([responses.map(each => each.status), ending]).toEqual([[503], 'fin'])
  })

  test('is the same for a WebSocket', async () => {
    const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']
    const answer = await ask(plane.port, get('/web', ...upgrade, 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='))
    expect([answer.status, field(answer, 'retry-after') !== undefined]).toEqual([503, true])
    expect(field(answer, 'upgrade')).toBeUndefined()
  })

  test('is for what may be asked at all: what is forbidden stays so, and rates are kept', async () => {
    expect((await ask(plane.port, get('/web/database/manager'))).status).toBe(403)
    expect((await ask(plane.port, get('/limited'))).status).toBe(503)
    expect((await ask(plane.port, get('/limited'))).status).toBe(429)
  })

  test('is the window, not the size of the body', async () => {
    const answer = await ask(plane.port, head('POST', '/small', 'Content-Length: 5000'), 'POST')
    expect(answer.status).toBe(503)
  })
})

describe('the end', () => {
  test.each([
    ['is not known', undefined, 120, 132],
    ['has passed', -5_000, 120, 132],
    ['is a moment away', 300, 1, 132],
  ])('%s: there is a Retry-After of at least a second', async (_, inMs, least, most) => {
    await close(closedRoute('erp', { untilMs: inMs === undefined ? undefined : Date.now() + inMs }))
    const answer = await ask(plane.port, get('/web', JSON_WANTED))
    const seconds = Number(field(answer, 'retry-after'))
    expect(seconds).toBeGreaterThanOrEqual(least)
    expect(seconds).toBeLessThanOrEqual(most)
    if (least === 120) expect(JSON.parse(answer.body.toString()).until).toBeNull()
  })

  test('of a window opens its routes, and the next message says all there is', async () => {
    await close(closedRoute('erp'))
    expect((await ask(plane.port, get('/web'))).status).toBe(503)
    await close(closedRoute('shop'))
    expect((await ask(plane.port, get('/web'))).status).toBe(200)
    expect((await ask(plane.port, get('/shop'))).status).toBe(503)
    await close()
    expect((await ask(plane.port, get('/shop'))).status).toBe(200)
  })
})

describe('who verifies the release', () => {
  const header = { name: 'X-Verify', sha256: hash('sha256', 'release-17') }
  const asks = async (from: string, ...fields: readonly string[]) => {
    const client = await RawClient.connect(plane.port, { from })
    client.send(get('/web', ...fields))
    const { status } = await client.final()
    client.close()
    return status
  }

  test('passes by address, as it is believed, or by header', async () => {
    await close(closedRoute('erp', { bypasses: [{ addresses: ['127.0.0.2', '192.0.2.0/24'], header }] }))
    expect(await asks('127.0.0.2')).toBe(200)
    expect(await asks('127.0.0.1')).toBe(503)
    expect(await asks('127.0.0.1', 'x-verify: release-17')).toBe(200)
    expect(await asks('127.0.0.1', 'X-Verify: release-18')).toBe(503)
    expect(await asks('127.0.0.9', 'X-Forwarded-For: 192.0.2.7')).toBe(200)
    expect(await asks('127.0.0.1', 'X-Forwarded-For: 192.0.2.7'), 'from who is not trusted').toBe(503)
  })

  test('has to pass each of the windows that overlap', async () => {
    const here = { addresses: ['127.0.0.2'], header: undefined }
    await close(closedRoute('erp', { bypasses: [here, { addresses: [], header }] }))
    expect(await asks('127.0.0.2')).toBe(503)
    expect(await asks('127.0.0.1', 'X-Verify: release-17')).toBe(503)
    expect(await asks('127.0.0.2', 'X-Verify: release-17')).toBe(200)
  })
})

test('what a window answers is counted as planned, not as an error, and the access log says so', async () => {
  await close(closedRoute('erp'), closedRoute('bus'))
  const durations = () => Array.from({ length: 14 }, (_, i) => total(TOTAL.firstBucket + i)).reduce((a, b) => a + b)
  const errors = () => plane.counters.answers(plane.poolSlot, 5)
  const before = {
    planned: total(TOTAL.planned),
    errors: errors(),
    durations: durations(),
    exchanges: total(TOTAL.exchanges),
  }
  const answer = await ask(plane.port, get('/web/planned'))
  await ask(plane.port, get('/bus'))
  expect(total(TOTAL.planned) - before.planned).toBe(2)
  expect([errors(), durations()]).toEqual([before.errors, before.durations])
  expect(total(TOTAL.exchanges)).toBe(before.exchanges)
  const line = await until('the access log has the line', async () => {
    // What is buffered is written at a reload.
    await close()
    const lines = (await readFile(accessLog, 'utf8')).split('\n')
    return lines.find(each => each.includes('/web/planned'))
  })
  expect(JSON.parse(line)).toMatchObject({
    requestId: field(answer, 'x-request-id'),
    route: 'erp',
    pool: 'erp',
    upstream: '',
    status: 503,
    attempts: 0,
    end: 'maintenance',
    bytesOut: answer.body.length,
  })
})

test("vigia's own errors are in the client's language, too", async () => {
  await close()
  const german = await ask(plane.port, get('/web/database', HTML, 'Accept-Language: de-AT'))
  expect([german.status, field(german, 'content-language')]).toEqual([403, 'de'])
  expect(german.body.toString()).toContain('<h1>403 Zugriff verweigert</h1>')
  const nobodys = await exchange(plane.port, 'nonsense\r\n\r\n')
  expect(nobodys.responses[0]!.body.toString()).toContain('<html lang="es">')
})
