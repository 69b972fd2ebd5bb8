// HAProxy's configurations, and what their parts become.

import { describe, expect, test } from 'vitest'
import { convertInput, convertText, SECRET } from './support.ts'

const TIMES = 'timeout connect 5s\ntimeout client 60s\ntimeout server 60s\n'
const haproxy = (text: string, files = {}, env = {}) =>
  convertText('haproxy', `defaults\nmode http\n${TIMES}${text}`, files, env)
/** Lines of a frontend begin at 7. */
const frontend = (lines: string, backend = '') =>
  haproxy(`frontend www\n${lines}\nbind :8080\ndefault_backend web\nbackend web\nserver w1 127.0.0.1:8069\n${backend}`)

test('a site with standby, sticky cookie, probes, a queue, rules and a map of paths', () => {
  const { document, problems, notes } = convertInput('haproxy', 'odoo.haproxy.cfg')
  expect(problems).toEqual([])
  expect(document.routes.map(({ match, pool, access }) => [match?.host, match?.path, pool, access])).toEqual([
    [undefined, '/websocket', 'odoo-bus', undefined],
    [undefined, '/longpolling', 'odoo-bus', undefined],
    ['api.example.com', '/v1', 'api', undefined],
    [undefined, '/reports/live', 'odoo-bus', undefined],
    [undefined, '/reports', 'api', undefined],
    [undefined, '/web/database', 'odoo', { allow: ['10.0.0.0/8', '127.0.0.1'] }],
    [undefined, undefined, 'odoo', { denyPaths: ['/web/database*', '/xmlrpc/db*'] }],
  ])
  expect(document.routes[0].headers).toEqual({
    request: { set: { 'X-Tenant': 'acme' } },
    response: { remove: ['Server'] },
  })
  expect(document.pools.odoo).toEqual({
    slowStart: '30s',
    health: { path: '/web/health', expect: { status: 200 }, host: 'erp.example.com', interval: '3s', fall: 2 },
    affinity: { cookie: 'SRV', ttl: '0', keys: [SECRET] },
    queue: { max: 1000, timeout: '30s' },
    paths: { ignoreCase: true },
    upstreams: [
      { name: 'odoo1', url: 'http://127.0.0.1:8069', maxConnections: 16 },
      { name: 'odoo2', url: 'http://127.0.0.1:8070', maxConnections: 16 },
      { name: 'dr', url: 'http://127.0.0.1:8071', priority: 1, maxConnections: 16 },
    ],
  })
  expect(document.pools['odoo-bus'].affinity).toEqual({ by: 'address' })
  expect(document.timeouts).toEqual({ connect: '5s', response: '12m', idle: '12m', tunnel: '8h', head: '10s' })
  expect(notes.join('\n')).not.toContain('hunter2')
})

test('what protects and can not be matched closes what its requests would fall to, and no password is shown', () => {
  const { document, notes, text } = convertInput('haproxy', 'protected.haproxy.cfg')
  expect(document.routes).toEqual([{ pool: 'web', access: { denyPaths: ['/*'] } }])
  expect(notes.filter(note => note.startsWith('unsafe'))).toEqual([
    'unsafe protected.haproxy.cfg:9: use_backend admin if { path_reg ^/adm[0-9]+(?=x) }',
    'unsafe protected.haproxy.cfg:8: http-request deny if { hdr_sub(user-agent) -i crawler }',
  ])
  expect(notes.join('\n') + text).not.toContain('hunter2')
})

describe('rules', () => {
  test('unless turns a condition round: only these may, and all others are refused', () => {
    const { document } = frontend(
      'acl office src 10.0.0.0/8\nacl office src 192.0.2.1\nhttp-request deny unless office',
    )
    expect(document.routes).toEqual([{ pool: 'web', access: { allow: ['10.0.0.0/8', '192.0.2.1'] } }])
  })

  test('hosts that are not known find no route', () => {
    const { document } = frontend('http-request deny unless { hdr(host) -i ERP.example.com }')
    expect(document.routes).toEqual([{ match: { host: 'erp.example.com' }, pool: 'web' }])
  })

  test('a path for some addresses gets a route of its own, and what begins like it is refused', () => {
    const { document } = frontend('http-request deny if { path_beg /admin } !{ src 10.0.0.0/8 }')
    expect(document.routes).toEqual([
      { match: { path: '/admin' }, pool: 'web', access: { allow: ['10.0.0.0/8'] } },
      { pool: 'web', access: { denyPaths: ['/admin*'] } },
    ])
  })

  test('methods are refused by a route of their own', () => {
    const { document } = frontend('http-request deny if METH_TRACE or { method DELETE }')
    expect(document.routes).toEqual([
      { match: { method: 'TRACE' }, pool: 'web', access: { denyPaths: ['/*'] } },
      { match: { method: 'DELETE' }, pool: 'web', access: { denyPaths: ['/*'] } },
      { pool: 'web' },
    ])
  })

  test('a rate of each address is a rate limit', () => {
    const { document, notes } = frontend(
      'stick-table type ip size 1m expire 1m store http_req_rate(10s)\nhttp-request track-sc0 src\nhttp-request deny deny_status 429 if { sc_http_req_rate(0) gt 100 }',
    )
    expect(document.routes[0]).toMatchObject({ rateLimit: { rate: '10/s', burst: 100 } })
    expect(notes.filter(note => note.startsWith('un'))).toEqual([])
  })

  test('lists in files are read, and a missing one closes what it was about', () => {
    const lines = 'acl blocked src -f blocked.lst\nhttp-request deny if blocked'
    const text = `frontend www\nbind :8080\n${lines}\ndefault_backend web\nbackend web\nserver w1 127.0.0.1:8069`
    expect(haproxy(text, { 'blocked.lst': '# bad\n192.0.2.0/24\n' }).document.routes[0].access).toEqual({
      deny: ['192.0.2.0/24'],
    })
    const without = haproxy(text)
    expect(without.document.routes[0].access).toEqual({ denyPaths: ['/*'] })
    expect(without.notes).toContain('unsafe FILE:9: http-request deny if blocked')
  })

  test('a password that is asked for closes what it was asked for', () => {
    const { document, notes } = frontend('http-request auth realm x if { path_beg /admin } !{ http_auth(people) }')
    expect(document.routes[0].access).toEqual({ denyPaths: ['/admin*'] })
    expect(notes).toContain('unsafe FILE:7: http-request auth ...')
  })
})

