// What a request looks like at the upstream, byte for byte: hop-by-hop fields gone, all else as it came.
// The fields that vigia sets are in forwarding-fields.test.ts.

import { describe, expect, test } from 'vitest'
import { forwardedBy, get, useForwarding } from '../support/forwarded.ts'
import { answerOk } from '../support/raw-answers.ts'
import { ask } from '../support/raw-client.ts'
import { allOf, field } from '../support/wire.ts'

const pair = useForwarding()
const forwarded = (bytes: string | Buffer, from?: string, method?: string) => forwardedBy(pair, bytes, from, method)

describe('the request line', () => {
  test.each([
    '/',
    '/a/b?c=d&e=%2F&f=a+b',
    '/a//b',
    '/a/./b/../c',
    '/%7Euser/%e4%bd%a0',
    '/a;b=c,d',
    '/?',
    '/??',
    "/!$&'()*+,;=:@-._~",
    '/a|b^c`d{e}"<f>\\g[h]',
    '//double.example/x',
  ])('keeps the target %s or refuses it, never changes it', async target => {
    const answer = await ask(pair.port, get('', target))
    if (answer.status === 200) expect(pair.upstream.requests[0]?.startLine).toBe(`GET ${target} HTTP/1.1`)
    else expect(answer.status).toBe(400)
  })

  test.each(['/', '/a/b?c=d&e=%2F', '/a//b', '/%7Euser', '/?q'])('keeps the ordinary target %s', async target => {
    expect((await forwarded(get('', target))).startLine).toBe(`GET ${target} HTTP/1.1`)
  })

  test.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'REPORT'])(
    'keeps the method %s',
    async method => {
      const request = await forwarded(
        `${method} /m HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n`,
        undefined,
        method,
      )
      expect(request.startLine).toBe(`${method} /m HTTP/1.1`)
    },
  )

  test('absolute-form becomes origin-form, and the authority becomes Host', async () => {
    const request = await forwarded('GET http://a.example/x?y=z HTTP/1.1\r\nHost: a.example\r\n\r\n')
    expect(request.target).toBe('/x?y=z')
    expect(allOf(request.fields, 'host')).toEqual(['a.example'])
  })

  test('absolute-form without a path becomes /', async () => {
    expect((await forwarded('GET http://a.example HTTP/1.1\r\nHost: a.example\r\n\r\n')).target).toBe('/')
    expect((await forwarded('GET http://a.example?q HTTP/1.1\r\nHost: a.example\r\n\r\n')).target).toBe('/?q')
  })

  test('absolute-form of OPTIONS without a path becomes *', async () => {
    const request = await forwarded('OPTIONS http://a.example HTTP/1.1\r\nHost: a.example\r\n\r\n')
    expect(request.target).toBe('*')
  })

  test('OPTIONS * stays *', async () => {
    expect((await forwarded('OPTIONS * HTTP/1.1\r\nHost: a.example\r\n\r\n')).target).toBe('*')
  })

  test('HTTP/1.0 goes on as HTTP/1.1 with a Host', async () => {
    const request = await forwarded('GET /old HTTP/1.0\r\n\r\n')
    expect(request.startLine).toBe('GET /old HTTP/1.1')
    expect(allOf(request.fields, 'host')).toEqual([`127.0.0.1:${pair.upstream.port}`])
  })
})

describe('Host', () => {
  test.each(['a.example', 'A.Example:8443', '127.0.0.1:80', '[::1]:8080', 'xn--bcher-kva.example', 'a_b.example'])(
    '%s is kept as it came, once',
    async host => {
      expect(allOf((await forwarded(get('', '/', host))).fields, 'host')).toEqual([host])
    },
  )
})

