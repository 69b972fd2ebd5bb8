// Answers that are stored and given to others, over real sockets and two workers: what RFC 9111 asks, clause by clause.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Answer, type Ask, askHttp } from '../../support/http-client.ts'
import { lendVigia } from '../../support/lent-vigia.ts'
import { until } from '../../support/until.ts'
import type { Vigia } from '../../support/vigia.ts'

type Serve = (request: IncomingMessage, response: ServerResponse) => void

let vigia: Vigia
let server: Server
let serve: Serve
let asked: IncomingMessage[] = []
let tests = 0
/** Of the test: nothing that another one has stored answers it. */
let path = ''

const answering =
  (fields: Readonly<Record<string, string>>, body = 'body', status = 200): Serve =>
  (_, response) => {
    response.writeHead(status, { 'Content-Length': Buffer.byteLength(body), ...fields })
    response.end(body)
  }

const ask = (more: Ask = {}, suffix = ''): Promise<Answer> => askHttp(vigia.port, path + suffix, more)
/** Machines are slow at times. */
const SOME_AGE = expect.stringMatching(/^\d+$/)
const cacheOf = ({ headers }: Answer) => String(headers['cache-status'] ?? '').replace(/; ttl=-?\d+/, '')

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request)
    request.resume()
    serve(request, response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  vigia = await lendVigia({
    upstreams: [(server.address() as AddressInfo).port],
    config: {
      workers: 2,
      accessLog: true,
      trustedProxies: ['127.0.0.2'],
      routes: [
        { match: { path: '/ttl' }, pool: 'erp', cache: { ttl: '1h' } },
        { match: { path: '/safe' }, pool: 'erp', cache: { staleIfError: '1h' } },
        { match: { path: '/denied' }, pool: 'erp', cache: {}, access: { denyPaths: ['/denied/never*'] } },
        { match: { path: '/small' }, pool: 'erp', cache: { maxBytes: '1KiB' } },
        { match: { path: '/plain' }, pool: 'erp' },
        { pool: 'erp', cache: {} },
      ],
    },
  })
})

afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await vigia.stop()
})

beforeEach(() => {
  tests += 1
  path = `/t${tests}`
  asked = []
  serve = answering({ 'Cache-Control': 'max-age=600', ETag: '"a"' })
})

describe('what is stored', () => {
  test('is asked for once, and told with its age, by every worker', async () => {
    const first = await ask()
    expect(cacheOf(first)).toBe('vigia; fwd=uri-miss; stored')
    // Whichever worker takes it: there are two.
    for (let i = 0; i < 8; i += 1) {
      const next = await ask()
      expect(next).toMatchObject({ status: 200, body: 'body', headers: { etag: '"a"', age: SOME_AGE } })
      expect(cacheOf(next)).toBe('vigia; hit')
      expect(next.headers['x-request-id']).not.toBe(first.headers['x-request-id'])
    }
    expect(asked).toHaveLength(1)
  })

  test('of megabytes comes to the byte', async () => {
    const body = Buffer.alloc(3_000_000, 'vigia ').toString()
    serve = answering({ 'Cache-Control': 'max-age=600' }, body)
    const [one, other] = [await ask(), await ask()]
    expect(cacheOf(other)).toBe('vigia; hit')
    expect(other.bodySha256).toBe(one.bodySha256)
    expect(other.headers['content-length']).toBe('3000000')
  })

  test('says nothing of the client that it came for', async () => {
    serve = answering({
      'Cache-Control': 'max-age=600',
      'X-Request-Id': 'of-the-first',
      Age: '7',
      'Keep-Alive': 'timeout=5',
    })
    await ask()
    const { headers } = await ask()
    expect(headers['x-request-id']).not.toBe('of-the-first')
    expect(headers['keep-alive']).toBeUndefined()
    expect(Number(headers.age)).toBeGreaterThanOrEqual(7)
  })

  test.each([
    ['without freshness', { 'Last-Modified': 'Mon, 01 Jan 2024 00:00:00 GMT' }],
    ['with Set-Cookie', { 'Cache-Control': 'public, max-age=600', 'Set-Cookie': 'session=1' }],
    ['that is private', { 'Cache-Control': 'private, max-age=600' }],
    ['with no-store', { 'Cache-Control': 'no-store, max-age=600' }],
    ['with Vary: Cookie', { 'Cache-Control': 'max-age=600', Vary: 'Cookie' }],
  ])('is none %s', async (_, fields) => {
    serve = answering(fields as Record<string, string>)
    await ask()
    expect(cacheOf(await ask())).toBe('vigia; fwd=uri-miss')
    expect(asked).toHaveLength(2)
  })

  test('with a route that says so, is one that says nothing', async () => {
    path = `/ttl${path}`
    serve = answering({})
    await ask()
    expect(cacheOf(await ask())).toBe('vigia; hit')
  })

  test('is none whose end nobody knows, and none larger than the route lets it be', async () => {
    serve = (_, response) => {
      response.removeHeader('transfer-encoding')
      response.writeHead(200, { 'Cache-Control': 'max-age=600', Connection: 'close' })
      response.end('x'.repeat(2000))
    }
    path = `/small${path}`
    await ask()
    await ask()
    expect(asked).toHaveLength(2)
  })

  test('is none that was cut', async () => {
    serve = (_, response) => {
      response.writeHead(200, { 'Cache-Control': 'max-age=600', 'Content-Length': 1000 })
      response.write('x'.repeat(500), () => response.destroy())
    }
    await expect(ask()).rejects.toThrow()
    serve = answering({ 'Cache-Control': 'max-age=600' }, 'whole')
    expect(await ask()).toMatchObject({ body: 'whole' })
    expect(asked.length).toBeGreaterThan(1)
  })

  test('goes for HEAD too, and the other way round nothing is stored', async () => {
    expect(cacheOf(await ask({ method: 'HEAD' }))).toBe('')
    await ask()
    const head = await ask({ method: 'HEAD' })
    expect(head).toMatchObject({ status: 200, body: '', headers: { 'content-length': '4', age: SOME_AGE } })
    expect(asked.map(({ method }) => method)).toEqual(['HEAD', 'GET'])
  })
})

