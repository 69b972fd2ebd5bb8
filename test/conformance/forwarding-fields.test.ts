// The fields by which an upstream learns of the client behind vigia: set, never taken over from a client that is not trusted.

import { describe, expect, test } from 'vitest'
import { forwardedBy, get, useForwarding } from '../support/forwarded.ts'
import { ask, RawClient } from '../support/raw-client.ts'
import { allOf, field } from '../support/wire.ts'

const pair = useForwarding()
const forwarded = (bytes: string | Buffer, from?: string, method?: string) => forwardedBy(pair, bytes, from, method)

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

  test.each(['X_Forwarded_For', 'X_Real_IP', 'X-Real_IP', 'X_FORWARDED_PROTO', 'Content_Length', 'Transfer_Encoding'])(
    'are not doubled by %s, which CGI and WSGI cannot tell from the real one',
    async name => {
      const answer = await ask(pair.port, get(`${name}: 1.2.3.4\r\n`))
      if (answer.status === 400) return
      expect(field(pair.upstream.requests[0]!, name)).toBeUndefined()
    },
  )

  test.each([
    ...['X.Forwarded.For', 'X_Forwarded.Proto', 'x.real.ip', 'X-Forwarded-Prefix', 'X_FORWARDED_USER'],
    ...['Remote-User', 'X-Remote-User', 'remote_user', 'X.Remote.Groups', 'X-Auth-Request-Email', 'X_WebAuth_User'],
    ...['SSL_CLIENT_S_DN', 'ssl-client-verify', 'X-SSL-Client-Cert', 'X-Client-Cert', 'Client-Cert'],
    ...['X-Original-URL', 'X_Rewrite_URL', 'SCRIPT_NAME', 'Path-Info', 'X-Script-Name'],
    ...['X-Frappe-Site-Name', 'X_ODOO_DBFILTER', 'Proxy', 'True-Client-IP'],
  ])('leave %s out, which only a proxy may say', async name => {
    const request = await forwarded(get(`${name}: claimed\r\nX-Own: mine\r\n`))
    expect(request.bytes.toString('latin1')).not.toContain('claimed')
    expect(field(request, 'x-own')).toBe('mine')
  })

  test.each([
    ...['X-Remoteness', 'Proxy-Mode', 'X_Own', 'x.own', 'X-Originality', 'Remote-Control', 'X-Odoo-Database'],
    ...['X-Frappe-CSRF-Token', 'X-Requested-With', 'Clientcert', 'X-SSLX'],
  ])('leave %s as it is, which claims nothing', async name => {
    expect(field(await forwarded(get(`${name}: mine\r\n`)), name)).toBe('mine')
  })

  test('leave claims out of trailers too', async () => {
    const trailers = 'X-Remote-User: claimed\r\nX_Forwarded_For: claimed\r\nX-Checksum: mine\r\n'
    const request = await forwarded(
      `POST /x HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n${trailers}\r\n`,
    )
    expect(request.trailers).toEqual([['X-Checksum', 'mine']])
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
  test.each(['X-Remote-User', 'SSL_CLIENT_S_DN', 'X-Frappe-Site-Name', 'X-Forwarded-Prefix'])(
    'have its %s beside them',
    async name => {
      expect(field(await forwarded(get(`${name}: said\r\n`), '127.0.0.2'), name)).toBe('said')
    },
  )

  test.each(['X_Forwarded_For', 'x.forwarded.for', 'X_Forwarded_User'])(
    'leave its %s out: it has the proper spelling at hand',
    async name => {
      const request = await forwarded(get(`${name}: 10.1.2.3\r\n`), '127.0.0.2')
      expect(request.bytes.toString('latin1')).not.toContain('10.1.2.3')
    },
  )

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

  test.each([
    ['https', 'https'],
    ['HTTPS', 'https'],
    ['wss', 'https'],
    ['ws', 'http'],
    ['https,http', 'https'],
    ['https , http', 'https'],
    ['http, https', 'http'],
    ['wss,http', 'https'],
    ['https\r\nX-Forwarded-Proto: http', 'https'],
  ])("X-Forwarded-Proto: %j is %s: the first is the client's", async (claimed, scheme) => {
    const request = await forwarded(get(`X-Forwarded-Proto: ${claimed}\r\n`), '127.0.0.2')
    expect(field(request, 'x-forwarded-proto')).toBe(scheme)
  })

  test('that make no sense are not believed', async () => {
    const request = await forwarded(get('X-Forwarded-For: <script>\r\nX-Forwarded-Proto: gopher\r\n'), '127.0.0.2')
    expect(field(request, 'x-real-ip')).toBe('127.0.0.2')
    expect(['http', 'https']).toContain(field(request, 'x-forwarded-proto'))
  })
})

describe('Via', () => {
  test('is not added: servers send uncompressed what was asked for with it; what a client or proxy has sent is passed on', async () => {
    expect(field(await forwarded(get()), 'via')).toBeUndefined()
    expect(field(await forwarded(get('Via: 1.0 fred\r\n')), 'via')).toBe('1.0 fred')
  })
})

describe('CDN-Loop', () => {
  test('names the pool, the same on each connection and from each worker, after who came before', async () => {
    const [own, ...rest] = allOf((await forwarded(get())).fields, 'cdn-loop')
    expect(rest).toEqual([])
    expect(own).toMatch(/^vigia-\d+-[0-9a-f]{16}$/)
    for (let i = 0; i < 4; i += 1) {
      const request = await forwarded(get('CDN-Loop: a.example;x=1, b\r\ncdn-loop: c\r\n'))
      expect(allOf(request.fields, 'cdn-loop')).toEqual(['a.example;x=1, b', 'c', own])
    }
  })
})

/** The parameters of a single Forwarded element (RFC 7239 4). */
function parametersOf(element: string): Record<string, string> {
  const pairs = element.split(';').map(each => each.trim().split('='))
  return Object.fromEntries(pairs.map(([name, value = '']) => [name!.toLowerCase(), value.replace(/^"|"$/g, '')]))
}
