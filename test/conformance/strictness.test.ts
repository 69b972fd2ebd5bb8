// What a proxy has to let pass, add or answer itself although it refuses what could be read in two ways (RFC 9110, RFC 9112).

import { describe, expect, test } from 'vitest'
import { usePair } from '../support/pair.ts'
import { answerBytes, ok } from '../support/raw-answers.ts'
import { ask, exchange } from '../support/raw-client.ts'
import { fetchText } from '../support/vigia.ts'
import { allOf, field } from '../support/wire.ts'

const pair = usePair()

const HOST = 'Host: a.example\r\n'
const GET = `GET /x HTTP/1.1\r\n${HOST}\r\n`
const sum = (text: string, pattern: RegExp) =>
  [...text.matchAll(pattern)].reduce((total, [, value]) => total + Number(value), 0)
const DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/

describe('Date (RFC 9110 6.6.1)', () => {
  test('is added to an answer that lacks it', async () => {
    const date = field(await ask(pair.port, GET), 'date')
    expect(date).toMatch(DATE)
    expect(Math.abs(Date.parse(date!) - Date.now())).toBeLessThan(30_000)
  })

  test('is passed on as it came', async () => {
    pair.upstream.answer = answerBytes(ok('', ['date: Mon, 01 Jan 2029 00:00:00 GMT']))
    const answer = await ask(pair.port, GET)
    expect(allOf(answer.fields, 'date')).toEqual(['Mon, 01 Jan 2029 00:00:00 GMT'])
  })

  test.each([
    ['to a request that is refused', `GET /a#b HTTP/1.1\r\n${HOST}\r\n`],
    ['to one that no route serves', `GET /../a HTTP/1.1\r\n${HOST}\r\n`],
  ])("is in vigia's own answer %s", async (_, bytes) => {
    const { responses } = await exchange(pair.port, bytes)
    expect(field(responses[0]!, 'date')).toMatch(DATE)
  })

  test('is not in an interim response', async () => {
    pair.upstream.answer = answerBytes(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok()}`)
    const { interim } = await ask(pair.port, GET)
    expect(interim.map(each => field(each, 'date'))).toEqual([undefined])
  })
})

describe('Max-Forwards (RFC 9110 7.6.2)', () => {
  const traced = (method: string, hops: string, more = '') =>
    ask(pair.port, `${method} /x HTTP/1.1\r\n${HOST}${more}Max-Forwards: ${hops}\r\n\r\n`, method)

  test.each(['OPTIONS', 'TRACE'])('counts down with %s', async method => {
    expect((await traced(method, '2')).status).toBe(200)
    expect(field(pair.upstream.requests[0]!, 'max-forwards')).toBe('1')
  })

  test('0 with OPTIONS is answered by vigia, empty', async () => {
    const answer = await traced('OPTIONS', '0')
    expect([answer.status, answer.body.length, field(answer, 'content-length')]).toEqual([200, 0, '0'])
    expect(pair.upstream.requests).toEqual([])
  })

  test('0 with TRACE is answered by vigia: what came, without what may be a secret (9.3.8)', async () => {
    const answer = await traced('TRACE', '0', 'Via: 1.0 first\r\nCookie: sid=1\r\nX-Api-Key: 2\r\n')
    expect(answer.status).toBe(200)
    expect(field(answer, 'content-type')).toBe('message/http')
    expect(answer.body.toString()).toBe(
      'TRACE /x HTTP/1.1\r\nHost: a.example\r\nVia: 1.0 first\r\nMax-Forwards: 0\r\n\r\n',
    )
    expect(pair.upstream.requests).toEqual([])
  })

  test('means nothing with another method, also after one with which it does, on the same connection', async () => {
    const of = (method: string) => `${method} /x HTTP/1.1\r\n${HOST}Max-Forwards: 7\r\n`
    await exchange(pair.port, `${of('OPTIONS')}\r\n${of('GET')}\r\n${of('TRACE')}Connection: close\r\n\r\n`)
    expect(pair.upstream.requests.map(each => field(each, 'max-forwards'))).toEqual(['6', '7', '6'])
  })

  test.each(['x', '-1', '', '1, 2'])('of %j is refused with OPTIONS, and nothing to others', async hops => {
    expect((await traced('OPTIONS', hops)).status).toBe(400)
    expect((await traced('GET', hops)).status).toBe(200)
  })
})

describe('a method is any token (RFC 9110 9.1)', () => {
  test.each(['BCOPY', 'RPC_IN_DATA', 'VERSION-CONTROL', 'get', "!#$%&'*+-.^_`|~9", 'M'.repeat(64)])(
    '%s passes',
    async method => {
      const answer = await ask(pair.port, `${method} /x HTTP/1.1\r\n${HOST}Content-Length: 2\r\n\r\nhi`, method)
      expect(answer.status).toBe(200)
      expect(pair.upstream.requests.map(each => [each.method, each.body.toString()])).toEqual([[method, 'hi']])
    },
  )

  test('one that is unknown may change something: it is never repeated (9.2.2)', async () => {
    pair.upstream.answer = ({ connection }) => connection.reset()
    expect((await ask(pair.port, `FROBNICATE /x HTTP/1.1\r\n${HOST}\r\n`)).status).toBe(502)
    expect(pair.upstream.connections.flatMap(each => each.requests)).toHaveLength(1)
  })
})

describe('a request', () => {
  test.each(['1.2', '1.9'])('of HTTP/%s is one of HTTP/1.1 (RFC 9110 2.5)', async version => {
    const { responses, ending } = await exchange(
      pair.port,
      `GET /a HTTP/${version}\r\n${HOST}\r\nGET /b HTTP/${version}\r\n${HOST}Connection: close\r\n\r\n`,
    )
    expect(responses.map(each => [each.status, each.version])).toEqual([
      [200, '1.1'],
      [200, '1.1'],
    ])
    expect(ending).toBe('fin')
    expect(pair.upstream.requests.map(each => each.version)).toEqual(['1.1', '1.1'])
  })

  test.each([
    ['GET /x HTTP/1.1\r\nHost: a.test:\r\n\r\n', 'a.test'],
    ['GET /x HTTP/1.1\r\nHost: [::1]:\r\n\r\n', '[::1]'],
    ['GET http://a.test:/x HTTP/1.1\r\nHost: a.test\r\n\r\n', 'a.test'],
    ['GET http://a.test/x HTTP/1.1\r\nHost: a.test:\r\n\r\n', 'a.test'],
    ['GET http://a.test:80/x HTTP/1.1\r\nHost: a.test:\r\n\r\n', 'a.test:80'],
  ])('may have an empty port: %j (RFC 3986 3.2.3)', async (bytes, host) => {
    expect((await ask(pair.port, bytes)).status).toBe(200)
    const [request] = pair.upstream.requests
    expect([field(request!, 'host'), field(request!, 'x-forwarded-host')]).toEqual([host, host])
  })
})

describe('an answer', () => {
  test.each([600, 799, 999])('of status %i passes, counts as 5xx, and leaves no doubt (RFC 9110 15)', async status => {
    const { vigia, port } = pair
    const failures = async () => sum(await vigia.metrics(), /^vigia_requests_total\{.*"5xx".*\} (\d+)/gm)
    const before = await failures()
    pair.upstream.answer = answerBytes(`HTTP/1.1 ${status} Odd\r\nContent-Length: 2\r\n\r\nhi`)
    const answer = await ask(port, `POST /${status} HTTP/1.1\r\n${HOST}Content-Length: 0\r\n\r\n`, 'POST')
    expect([answer.status, answer.reason, answer.body.toString()]).toEqual([status, 'Odd', 'hi'])
    expect((await fetchText(vigia.adminPort, '/in-doubt')).body).not.toContain(`"/${status}"`)
    expect((await failures()) - before).toBe(1)
  })

  test('of HTTP/1.2 is one of HTTP/1.1 (RFC 9110 2.5)', async () => {
    pair.upstream.answer = answerBytes(ok('hi').replace('HTTP/1.1', 'HTTP/1.2'))
    expect((await ask(pair.port, GET)).body.toString()).toBe('hi')
  })

  test('loses the blanks before a colon, in trailers too (RFC 9112 5.1)', async () => {
    pair.upstream.answer = answerBytes(
      'HTTP/1.1 200 OK\r\nX-A : b\r\nX-C \t :d : e\r\nTransfer-Encoding : chunked\r\n\r\n2\r\nhi\r\n0\r\nX-T : 1\r\n\r\n',
    )
    const answer = await ask(pair.port, GET)
    expect([field(answer, 'x-a'), field(answer, 'x-c'), answer.body.toString()]).toEqual(['b', 'd : e', 'hi'])
    expect(answer.trailers).toEqual([['X-T', '1']])
    expect(answer.bytes.toString('latin1')).not.toMatch(/^[^ :]+[\t ]+:/m)
  })
})

describe('Upgrade (RFC 9110 7.8)', () => {
  const asking = (offers: string) =>
    `GET /x HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: ${offers}\r\nX-End: 1\r\n\r\n`

  test.each([
    ['h2c', undefined],
    ['h2c/1', undefined],
    ['H2C/1.0, websocket', 'websocket'],
    ['WebSocket/13', 'WebSocket/13'],
    ['h2chat', 'h2chat'],
  ])('%s is offered to the upstream as %s', async (offers, passed) => {
    expect((await ask(pair.port, asking(offers))).status).toBe(200)
    expect(field(pair.upstream.requests[0]!, 'upgrade')).toBe(passed)
  })

  const switchTo = (protocol: string) =>
    answerBytes(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`, 'fin')

  test.each([
    ['websocket', 'WebSocket'],
    ['WebSocket/13', 'websocket'],
    ['foo, bar', 'bar'],
  ])('of %s may end in %s', async (offers, answered) => {
    pair.upstream.answer = switchTo(answered)
    const { responses } = await exchange(pair.port, asking(offers))
    expect(responses.map(each => each.status)).toEqual([101])
  })

  test.each([
    ['websocket', 'foo'],
    ['foo/1', 'foo/2, websocket'],
    ['websocket, h2c', 'h2c'],
  ])('of %s must not end in %s', async (offers, answered) => {
    pair.upstream.answer = switchTo(answered)
    expect((await ask(pair.port, asking(offers))).status).toBe(502)
  })

  test.each([
    ['Upgrade: TLS/1.0, h2c\r\nConnection: Upgrade\r\n', 'TLS/1.0', 'Upgrade'],
    ['Upgrade: TLS/1.0\r\n', 'TLS/1.0', 'Upgrade'],
    ['Upgrade: h2c\r\n', undefined, undefined],
    ['', undefined, undefined],
  ])('of a 426 with %j is kept, with its Connection (15.5.22)', async (fields, upgrade, connection) => {
    pair.upstream.answer = answerBytes(`HTTP/1.1 426 Upgrade Required\r\n${fields}Content-Length: 0\r\n\r\n`)
    const answer = await ask(pair.port, GET)
    expect([answer.status, field(answer, 'upgrade'), field(answer, 'connection')]).toEqual([426, upgrade, connection])
  })
})