describe('what a request asks for', () => {
  test('a part, and what it has already', async () => {
    serve = answering({ 'Cache-Control': 'max-age=600', ETag: '"a"' }, '0123456789')
    await ask()
    expect(await ask({ headers: { Range: 'bytes=2-4' } })).toMatchObject({
      status: 206,
      body: '234',
      headers: { 'content-range': 'bytes 2-4/10', 'content-length': '3' },
    })
    expect(await ask({ headers: { Range: 'bytes=10-' } })).toMatchObject({
      status: 416,
      headers: { 'content-range': 'bytes */10' },
    })
    expect(await ask({ headers: { Range: 'bytes=2-4', 'If-Range': '"b"' } })).toMatchObject({ status: 200 })
    const known = await ask({ headers: { 'If-None-Match': '"x", W/"a"' } })
    expect(known).toMatchObject({ status: 304, body: '', headers: { etag: '"a"', 'cache-control': 'max-age=600' } })
    expect(asked).toHaveLength(1)
  })

  test.each([{ 'Cache-Control': 'no-cache' }, { 'Cache-Control': 'max-age=0' }, { Pragma: 'no-cache' }])(
    'an answer of its upstream: %j',
    async headers => {
      await ask()
      serve = (request, response) => {
        const isKnown = request.headers['if-none-match'] === '"a"'
        response.writeHead(isKnown ? 304 : 500, { ETag: '"a"', 'Cache-Control': 'max-age=600' })
        response.end()
      }
      const confirmed = await ask({ headers: headers as Record<string, string> })
      expect(confirmed).toMatchObject({ status: 200, body: 'body' })
      expect(cacheOf(confirmed)).toBe('vigia; fwd=stale; fwd-status=304')
      expect(asked).toHaveLength(2)
    },
  )

  test('nothing of it, in either direction: no-store', async () => {
    await ask({ headers: { 'Cache-Control': 'no-store' } })
    await ask()
    expect(cacheOf(await ask({ headers: { 'Cache-Control': 'no-store' } }))).toBe('')
    expect(asked).toHaveLength(3)
  })

  test('only what is stored: else 504', async () => {
    const headers = { 'Cache-Control': 'only-if-cached' }
    expect((await ask({ headers })).status).toBe(504)
    await ask()
    expect((await ask({ headers })).status).toBe(200)
    expect(asked).toHaveLength(1)
  })

  test('a part of what is not stored goes to the upstream as it is', async () => {
    await ask({ headers: { Range: 'bytes=0-1', 'If-Range': '"z"' } })
    await ask({ headers: { 'If-None-Match': '"z"' } })
    expect(asked[0]!.headers).toMatchObject({ range: 'bytes=0-1', 'if-range': '"z"' })
    expect(asked[1]!.headers).toMatchObject({ 'if-none-match': '"z"' })
  })
})

