import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { probeHttp } from '../../../../src/control/upstreams/probes/http.ts'
import { probeTcp } from '../../../../src/control/upstreams/probes/tcp.ts'
import type { HttpProbe } from '../../../../src/plan/health.ts'
import type { UpstreamPlan } from '../../../../src/plan/pool.ts'
import { UpstreamAddresses } from '../../../../src/shared/upstream-addresses.ts'
import { UpstreamTable } from '../../../../src/shared/upstream-table.ts'
import { randomOf } from '../../../support/random.ts'
import { SOON_MS } from '../../../support/until.ts'
import { HTTP_HEALTH, TCP_HEALTH, upstreamPlan } from '../fixtures/snapshot.ts'

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8')
/** Of upstreamPlan. */
const TARGET = { host: '127.0.0.1' }
/** A busy machine is no failure. */
const HTTP_TO = { ...HTTP_HEALTH, timeoutMs: 10_000 }
const TCP_TO = { ...TCP_HEALTH, timeoutMs: 10_000 } as typeof TCP_HEALTH & { kind: 'tcp' }
const never = new AbortController().signal
const servers: { close: () => void; closeAllConnections?: () => void }[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections?.()
    server.close()
  }
})

async function listen(server: Server | ReturnType<typeof createTcpServer>): Promise<number> {
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
const serveHttp = (handler: RequestListener) => listen(createServer(handler))
const serveTls = (handler: RequestListener) =>
  listen(createTlsServer({ key: fixture('tls/node.key'), cert: fixture('tls/node.crt') }, handler))
const probe = (
  port: number,
  plan: Partial<HttpProbe> & { timeoutMs?: number } = {},
  more: Partial<UpstreamPlan> = {},
) => probeHttp({ ...HTTP_TO, ...plan }, { upstream: upstreamPlan('n', port, more), target: TARGET }, never)

test('an expected status is healthy', async () => {
  const port = await serveHttp((_request, response) => response.writeHead(204).end())
  expect(await probe(port)).toMatchObject({ ok: true, status: 204, error: undefined })
})

test('another status is unhealthy, and the error says which were expected', async () => {
  const port = await serveHttp((_request, response) => response.writeHead(503).end('no'))
  const statuses = [
    { from: 200, to: 299 },
    { from: 401, to: 401 },
  ]
  expect(await probe(port, { statuses })).toMatchObject({
    ok: false,
    status: 503,
    error: 'status 503, expected 200-299, 401',
  })
})

test('what a node says of itself is read from an answer that counts as healthy only', async () => {
  let status = 200
  const port = await serveHttp((_request, response) => {
    response.writeHead(status, { 'X-Vigia-State': 'Drain', 'X-Vigia-Weight': '25%' }).end()
  })
  expect((await probe(port, { hints: true })).hints).toEqual({
    drain: 'X-Vigia-State: drain',
    weight: 0.25,
    ignored: [],
  })
  expect((await probe(port, { hints: false })).hints).toEqual({ drain: undefined, weight: 1, ignored: [] })
  status = 503
  expect((await probe(port, { hints: true })).hints).toBeUndefined()
})

test('a 404 is healthy and asks for a drain where that was agreed, whatever the body should be', async () => {
  const port = await serveHttp((_request, response) => response.writeHead(404).end('not here'))
  expect(await probe(port, { drainOn404: true, bodyContains: 'ready' })).toMatchObject({
    ok: true,
    status: 404,
    hints: { drain: 'its probe answers 404' },
  })
  expect(await probe(port)).toMatchObject({ ok: false, status: 404 })
})

test('a POST with body, Host and headers that must answer 401 is asked as configured', async () => {
  let seen: { request: IncomingMessage; body: string } | undefined
  const port = await serveHttp((request, response) => {
    let body = ''
    request.on('data', chunk => {
      body += chunk
    })
    request.on('end', () => {
      seen = { request, body }
      response.writeHead(401).end()
    })
  })
  const result = await probe(port, {
    method: 'POST',
    path: '/erp/?a=b',
    host: 'erp.example.com',
    headers: { authorization: 'Session eDp4', 'content-type': 'application/json' },
    body: '{"id":0}',
    statuses: [{ from: 401, to: 401 }],
  })
  expect(result).toMatchObject({ ok: true, status: 401 })
  expect(seen?.body).toBe('{"id":0}')
  expect(seen?.request).toMatchObject({ method: 'POST', url: '/erp/?a=b', httpVersion: '1.1' })
  expect(seen?.request.headers).toMatchObject({
    host: 'erp.example.com',
    authorization: 'Session eDp4',
    'content-type': 'application/json',
    'content-length': '8',
    connection: 'close',
  })
})

test('a body is announced whatever the method: Node.js leaves Content-Length out of a GET', async () => {
  const heads: IncomingMessage['headers'][] = []
  const port = await serveHttp((request, response) => {
    heads.push(request.headers)
    request.resume().on('end', () => response.end())
  })
  expect(await probe(port, { body: 'é' })).toMatchObject({ ok: true })
  expect(await probe(port, { method: 'POST' })).toMatchObject({ ok: true })
  expect(heads.map(head => head['content-length'])).toEqual(['2', '0'])
})

test('each probe comes on a connection of its own', async () => {
  const ports = new Set<number | undefined>()
  const port = await serveHttp((request, response) => {
    ports.add(request.socket.remotePort)
    response.end('ok')
  })
  await probe(port)
  await probe(port)
  expect(ports.size).toBe(2)
})

test('a redirect is an answer, not an invitation', async () => {
  let requests = 0
  const port = await serveHttp((_request, response) => {
    requests += 1
    response.writeHead(302, { location: '/elsewhere' }).end()
  })
  expect(await probe(port)).toMatchObject({ ok: false, status: 302 })
  expect(requests).toBe(1)
})

test('the body is searched for a text and an expression, but no further than its cap', async () => {
  const port = await serveHttp((_request, response) => response.end(`{"status":"pass"}${'x'.repeat(5000)}END`))
  expect(await probe(port, { bodyContains: '"pass"' })).toMatchObject({ ok: true })
  expect(await probe(port, { bodyMatches: '"status":\\s*"pass"' })).toMatchObject({ ok: true })
  expect(await probe(port, { bodyMatches: '^fail' })).toMatchObject({
    ok: false,
    error: expect.stringContaining('/^fail/'),
  })
  expect(await probe(port, { bodyContains: 'END' })).toMatchObject({
    ok: false,
    error: expect.stringContaining('1024 bytes'),
  })
  expect(await probe(port, { bodyContains: 'END', bodyBytes: 10_000 })).toMatchObject({ ok: true })
})

test('an answer that feeds a pattern does not hold vigia up', async () => {
  const backtracks = await serveHttp((_request, response) => response.end('a'.repeat(40)))
  expect(await probe(backtracks, { bodyMatches: '^(a+)+b' })).toMatchObject({
    ok: false,
    error: expect.stringContaining('does not match'),
  })
  const random = randomOf(1)
  const branches = Array.from({ length: 65_536 }, () => (random() < 0.5 ? 'a' : 'b')).join('')
  const port = await serveHttp((_request, response) => response.end(branches))
  expect(await probe(port, { bodyMatches: '[ab]*a[ab]{20}[^ab]', bodyBytes: 65_536 })).toMatchObject({
    ok: false,
    error: expect.stringContaining('takes longer than 100 ms'),
  })
})

test('an endless body does not hold the probe up', async () => {
  const port = await serveHttp((_request, response) => {
    const write = () => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
    }
    response.on('drain', write)
    write()
  })
  expect(await probe(port)).toMatchObject({ ok: true })
  expect(await probe(port, { bodyContains: 'y' })).toMatchObject({ ok: false, status: 200 })
})

