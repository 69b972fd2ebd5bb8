// What a request looks like at the upstream, byte for byte: hop-by-hop fields gone, forwarding fields set, all else as it came.

import { describe, expect, test } from 'vitest'
import { usePair } from '../support/pair.ts'
import { ask, RawClient } from '../support/raw-client.ts'
import { answerOk } from '../support/raw-upstream.ts'
import { allOf, field, type RequestMessage } from '../support/wire.ts'

// 127.0.0.2 is a trusted proxy in front of vigia; 127.0.0.1 is a plain client.
const pair = usePair({ config: { trustedProxies: ['127.0.0.2/32', '10.0.0.0/8'] } })

/** Sends it, and tells what the upstream saw. */
async function forwarded(bytes: string | Buffer, from = '127.0.0.1', method = 'GET'): Promise<RequestMessage> {
  const client = await RawClient.connect(pair.port, { from })
  const before = pair.upstream.requests.length
  client.send(bytes)
  const answer = await client.final(method)
  client.close()
  expect(answer.status).toBe(200)
  expect(pair.upstream.violations).toEqual([])
  return pair.upstream.requests[before]!
}

const get = (fields = '', target = '/x', host = 'Erp.Example:8443') =>
  `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${fields}\r\n`

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

describe('forwarding fields for a client that is not trusted', () => {
  test('are set from the connection', async () => {
    const request = await forwarded(get())
    expect(allOf(request.fields, 'x-forwarded-for')).toEqual(['127.0.0.1'])
    expect(allOf(request.fields, 'x-forwarded-host')).toEqual(['Erp.Example:8443'])
    expect(allOf(request.fields, 'x-forwarded-proto')).toEqual(['http'])
    expect(allOf(request.fields, 'x-real-ip')).toEqual(['127.0.0.1'])
    expect(parametersOf(field(request, 'forwarded')!)).toEqual({
      for: '127.0.0.1',
      host: 'Erp.Example:8443',
      proto: 'http',
    })
    expect(allOf(request.fields, 'x-request-id')).toHaveLength(1)
    expect(field(request, 'x-request-id')).toMatch(/^[\w.-]{8,}$/)
  })

  test('replace forged ones, however often and in whatever case they come', async () => {
    const forged = [
      'X-Forwarded-For: 1.2.3.4',
      'x-forwarded-for: 5.6.7.8',
      'X-Forwarded-Host: evil.example',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Port: 443',
      'X-REAL-IP: 1.2.3.4',
      'Forwarded: for=1.2.3.4;proto=https;host=evil.example',
    ]
    const request = await forwarded(get(`${forged.join('\r\n')}\r\n`))
    expect(allOf(request.fields, 'x-forwarded-for')).toEqual(['127.0.0.1'])
    expect(allOf(request.fields, 'x-forwarded-host')).toEqual(['Erp.Example:8443'])
    expect(allOf(request.fields, 'x-forwarded-proto')).toEqual(['http'])
    expect(allOf(request.fields, 'x-real-ip')).toEqual(['127.0.0.1'])
    expect(allOf(request.fields, 'forwarded')).toHaveLength(1)
    expect(request.bytes.toString('latin1')).not.toMatch(/1\.2\.3\.4|5\.6\.7\.8|evil/)
    expect(field(request, 'x-forwarded-port') ?? 'none').not.toBe('443')
  })

  test('request ids differ from request to request', async () => {
    const first = field(await forwarded(get()), 'x-request-id')
    const second = field(await forwarded(get()), 'x-request-id')
    expect(first).not.toBe(second)
  })

  test("a repeated head does not carry one request's fields into the next", async () => {
    const client = await RawClient.connect(pair.port)
    const ids = new Set<string | undefined>()
    for (const target of ['/1', '/2', '/3']) {
      client.send(get('X-Same: 1\r\n', target))
      expect((await client.final()).status).toBe(200)
    }
    client.close()
    for (const request of pair.upstream.requests) {
      expect(allOf(request.fields, 'x-forwarded-for')).toEqual(['127.0.0.1'])
      ids.add(field(request, 'x-request-id'))
    }
    expect(ids.size).toBe(3)
    expect(pair.upstream.requests.map(each => each.target)).toEqual(['/1', '/2', '/3'])
  })
})

describe('forwarding fields from a trusted proxy', () => {
  test('are believed and extended', async () => {
    const fields = 'X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Host: shop.example\r\nX-Forwarded-Proto: https\r\n'
    const request = await forwarded(get(fields), '127.0.0.2')
    expect(field(request, 'x-forwarded-for')).toBe('203.0.113.7, 127.0.0.2')
    expect(field(request, 'x-forwarded-host')).toBe('shop.example')
    expect(field(request, 'x-forwarded-proto')).toBe('https')
    expect(field(request, 'x-real-ip')).toBe('203.0.113.7')
  })

  test('are read from the right: the first address that is not trusted is the client', async () => {
    const request = await forwarded(get('X-Forwarded-For: 6.6.6.6, 203.0.113.7, 10.1.2.3\r\n'), '127.0.0.2')
    expect(field(request, 'x-real-ip')).toBe('203.0.113.7')
  })

  test('several X-Forwarded-For lines count as one list', async () => {
    const request = await forwarded(get('X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 203.0.113.7\r\n'), '127.0.0.2')
    expect(field(request, 'x-real-ip')).toBe('203.0.113.7')
  })

  test('that make no sense are not believed', async () => {
    const request = await forwarded(get('X-Forwarded-For: <script>\r\nX-Forwarded-Proto: gopher\r\n'), '127.0.0.2')
    expect(field(request, 'x-real-ip')).toBe('127.0.0.2')
    expect(['http', 'https']).toContain(field(request, 'x-forwarded-proto'))
  })
})

describe('Via', () => {
  test('names vigia and the version that was received', async () => {
    expect(field(await forwarded(get()), 'via')).toMatch(/(^|, )1\.1 vigia$/)
    expect(field(await forwarded('GET / HTTP/1.0\r\nHost: a.example\r\n\r\n'), 'via')).toMatch(/(^|, )1\.0 vigia$/)
  })

  test('comes after those of earlier proxies', async () => {
    expect(field(await forwarded(get('Via: 1.0 fred, 1.1 p.example\r\n')), 'via')).toBe(
      '1.0 fred, 1.1 p.example, 1.1 vigia',
    )
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

/** The parameters of a single Forwarded element (RFC 7239 4). */
function parametersOf(element: string): Record<string, string> {
  const pairs = element.split(';').map(each => each.trim().split('='))
  return Object.fromEntries(pairs.map(([name, value = '']) => [name!.toLowerCase(), value.replace(/^"|"$/g, '')]))
}
