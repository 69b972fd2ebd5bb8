// Requests over HTTP/2 onto upstreams that speak HTTP/1.1: what a client gets, and what the upstream has seen.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { H2Client } from '../../support/h2-client.ts'
import { usePair } from '../../support/pair.ts'
import { answerBytes, ok } from '../../support/raw-answers.ts'
import { until } from '../../support/until.ts'
import { field } from '../../support/wire.ts'

const pair = usePair({ http2: true, config: { accessLog: true, headers: { via: 'vigia' } } })
let client: H2Client
beforeAll(() => {
  client = new H2Client(pair.port)
})
afterAll(() => client.close())

const CANCEL = 8
const HTTP_1_1_REQUIRED = 13

async function lineOf(path: string): Promise<Record<string, unknown>> {
  const line = await until(`the access log has ${path}`, () =>
    pair.vigia
      .stdout()
      .split('\n')
      .find(each => each.includes('"type":"access"') && each.includes(`"path":"${path}"`)),
  )
  return JSON.parse(line) as Record<string, unknown>
}

describe('a request', () => {
  test('is answered, forwarded with its fields, and logged with its protocol', async () => {
    const { status, body, fields } = await client.get('/first?a=1', { 'x-own': 'yes', cookie: 'a=1; b=2' })
    expect([status, body.toString()]).toEqual([200, 'GET /first?a=1'])
    expect(fields.connection).toBeUndefined()
    const [request] = pair.upstream.requests
    expect(request?.startLine).toBe('GET /first?a=1 HTTP/1.1')
    expect(field(request!, 'host')).toBe(`127.0.0.1:${pair.port}`)
    expect(field(request!, 'x-own')).toBe('yes')
    expect(field(request!, 'cookie')).toBe('a=1; b=2')
    expect(field(request!, 'via')).toBe('2.0 vigia')
    expect(field(request!, 'x-forwarded-proto')).toBe('http')
    expect(await lineOf('/first')).toMatchObject({ protocol: 'HTTP/2', status: 200, end: 'complete', bytesOut: 14 })
  })

  test('with a body goes up with its length, or chunked where there is none', async () => {
    await client.ask({ ':method': 'POST', ':path': '/length', 'content-length': 5 }, { body: 'hello' })
    await client.ask({ ':method': 'POST', ':path': '/none' }, { body: 'hello' })
    const [first, second] = pair.upstream.requests
    expect([field(first!, 'content-length'), first?.body.toString()]).toEqual(['5', 'hello'])
    expect([field(second!, 'transfer-encoding'), second?.body.toString()]).toEqual(['chunked', 'hello'])
  })

  test('brings its trailers, and gets those of the answer', async () => {
    pair.upstream.answer = answerBytes(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n',
    )
    const stream = client.session.request({ ':method': 'POST', ':path': '/' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-up': '1' }))
    stream.end('body')
    const trailers = await new Promise(resolve => stream.on('trailers', resolve).resume())
    expect(trailers).toMatchObject({ 'x-sum': '7' })
    expect(pair.upstream.requests[0]?.trailers).toEqual([['x-up', '1']])
  })

  test('by HEAD gets the length and nothing else', async () => {
    const { status, fields, body } = await client.ask({ ':method': 'HEAD', ':path': '/' })
    expect([status, fields['content-length'], body.length]).toEqual([200, '6', 0])
  })

  test('gets interim answers before the final one', async () => {
    pair.upstream.answer = answerBytes(`HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n${ok()}`)
    expect(await client.get('/')).toMatchObject({ interims: [103], status: 200 })
  })

  test('with 200 cookies, a field each, goes up with one field', async () => {
    await client.get('/', { cookie: Array.from({ length: 200 }, (_, i) => `c${i}=${i}`) as unknown as string })
    expect(field(pair.upstream.requests[0]!, 'cookie')?.split('; ').length).toBe(200)
  })

  test('with too large a head is answered 431, and the next one on the connection is served', async () => {
    const { status } = await client.get('/', { 'x-large': 'x'.repeat(40_000) })
    expect(status).toBe(431)
    expect((await client.get('/after')).body.toString()).toBe('GET /after')
  })

  test('that vigia answers itself gets its page', async () => {
    const { status, body } = await client.ask({ ':method': 'OPTIONS', ':path': '*', 'max-forwards': '0' })
    expect([status, body.length]).toEqual([200, 0])
  })
})

describe('an answer', () => {
  test('that is cut upstream is cut for its client, and no other stream', async () => {
    pair.upstream.answer = answerBytes('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart', 'fin')
    await expect(client.get('/cut')).rejects.toThrow()
    await pair.upstream.forget()
    expect((await client.get('/')).status).toBe(200)
    expect(await lineOf('/cut')).toMatchObject({ end: 'upstream cut' })
  })

  test('that comes before the request has ended is the client’s', async () => {
    pair.upstream.answer = async ({ connection }) => {
      await connection.write('HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig')
      connection.end()
    }
    const answer = await client.ask({ ':method': 'POST', ':path': '/early' }, { body: 'begin', open: true })
    expect([answer.status, answer.body.toString()]).toEqual([413, 'big'])
  })

  test('whose client leaves is aborted upstream', async () => {
    pair.upstream.answer = async () => new Promise(() => {})
    const stream = client.stream({ ':path': '/left' })
    stream.on('error', () => {})
    await until('the request is upstream', () => pair.upstream.connections.some(each => each.received.length > 0))
    stream.close(CANCEL)
    await until('its connection is closed', () => pair.upstream.connections.every(each => each.ending !== 'open'))
    expect(await lineOf('/left')).toMatchObject({ end: 'client left', status: 0 })
  })
})

describe('a login of a connection (NTLM, Negotiate)', () => {
  test('that an upstream asks for sends the client to HTTP/1.1', async () => {
    pair.upstream.answer = answerBytes('HTTP/1.1 401 No\r\nWWW-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n')
    const stream = client.stream({ ':path': '/asked' })
    stream.on('error', () => {})
    await new Promise(resolve => stream.on('close', resolve))
    expect(stream.rstCode).toBe(HTTP_1_1_REQUIRED)
    expect(await lineOf('/asked')).toMatchObject({ end: 'needs HTTP/1.1', status: 0 })
  })

  test('that a request brings does so before anything goes up', async () => {
    const stream = client.stream({ ':path': '/brought', authorization: 'Negotiate YII=' })
    stream.on('error', () => {})
    await new Promise(resolve => stream.on('close', resolve))
    expect(stream.rstCode).toBe(HTTP_1_1_REQUIRED)
    expect(pair.upstream.received.length).toBe(0)
  })
})

test('both protocols are spoken on one plain port', async () => {
  const response = await fetch(`http://127.0.0.1:${pair.port}/h1`)
  expect(await response.text()).toBe('GET /h1')
  expect(await lineOf('/h1')).toMatchObject({ protocol: 'HTTP/1.1' })
  expect(await pair.vigia.metrics()).toMatch(/^vigia_http2_requests_total [1-9]/m)
})