test('the timeout covers the whole answer, also a body that trickles', async () => {
  const silent = await serveHttp(() => {})
  expect(await probe(silent, { timeoutMs: 60 })).toMatchObject({ ok: false, error: 'no complete answer within 60 ms' })
  const trickling = await serveHttp((_request, response) => {
    response.write('a')
    const timer = setInterval(() => response.write('a'), 10)
    response.on('close', () => clearInterval(timer))
  })
  const result = await probe(trickling, { timeoutMs: 500, bodyContains: 'b' })
  expect(result).toMatchObject({ ok: false, status: 200, error: 'no complete answer within 500 ms' })
  expect(result.durationMs).toBeLessThan(SOON_MS)
})

test('what is not there, hangs up or talks nonsense is unhealthy, in plain words', async () => {
  const gone = await serveHttp(() => {})
  servers.pop()?.close()
  expect(await probe(gone)).toMatchObject({ ok: false, error: 'connection refused' })
  const hangsUp = await listen(
    createTcpServer(socket => socket.on('data', () => socket.destroy()).on('error', () => {})),
  )
  expect(await probe(hangsUp)).toMatchObject({ ok: false, error: 'connection closed before the answer was complete' })
  const nonsense = await listen(
    createTcpServer(socket => socket.on('data', () => socket.end('SSH-2.0-x\r\n')).on('error', () => {})),
  )
  expect(await probe(nonsense)).toMatchObject({ ok: false, error: expect.stringContaining('not valid HTTP') })
})

