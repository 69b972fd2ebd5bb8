// Traefik's documents, and what their parts become.

import { describe, expect, test } from 'vitest'
import { parseRule } from '../../../../src/commands/convert/traefik/rule.ts'
import { convertInput, convertText } from './support.ts'

const traefik = (text: string, files = {}) => convertText('traefik', text, files)
const erp = (router: string, middlewares = '') => `
http:
  routers:
    erp: { rule: "PathPrefix(\`/\`)", service: erp }
    other: { service: erp, ${router} }
  middlewares: { ${middlewares} }
  services: { erp: { loadBalancer: { servers: [{ url: "http://127.0.0.1:1" }] } } }
`

test('entry points, a resolver, routers by priority, middlewares and services', () => {
  const { document, problems, notes } = convertInput('traefik', 'odoo.traefik.yaml')
  expect(problems).toEqual([])
  expect(document.listeners).toEqual([
    { name: 'http', address: ':80', redirect: 'https' },
    { name: 'https', address: ':443', tls: {}, hsts: { maxAge: '365d' } },
  ])
  expect(document.routes).toEqual([
    { match: { host: 'erp.example.com', path: '/websocket' }, pool: 'odoo-bus' },
    { match: { host: 'erp.example.com', path: '/longpolling' }, pool: 'odoo-bus' },
    { match: { host: 'erp.example.com', path: '/web/database' }, pool: 'odoo', access: { allow: ['10.0.0.0/8'] } },
    {
      match: { host: 'erp.example.com' },
      pool: 'odoo',
      headers: { request: { set: { 'X-Tenant': 'acme' } }, response: { set: { 'X-Frame-Options': 'DENY' } } },
      rateLimit: { rate: '100/s', burst: 50 },
    },
  ])
  expect(document).toMatchObject({
    acme: { termsAgreed: true, email: 'ops@example.com' },
    trustedProxies: ['10.0.1.0/24'],
  })
  expect(notes).toContain('unconverted odoo.traefik.yaml:18: docker')
})

test('TOML is read with its places, and a password closes its route', () => {
  const { document, problems, notes } = convertInput('traefik', 'dolibarr.traefik.toml')
  expect(problems).toEqual([])
  expect(document.routes).toEqual([
    { match: { path: '/admin' }, pool: 'erp', access: { denyPaths: ['/admin', '/admin/*'] } },
    { pool: 'erp' },
  ])
  expect(notes).toContain('unsafe dolibarr.traefik.toml:10: basicAuth')
  expect(notes).toContain('unconverted dolibarr.traefik.toml:17: tcp')
  expect(notes.join('\n')).not.toContain('hunter2')
})

describe('parts', () => {
  test('files of the provider are read', () => {
    const { document } = traefik(
      'entryPoints: { web: { address: ":8080" } }\nproviders: { file: { filename: dyn.yml } }',
      {
        'dyn.yml': erp('rule: "PathPrefix(`/reports`)"'),
      },
    )
    expect(document.routes.map(({ match }) => match)).toEqual([{ path: '/reports' }, undefined])
  })

  test('what protects and has a rule that can not be matched closes the routes behind it', () => {
    const text = erp(
      'rule: "Path(`/{any:[a-z]+}/very/long/admin`)", middlewares: [auth]',
      'auth: { basicAuth: { users: [x] } }',
    )
    const { document, notes } = traefik(text)
    expect(document.routes).toEqual([{ pool: 'erp', access: { denyPaths: ['/*'] } }])
    expect(notes).toContain('unsafe FILE:5: other')
  })

  test('weights of services and a failover are weights and priorities of upstreams', () => {
    const { document } = traefik(`
http:
  routers: { erp: { rule: "PathPrefix(\`/\`)", service: all } }
  services:
    all: { failover: { service: shared, fallback: c } }
    shared: { weighted: { services: [{ name: a, weight: 3 }, { name: b, weight: 1 }] } }
    a: { loadBalancer: { servers: [{ url: "http://a:1" }] } }
    b: { loadBalancer: { servers: [{ url: "http://b:1" }] } }
    c: { loadBalancer: { servers: [{ url: "http://c:1" }] } }
`)
    expect(document.pools.all.upstreams).toEqual([
      { name: 'a-1', url: 'http://a:1', weight: 3 },
      { name: 'b-1', url: 'http://b:1', weight: 1 },
      { name: 'c-1', url: 'http://c:1', priority: 1 },
    ])
  })
})

describe('rules', () => {
  const kinds = (rule: string) =>
    parseRule(rule)?.map(clause => clause.map(({ kind, not }) => (not ? `!${kind}` : kind)))

  test('&& goes before ||, ! before both, and parentheses before all', () => {
    expect(kinds('Host(`a`) || Path(`/b`) && !Method("GET")')).toEqual([['host'], ['path', '!method']])
    expect(kinds("(Host('a') || Path('/b')) && Method('GET')")).toEqual([
      ['host', 'method'],
      ['path', 'method'],
    ])
    expect(kinds('!(Host(`a`) || Path(`/b`))')).toEqual([['!host', '!path']])
  })

  test.each(['', 'Host(`a`', 'Host(`a`) &&', 'Host(`a`) Path(`/`)', '&& Host(`a`)', '('.repeat(100)])(
    '%j is none',
    rule => {
      expect(parseRule(rule)).toBeUndefined()
    },
  )
})

describe('what protects is never lost on the way', () => {
  test('a middleware that is not there closes its route', () => {
    const { document, notes } = traefik(erp('rule: "PathPrefix(`/admin/users`)", middlewares: [auth@docker]'))
    expect(document.routes[0]).toMatchObject({
      match: { path: '/admin/users' },
      access: { denyPaths: ['/admin/users', '/admin/users/*'] },
    })
    expect(notes).toContain('unsafe FILE:5: middleware auth@docker')
  })

  test('middlewares of an entry point hold for all its routers', () => {
    const text = erp('rule: "PathPrefix(`/admin/users`)"', 'office: { ipAllowList: { sourceRange: [10.0.0.0/8] } }')
    const { document } = traefik(`entryPoints: { web: { address: ":8080", http: { middlewares: [office] } } }${text}`)
    expect(document.routes.map(({ access }) => access)).toEqual([{ allow: ['10.0.0.0/8'] }, { allow: ['10.0.0.0/8'] }])
  })
})