describe('servers', () => {
  test('each standby waits for the one before it, but for option allbackups', () => {
    const backend = (line: string) =>
      haproxy(
        `listen erp\nbind :8080\n${line}\nserver a 127.0.0.1:1\nserver b 127.0.0.1:2 backup\nserver c 127.0.0.1:3 backup`,
      )
    const priorities = (line: string) => backend(line).document.pools.erp.upstreams.map(({ priority = 0 }) => priority)
    expect(priorities('')).toEqual([0, 1, 2])
    expect(priorities('option allbackups')).toEqual([0, 1, 1])
  })

  test('without check nothing is probed; httpchk alone asks as HAProxy does', () => {
    const health = (lines: string, options: string) =>
      haproxy(`listen erp\nbind :8080\n${lines}\nserver a 127.0.0.1:1 ${options}`).document.pools.erp.health
    expect(health('option httpchk GET /ping', '')).toBe('off')
    expect(health('', 'check')).toBeUndefined()
    expect(health('option httpchk', 'check inter 5s')).toEqual({
      path: '/',
      method: 'OPTIONS',
      expect: { status: '200-399' },
      interval: '5s',
    })
    expect(health('option httpchk GET /ping HTTP/1.1\\r\\nHost:\\ a.test', 'check')).toEqual({
      path: '/ping',
      host: 'a.test',
      expect: { status: '200-399' },
    })
    expect(health('option httpchk GET /\nhttp-check expect rstatus ^[23]', 'check').expect).toEqual({
      status: ['200-299', '300-399'],
    })
    expect(health('option httpchk GET /\nhttp-check expect string up', 'check').expect).toEqual({ body: 'up' })
  })

  test('TCP is not converted, and says so', () => {
    const { notes } = haproxy('listen db\nmode tcp\nbind :5432\nserver a 127.0.0.1:1')
    expect(notes).toContain('unconverted FILE:6: listen db')
  })
})

test('words are split as HAProxy does: quotes, escapes, comments, variables, setenv', () => {
  const { document } = haproxy(
    `global
setenv TENANT "acme # corp"
listen erp
bind :8080
http-request set-header X-A "$TENANT"
http-request set-header X-B '$TENANT' # not this
http-request set-header X-C a\\ b
http-request set-header X-D "\${GONE-none} \${PLACE}"
server a 127.0.0.1:1`,
    {},
    { PLACE: 'here' },
  )
  expect(document.routes[0].headers.request.set).toEqual({
    'X-A': 'acme # corp',
    'X-B': '$TENANT',
    'X-C': 'a b',
    'X-D': 'none here',
  })
})

test('conditional blocks are not guessed at', () => {
  expect(() => haproxy('.if defined(A)\n.endif')).toThrow('conditional blocks are not read')
})

describe('what protects is never lost on the way', () => {
  test('rules of defaults and of a backend hold for every route', () => {
    const { document } = haproxy(
      'http-request deny if { path_beg /old }\nfrontend www\nbind :8080\nuse_backend admin if { path_beg /a }\nuse_backend admin if { path_beg /b }\ndefault_backend web\nbackend web\nserver w1 127.0.0.1:8069\nbackend admin\nhttp-request auth if !{ http_auth(x) }\nserver w1 127.0.0.1:8069',
    )
    expect(document.routes).toEqual([
      { match: { path: '/a' }, pool: 'admin', access: { denyPaths: ['/a', '/a/*'] } },
      { match: { path: '/b' }, pool: 'admin', access: { denyPaths: ['/b', '/b/*'] } },
      { pool: 'web', access: { denyPaths: ['/old*'] } },
    ])
  })

  test('certificates of clients are asked for', () => {
    const { document } = haproxy(
      'listen erp\nbind :443 ssl crt a.pem ca-file partners.pem verify required\nserver a 127.0.0.1:1',
    )
    expect(document.listeners[0].tls.clients).toEqual({ caFile: 'partners.pem' })
  })

  test('a PROXY header is believed from this machine only until somebody says from whom', () => {
    const { document, text, notes } = haproxy('listen erp\nbind :8080 accept-proxy\nserver a 127.0.0.1:1')
    expect(document.listeners[0].proxyProtocol).toEqual({ from: ['127.0.0.1'] })
    expect(text).toContain('# TODO FILE:7: bind :8080 accept-proxy')
    expect(notes).toContain('unsafe FILE:7: bind :8080 accept-proxy')
  })
})