test('an https upstream is verified against its own CA and its server name', async () => {
  const port = await serveTls((_request, response) => response.end('ok'))
  const ca = fixture('tls/ca.crt')
  const tls = { serverName: 'erp.test', verify: true, ca }
  expect(await probe(port, {}, { tls })).toMatchObject({ ok: true, status: 200 })
  expect(await probe(port, {}, { tls: { ...tls, serverName: undefined } })).toMatchObject({ ok: true })
  expect(await probe(port, {}, { tls: { ...tls, serverName: 'other.test' } })).toMatchObject({
    ok: false,
    error: 'its certificate is not for this server name',
  })
  expect(await probe(port, {}, { tls: { ...tls, ca: undefined } })).toMatchObject({
    ok: false,
    error: expect.stringContaining('not trusted'),
  })
  expect(await probe(port, {}, { tls: { ...tls, ca: undefined, verify: false } })).toMatchObject({ ok: true })
  expect(await probe(port, {}, { tls: { ...tls, ca: 'no PEM' } })).toMatchObject({ ok: false })
})

test('a probe of a name goes to its addresses, and on to the next where one does not answer; TLS is for the name', async () => {
  const table = new UpstreamTable()
  const plain = await serveHttp((request, response) => response.end(request.headers.host))
  const secure = await serveTls((_request, response) => response.end())
  const tls = { serverName: 'erp.test', verify: true, ca: fixture('tls/ca.crt') }
  const probed = async (port: number, addresses: string[], more: Partial<UpstreamPlan> = {}) => {
    table.addresses.set(1, addresses)
    const plan = upstreamPlan('n', port, { host: 'erp.test', authority: `erp.test:${port}`, ...more })
    const { target } = new UpstreamAddresses('erp.test', 1, table, 0)
    const health = { ...HTTP_TO, bodyContains: more.tls ? undefined : `erp.test:${port}` }
    const place = { upstream: plan, target }
    const results = [await probeHttp(health, place, never), await probeTcp(TCP_TO, place, never)]
    return results.map(({ ok, error }) => (ok ? 'ok' : error))
  }
  expect(await probed(plain, ['127.0.0.1'])).toEqual(['ok', 'ok'])
  expect(await probed(plain, ['127.0.0.2', '127.0.0.1'])).toEqual(['ok', 'ok'])
  expect(await probed(secure, ['127.0.0.2', '127.0.0.1'], { tls })).toEqual(['ok', 'ok'])
  expect(await probed(plain, ['127.0.0.2', '127.0.0.3'])).toEqual(['connection refused', 'connection refused'])
  expect(await probed(plain, [])).toEqual(['its name can not be resolved', 'its name can not be resolved'])
})

test('a TCP probe is healthy once the connection, or its TLS handshake, is established', async () => {
  const plain = await listen(createTcpServer(socket => socket.on('error', () => {}).resume()))
  const secure = await serveTls(() => {})
  const tls = { serverName: 'erp.test', verify: true, ca: fixture('tls/ca.crt') }
  const tcp = (port: number, more: Partial<UpstreamPlan> = {}, timeoutMs = 10_000) =>
    probeTcp(
      { ...TCP_HEALTH, timeoutMs } as typeof TCP_HEALTH & { kind: 'tcp' },
      { upstream: upstreamPlan('n', port, more), target: TARGET },
      never,
    )
  expect(await tcp(plain)).toMatchObject({ ok: true, error: undefined })
  expect(await tcp(secure, { tls })).toMatchObject({ ok: true })
  expect(await tcp(plain, { tls }, 100)).toMatchObject({ ok: false, error: 'no complete answer within 100 ms' })
  expect(await tcp(secure, { tls: { ...tls, serverName: 'other.test' } })).toMatchObject({ ok: false })
  expect(await tcp(secure, { tls: { ...tls, serverName: undefined } })).toMatchObject({ ok: true })
  expect(await tcp(secure, { tls: { ...tls, ca: 'no PEM' } })).toMatchObject({ ok: false })
})