describe('fields that concern one hop only', () => {
  test.each([
    ['Keep-Alive', 'timeout=5'],
    ['Proxy-Connection', 'keep-alive'],
    ['Proxy-Authorization', 'Basic abc'],
    ['TE', 'trailers'],
    ['Upgrade', 'foo/1'],
    ['HTTP2-Settings', 'AAMAAABkAAQAoAAAAAIAAAAA'],
  ])('%s does not pass', async (name, value) => {
    expect(field(await forwarded(get(`${name}: ${value}\r\nX-Kept: 1\r\n`)), name)).toBeUndefined()
  })

  test('fields that Connection names do not pass, whatever their case and order', async () => {
    const request = await forwarded(
      get('X-Before: 1\r\nConnection: x-BEFORE , keep-alive,x-after\r\nX-After: 2\r\nX-Kept: 3\r\n'),
    )
    expect(field(request, 'x-before')).toBeUndefined()
    expect(field(request, 'x-after')).toBeUndefined()
    expect(field(request, 'x-kept')).toBe('3')
    expect(field(request, 'connection') ?? 'keep-alive').toMatch(/^keep-alive$/i)
  })

  test('two Connection lines count as one list', async () => {
    const request = await forwarded(get('Connection: X-One\r\nConnection: X-Two\r\nX-One: 1\r\nX-Two: 2\r\n'))
    expect(field(request, 'x-one')).toBeUndefined()
    expect(field(request, 'x-two')).toBeUndefined()
  })

  test.each(['Host', 'Content-Length', 'X-Forwarded-For', 'X-Real-IP', 'Cookie', 'Authorization', 'X-Request-Id'])(
    'a client cannot have %s removed by naming it in Connection',
    async name => {
      const bytes = `POST /x HTTP/1.1\r\nHost: a.example\r\nConnection: ${name}\r\nContent-Length: 5\r\nCookie: a=b\r\nAuthorization: Basic eDp5\r\n\r\nhello`
      const answer = await ask(pair.port, bytes, 'POST')
      if (answer.status === 400) return
      const request = pair.upstream.requests[0]!
      expect(request.body.toString()).toBe('hello')
      // Cookie and Authorization are the client's own; the others are not its to remove.
      if (!/^(cookie|authorization)$/i.test(name)) expect(field(request, name)).toBeDefined()
    },
  )
})

describe('all other fields', () => {
  test('pass in their order, with their names and values byte for byte', async () => {
    const fields = [
      'aCCept: */*',
      'X-Empty:',
      'X-Latin: caf\xe9 \xff\x80',
      'X-Tab: a\tb',
      'Cookie: a=b; c="d e"',
      'X-Dup: 1',
      'X-Other: 2',
      'X-Dup: 3',
      `X-Long: ${'v'.repeat(3_000)}`,
      "!#$%&'*+-.^_`|~09azAZ: token",
    ]
    const request = await forwarded(get(`${fields.join('\r\n')}\r\n`))
    const wanted = fields.map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()])
    const names = new Set(wanted.map(([name]) => name))
    expect(request.fields.filter(([name]) => names.has(name))).toEqual(wanted)
  })

  test('white space around a value is not part of it', async () => {
    expect(field(await forwarded(get('X-A: \t  b c \t \r\nX-B:d\r\n')), 'x-a')).toBe('b c')
  })
})

describe('a request body', () => {
  test('with Content-Length passes with the same length', async () => {
    const body = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    const head = `POST /b HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${body.length}\r\n\r\n`
    const request = await forwarded(Buffer.concat([Buffer.from(head), body]), undefined, 'POST')
    expect(request.framing).toBe('length')
    expect(request.body.equals(body)).toBe(true)
  })

  test('of length 0 keeps its Content-Length, and a POST without one gets no body', async () => {
    expect(
      field(await forwarded('POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n'), 'content-length'),
    ).toBe('0')
    expect((await forwarded('POST / HTTP/1.1\r\nHost: a.example\r\n\r\n')).body.length).toBe(0)
  })

  test('with leading zeros in its Content-Length is read in decimal or refused', async () => {
    const answer = await ask(
      pair.port,
      'POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0005\r\n\r\nhello',
      'POST',
    )
    if (answer.status === 200) expect(pair.upstream.requests[0]!.body.toString()).toBe('hello')
    else expect(answer.status).toBe(400)
  })

  test('of a GET passes', async () => {
    pair.upstream.answer = answerOk
    const request = await forwarded('GET / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello')
    expect(request.body.toString()).toBe('hello')
  })
})