describe('what has become stale', () => {
  const STALE = { 'Cache-Control': 'max-age=0, public', ETag: '"a"' }

  test('is asked about with its entity tag, and a 304 refreshes it (RFC 9111 4.3.4)', async () => {
    serve = answering({ ...STALE, 'X-Old': '1' })
    await ask()
    serve = (request, response) => {
      expect(request.headers['if-none-match']).toBe('"a"')
      response.writeHead(304, { ETag: '"a"', 'Cache-Control': 'max-age=600', 'X-New': '2' })
      response.end()
    }
    expect(await ask()).toMatchObject({ status: 200, body: 'body', headers: { 'x-old': '1', 'x-new': '2' } })
    const fresh = await ask()
    expect(cacheOf(fresh)).toBe('vigia; hit')
    expect(fresh.headers).toMatchObject({ 'cache-control': 'max-age=600', 'x-new': '2', 'x-old': '1' })
    expect(asked).toHaveLength(2)
  })

  test('is replaced by what has come in its place, and a client that has that already learns it', async () => {
    serve = answering(STALE)
    await ask()
    serve = answering({ 'Cache-Control': 'max-age=600', ETag: '"b"' }, 'new')
    const known = await ask({ headers: { 'If-None-Match': '"b"' } })
    expect(known).toMatchObject({ status: 304, body: '' })
    expect(asked[1]!.headers['if-none-match']).toBe('"a"')
    expect(await ask()).toMatchObject({ body: 'new' })
    expect(asked).toHaveLength(2)
  })

  test('is gone when its upstream says that it is private now', async () => {
    path = `/safe${path}`
    serve = answering(STALE)
    await ask()
    serve = answering({ 'Cache-Control': 'private' }, 'mine')
    await ask()
    serve = answering({}, '', 503)
    expect(await ask()).toMatchObject({ status: 503 })
  })

  test('is given while its upstream is asked once, where it says stale-while-revalidate', async () => {
    serve = answering({ ...STALE, 'Cache-Control': 'max-age=0, stale-while-revalidate=60' })
    await ask()
    const { promise: answered, resolve: release } = Promise.withResolvers<void>()
    serve = (request, response) => {
      void answered.then(() => answering({ 'Cache-Control': 'max-age=600', ETag: '"b"' }, 'new')(request, response))
    }
    // By both workers.
    for (const stale of await Promise.all(Array.from({ length: 12 }, () => ask()))) {
      expect(stale).toMatchObject({ body: 'body' })
      expect(cacheOf(stale)).toContain('detail=while-validated')
    }
    release()
    await until('the new one is there', async () => (await ask()).body === 'new')
    expect(asked).toHaveLength(2)
  })

  test.each([500, 502, 503, 504])('stands in for a %i where it may', async status => {
    serve = answering({ ...STALE, 'Cache-Control': 'max-age=0, stale-if-error=60' })
    await ask()
    serve = answering({}, 'broken', status)
    const stale = await ask()
    expect(stale).toMatchObject({ status: 200, body: 'body' })
    expect(cacheOf(stale)).toContain('detail=stale-if-error')
  })

  test('stands in where its upstream can not be reached, at once after the first time', async () => {
    path = `/safe${path}`
    serve = answering(STALE)
    await ask()
    serve = (_, response) => void response.destroy()
    for (let i = 0; i < 5; i += 1) expect(await ask()).toMatchObject({ status: 200, body: 'body' })
  })

  test('never where it says must-revalidate or no-cache', async () => {
    path = `/safe${path}`
    for (const control of ['max-age=0, must-revalidate, stale-if-error=60', 'no-cache, stale-if-error=60']) {
      serve = answering({ 'Cache-Control': `public, ${control}`, ETag: '"a"' })
      const suffix = `?${control.length}`
      await ask({}, suffix)
      serve = answering({}, 'broken', 503)
      expect(await ask({}, suffix)).toMatchObject({ status: 503, body: 'broken' })
    }
  })
})

describe('unsafe methods', () => {
  test('drop what is stored of their URI, whichever route they take (RFC 9111 4.4)', async () => {
    await ask()
    await ask({ method: 'POST', body: 'x' })
    await ask()
    expect(asked.map(({ method }) => method)).toEqual(['GET', 'POST', 'GET'])
  })

  test('not where they failed', async () => {
    await ask()
    const stored = serve
    serve = answering({}, 'no', 403)
    await ask({ method: 'POST', body: 'x' })
    serve = stored
    await ask()
    expect(asked).toHaveLength(2)
  })
})

