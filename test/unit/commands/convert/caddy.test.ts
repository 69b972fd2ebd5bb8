// Caddyfiles, and what their parts become.

import { describe, expect, test } from 'vitest'
import { convertInput, convertText, SECRET } from './support.ts'

const caddy = (text: string, files = {}, env = {}) => convertText('caddy', text, files, env)

test('a site with certificates of its own getting, snippets, matchers and two pools', () => {
  const { document, problems } = convertInput('caddy', 'odoo.Caddyfile')
  expect(problems).toEqual([])
  expect(document.listeners).toEqual([
    { name: 'http', address: ':80', redirect: 'https' },
    { name: 'https', address: ':443', tls: {}, hsts: { maxAge: '365d', includeSubDomains: true } },
  ])
  const host = ['erp.example.com', 'www.erp.example.com']
  expect(document.routes.map(({ match, access }) => [match, access])).toEqual([
    [{ host, path: '/websocket' }, undefined],
    [
      { host, path: '/xmlrpc' },
      { denyPaths: ['/web/database*'], allow: ['10.0.0.0/8'] },
    ],
    [{ host }, { denyPaths: ['/web/database*'] }],
  ])
  expect(document).toMatchObject({
    compress: { codings: ['zstd', 'gzip'] },
    acme: { email: 'ops@example.com', termsAgreed: true },
    store: './vigia.db',
    trustedProxies: ['10.0.1.0/24'],
  })
  expect(document.pools['127.0.0.1-8069']).toMatchObject({
    health: { path: '/web/health', interval: '5s' },
    paths: { ignoreCase: true },
  })
})

test('plain HTTP; a password and an answer of 404 close their paths; variables have defaults', () => {
  const { document, problems, notes } = convertInput('caddy', 'plain.Caddyfile')
  expect(problems).toEqual([])
  expect(document.routes).toEqual([
    { match: { host: 'erp.example.com', path: '/websocket' }, pool: '127.0.0.1-8072' },
    { match: { host: 'erp.example.com' }, pool: '127.0.0.1-8069', access: { denyPaths: ['/admin/*', '/install*'] } },
  ])
  expect(notes.filter(note => note.startsWith('unsafe'))).toEqual(['unsafe plain.Caddyfile:2: basicauth ...'])
  expect(notes.join('\n')).not.toContain('$2a$')
})

describe('parts', () => {
  test('a file with one site needs no braces', () => {
    const { document, problems } = caddy(':8080\nreverse_proxy 127.0.0.1:1 127.0.0.1:2 {\n lb_policy cookie srv\n}\n')
    expect(problems).toEqual([])
    expect(document.routes).toEqual([{ pool: '127.0.0.1-1' }])
    expect(document.pools['127.0.0.1-1'].affinity).toEqual({ cookie: 'srv', ttl: '0', keys: [SECRET] })
  })

  test('a path that is cut off is marked at its route', () => {
    const { text, notes } = caddy(':8080 {\n handle_path /api/* {\n reverse_proxy a:1\n }\n}')
    expect(notes).toContain('unconverted FILE:2: handle_path /api/*')
    expect(text).toMatch(/# TODO FILE:2: handle_path .*\n {2}- \{match: \{path: \/api\}/)
  })

  test('what asks another service closes all that it is about', () => {
    const { document, notes } = caddy(':8080 {\n forward_auth auth:9000 {\n uri /x\n }\n reverse_proxy a:1\n}')
    expect(document.routes[0].access).toEqual({ denyPaths: ['/*'] })
    expect(notes).toContain('unsafe FILE:2: forward_auth auth:9000')
  })

  test('files and snippets are imported with their arguments; one that is not there is a line in the report', () => {
    const { document, notes } = caddy(
      '(to) {\n reverse_proxy {args[0]}\n}\nimport sites/*\n:8081 {\n import to b:2\n import gone\n}',
      { 'sites/a': ':8080 {\n import to a:1\n}\n' },
    )
    expect(document.routes.map(({ match, pool }) => [match, pool])).toEqual([
      [{ listener: 'port-8080' }, 'a-1'],
      [{ listener: 'port-8081' }, 'b-2'],
    ])
    expect(notes).toContain('unconverted FILE:7: import gone')
  })

  test('a secret of a probe stays in the environment', () => {
    const { document } = caddy(
      ':8080 {\n reverse_proxy a:1 {\n health_uri /h\n health_headers {\n Authorization "Bearer {env.TOKEN}"\n }\n }\n}',
    )
    // biome-ignore lint/suspicious/noTemplateCurlyInString: that is what the document says
    expect(document.pools['a-1'].health.headers).toEqual({ Authorization: 'Bearer ${TOKEN}' })
  })
})

test.each([
  [':80 {\n', 'a block has no end: a } is missing'],
  [':80 {\n respond "x\n}', 'a text that begins with " has no end'],
])('%j is no Caddyfile', (text, message) => {
  expect(() => caddy(text)).toThrow(message)
})