describe('one client does not decide what another gets', () => {
  const echo: Serve = (request, response) => {
    const { host, 'x-forwarded-host': forwarded, 'x-forwarded-proto': proto, origin } = request.headers
    const body = JSON.stringify({ host, forwarded, proto, origin, url: request.url })
    response.writeHead(200, { 'Cache-Control': 'max-age=600', 'Content-Length': Buffer.byteLength(body) })
    response.end(body)
  }

  test('hosts have answers of their own, ports included', async () => {
    serve = echo
    for (const host of ['a.example', 'b.example', 'a.example:8080', 'A.example']) {
      const told = JSON.parse((await ask({ headers: { host } })).body) as { host: string }
      expect(told.host).toBe(host)
    }
  })

  test('what a client claims of itself reaches neither the upstream nor the key', async () => {
    serve = echo
    const claims = { 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Prefix': '/evil' }
    expect((await ask({ headers: claims })).body).not.toContain('evil')
    expect((await ask()).body).not.toContain('evil')
    // The first one brought what only a proxy may say: nothing of its answer is kept for others.
    expect(asked).toHaveLength(2)
  })

  test('a method in a field, or another URL in one, is nothing for others', async () => {
    serve = echo
    for (const name of ['X-HTTP-Method-Override', 'X-Original-URL', 'X-Rewrite-Url', 'X-Host'])
      expect(cacheOf(await ask({ headers: { [name]: '/evil' } }))).toBe('')
    expect(cacheOf(await ask())).toBe('vigia; fwd=uri-miss; stored')
  })

  test('every spelling of a path and a query is one of its own', async () => {
    serve = echo
    for (const spelling of ['?a=1&b=2', '?b=2&a=1', '?a=1&b=2&', '?a=1&b=%32', '/', '//']) {
      const told = JSON.parse((await ask({}, spelling)).body) as { url: string }
      expect(told.url).toBe(path + spelling)
    }
  })

  test('a page that was lured behind the path of a file is not stored by the ttl of its route', async () => {
    path = `/ttl${path}`
    serve = answering({}, 'secret of whoever is logged in')
    for (const lure of ['/..%2faccount', ';a.css', '/%2e%2e/account', '//account']) {
      await ask({ headers: { Cookie: 'session=victim' } }, lure)
      expect(cacheOf(await ask({}, lure))).toBe('vigia; fwd=uri-miss')
    }
  })

  test('an error that a strange request brings about is not stored', async () => {
    for (const status of [400, 403, 405, 414, 431, 501]) {
      serve = answering({ 'Cache-Control': 'public, max-age=600' }, 'no', status)
      await ask({ headers: { 'X-Odd': '1' } }, `?${status}`)
      serve = answering({ 'Cache-Control': 'max-age=600' })
      expect(await ask({}, `?${status}`)).toMatchObject({ status: 200 })
    }
  })

  test('credentials of one neither fill nor empty what others get', async () => {
    await ask()
    serve = answering({ 'Cache-Control': 'max-age=600' }, 'mine')
    const headers = { Authorization: 'Bearer secret' }
    expect(await ask({ headers })).toMatchObject({ body: 'mine' })
    expect(await ask()).toMatchObject({ body: 'body' })
    serve = answering({ 'Cache-Control': 'max-age=600, public' }, 'everybody')
    await ask({ headers }, '?public')
    expect(await ask({ headers }, '?public')).toMatchObject({ body: 'everybody' })
    expect(await ask({}, '?public')).toMatchObject({ body: 'everybody' })
    expect(asked).toHaveLength(3)
  })

  test('codings and origins are told apart where the answer is', async () => {
    serve = (request, response) => {
      const body = `${request.headers['accept-encoding']} ${request.headers.origin}`
      response.writeHead(200, {
        'Cache-Control': 'max-age=600',
        Vary: 'Accept-Encoding, Origin',
        'Content-Length': body.length,
      })
      response.end(body)
    }
    const of = (headers: Record<string, string>) => ask({ headers })
    expect((await of({ 'Accept-Encoding': 'gzip, br' })).body).toBe('gzip, br undefined')
    expect((await of({ 'Accept-Encoding': 'br;q=1, gzip;q=0.9' })).body).toBe('gzip, br undefined')
    expect((await of({ 'Accept-Encoding': 'gzip' })).body).toBe('gzip undefined')
    expect((await of({ 'Accept-Encoding': 'gzip', Origin: 'https://a' })).body).toBe('gzip https://a')
    expect(asked).toHaveLength(3)
  })

  test('a path that is denied stays denied, stored or not', async () => {
    path = `/denied${path}`
    await ask()
    expect((await askHttp(vigia.port, '/denied/never')).status).toBe(403)
    expect((await askHttp(vigia.port, '/denied/%6eever')).status).toBe(403)
    expect(asked).toHaveLength(1)
  })
})

test('a route without a cache is as it was', async () => {
  path = `/plain${path}`
  await ask()
  expect((await ask()).headers).not.toHaveProperty('cache-status')
  expect(asked).toHaveLength(2)
})

test('the access log says what the cache was to each request', async () => {
  await ask()
  await ask()
  await ask({ headers: { 'Cache-Control': 'no-store' } })
  const lines = () =>
    vigia
      .stdout()
      .split('\n')
      .filter(line => line.includes(`"path":"${path}"`))
      .map(line => (JSON.parse(line) as { cache: string }).cache)
  await until('all are logged', () => lines().length === 3)
  expect(lines().toSorted()).toEqual(['bypass', 'hit', 'miss'])
})
