// nginx's configurations, as the documentation of ERPs writes them, and what their parts become.

import { describe, expect, test } from 'vitest'
import type { ReadFault } from '../../../../src/commands/convert/directive.ts'
import { convertInput, convertText } from './support.ts'

const nginx = (text: string, files = {}) => convertText('nginx', text, files)
const server = (inner: string) =>
  nginx(
    `server {\nlisten 8080;\nlocation / { proxy_pass http://127.0.0.1:8069; proxy_set_header Host $host; }\n${inner}\n}`,
  )

describe('the configurations that ERPs document', () => {
  test('Odoo: TLS with its redirect, the bus beside the rest, and nothing refused', () => {
    const { document, problems, notes } = convertInput('nginx', 'odoo.nginx.conf')
    expect(problems).toEqual([])
    expect(document.listeners).toMatchObject([
      { address: ':80', redirect: 'https' },
      { address: ':443', hsts: { maxAge: '365d', includeSubDomains: true } },
    ])
    expect(document.routes).toEqual([{ match: { path: '/websocket' }, pool: 'odoochat' }, { pool: 'odoo' }])
    expect(document.pools.odoo.upstreams).toEqual([{ name: '127.0.0.1-8069', url: 'http://127.0.0.1:8069' }])
    expect(document.timeouts).toEqual({ response: '12m', idle: '12m' })
    expect(notes).toContain('unconverted odoo.nginx.conf:44: proxy_cookie_flags session_id samesite=lax secure')
    expect(notes.filter(note => note.startsWith('unsafe'))).toEqual([])
  })

  test('Frappe: files fall to the nodes, what is internal is refused, and the site is named to them', () => {
    const { document, problems, notes } = convertInput('nginx', 'frappe.nginx.conf')
    expect(problems).toEqual([])
    const [socket, rest] = document.routes
    expect(socket).toMatchObject({ match: { path: '/socket.io' }, pool: 'frappe-bench-socketio-server' })
    expect(socket.headers.request.set).toEqual({ 'X-Frappe-Site-Name': 'site1.local', Origin: '{scheme}://{host}' })
    expect(rest.access.denyPaths).toEqual(expect.arrayContaining(['/protected/*']))
    expect(rest).toMatchObject({ timeouts: { response: '2m', idle: '2m' }, pool: 'frappe-bench-frappe' })
    expect(document.limits).toEqual({ body: '50MiB' })
    expect(document.pools['frappe-bench-frappe'].outlier).toBe('off')
    expect(notes).toContain('unconverted frappe.nginx.conf:25: location /assets')
    expect(notes).toContain('unconverted frappe.nginx.conf:7: map $host $site_name_x')
  })

  test('Tryton: weights, a standby, addresses in first-match order, a rate, and hidden files', () => {
    const { document, problems, notes } = convertInput('nginx', 'tryton.nginx.conf')
    expect(problems).toEqual([])
    expect(document.pools.trytond).toMatchObject({ idleConnections: 16, retry: { statuses: [503] } })
    expect(document.pools.trytond.upstreams).toMatchObject([{ weight: 3 }, { weight: 1 }, { weight: 1, priority: 1 }])
    const hidden = ['/*/.ht*', '/.ht*', '/*/.git*', '/.git*']
    const host = ['tryton.example.com', '*.tryton.example.com']
    expect(document.routes).toEqual([
      {
        match: { host, path: '/admin/' },
        pool: 'trytond',
        access: { allow: ['127.0.0.1', '10.0.0.0/8'], denyPaths: hidden },
      },
      {
        match: { host, path: '/login' },
        pool: 'trytond',
        rateLimit: { rate: '30/m', burst: 6 },
        access: { denyPaths: hidden },
      },
      { match: { host }, pool: 'trytond', access: { denyPaths: hidden } },
    ])
    // Whoever asks for another host finds no route, as nginx closed the connection.
    expect(notes).toContain('differs tryton.nginx.conf:46: return 444')
    expect(notes).toContain('unconverted tryton.nginx.conf:28: location ~ ^/[^/]+/bus$')
  })

  test('Dolibarr: what a password protected is closed, and says so where it stands', () => {
    const { document, text, problems, notes } = convertInput('nginx', 'dolibarr.nginx.conf')
    expect(problems).toEqual([])
    expect(document.routes.map(({ match, access }) => [match?.path, access])).toEqual([
      ['/public/', undefined],
      ['/api/', { allow: ['10.0.0.0/8'] }],
      [undefined, { denyPaths: ['/*', '/install*'] }],
    ])
    expect(notes.filter(note => note.startsWith('unsafe'))).toEqual([
      'unsafe dolibarr.nginx.conf:5: auth_basic ERP',
      'unsafe dolibarr.nginx.conf:5: auth_basic ERP',
    ])
    expect(text).toMatch(/# TODO dolibarr\.nginx\.conf:5: auth_basic ERP: .*\n {2}- \{pool: 127\.0\.0\.1-8081/)
    expect(text).toContain('# TODO dolibarr.nginx.conf:25: proxy_pass http://127.0.0.1:8081/api/index.php/')
  })
})

describe('who may use what', () => {
  test('a location for some addresses is a route, and what begins like it is refused beside it', () => {
    const { document } = server('location /admin { allow 10.0.0.0/8; deny all; proxy_pass http://127.0.0.1:8069; }')
    expect(document.routes).toEqual([
      { match: { path: '/admin' }, pool: '127.0.0.1-8069', access: { allow: ['10.0.0.0/8'] } },
      { pool: '127.0.0.1-8069', access: { denyPaths: ['/admin*'] } },
    ])
  })

  test('a pattern that no path with * says closes everything it may be about', () => {
    const { document, notes } = server('location ~ ^/(?!public)x { deny all; }')
    expect(document.routes[0].access).toEqual({ denyPaths: ['/*'] })
    expect(notes).toContain('unsafe FILE:4: location ~ ^/(?!public)x')
  })

  test.each([
    ['if ($http_user_agent ~ bot) { return 403; }', 'if ($http_user_agent ~ bot)'],
    ['auth_request /auth;', 'auth_request /auth'],
    ['allow 10.0.0.0/24; deny 10.0.0.0/8; allow all;', 'allow 10.0.0.0/24'],
    ['secure_link $arg_md5;', 'secure_link $arg_md5'],
  ])('%s can not be converted, and closes the server', (line, directive) => {
    const { document, notes } = server(line)
    expect(document.routes[0].access.denyPaths).toEqual(['/*'])
    expect(notes).toContain(`unsafe FILE:4: ${directive}`)
  })

  test('methods but for these are refused', () => {
    const { document } = server('location /files { limit_except GET { deny all; } proxy_pass http://127.0.0.1:8069; }')
    expect(document.routes.slice(0, 2)).toEqual([
      { match: { path: '/files', method: ['GET', 'HEAD'] }, pool: '127.0.0.1-8069' },
      { match: { path: '/files' }, pool: '127.0.0.1-8069', access: { denyPaths: ['/files', '/files/*'] } },
    ])
  })

  test('a location without an upstream that only some may use is refused to all', () => {
    const { document, notes } = server('location /reports { root /srv; allow 10.0.0.0/8; deny all; }')
    expect(document.routes[0].access.denyPaths).toEqual(['/reports*'])
    expect(notes).toContain('unsafe FILE:4: allow 10.0.0.0/8')
  })
})

describe('hosts', () => {
  test('exact names go before those with *, and the default server takes the rest of its listener', () => {
    const { document, problems } = nginx(`
      server { listen 8080; server_name a.test; location / { proxy_pass http://127.0.0.1:1; } }
      server { listen 8080; server_name *.b.test; location / { proxy_pass http://127.0.0.1:2; } }
      server { listen 8080; server_name x.b.test; location / { proxy_pass http://127.0.0.1:3; } }`)
    expect(problems).toEqual([])
    expect(document.routes.map(({ match, pool }) => [match?.host, pool])).toEqual([
      ['a.test', '127.0.0.1-1'],
      ['x.b.test', '127.0.0.1-3'],
      ['*.b.test', '127.0.0.1-2'],
      [undefined, '127.0.0.1-1'],
    ])
  })

  test('IPv4 and IPv6 of one port are one listener, and a redirect of some hosts is none of vigia', () => {
    const { document, notes } = nginx(`
      server { listen 80; listen [::]:80; server_name a.test; return 301 https://$host$request_uri; }
      server { listen 80; listen [::]:80; server_name b.test; location / { proxy_pass http://127.0.0.1:2; } }`)
    expect(document.listeners).toEqual([{ name: 'http', address: '[::]:80' }])
    expect(notes).toContain('unconverted FILE:2: return 301 https://$host$request_uri')
  })
})

test('includes are read, a missing one is a line in the report, and quotes and escapes are those of nginx', () => {
  const { document, notes } = nginx('include conf.d/*.conf;\ninclude gone.conf;\n', {
    'conf.d/a.conf':
      'server { listen 8080; location / { proxy_pass "http://127.0.0.1:8069"; add_header X-A "a;b \\"c\\" {"; } }',
  })
  expect(document.routes[0].headers.response.set).toEqual({ 'X-A': 'a;b "c" {{' })
  expect(notes).toContain('unconverted FILE:2: include gone.conf')
})

test.each([
  ['server {', 'FILE:1: the block of server has no end: a } is missing'],
  ['}', 'FILE:1: there is a } without its {'],
  ['listen 80', 'FILE:1: listen has no end: a ; is missing'],
  ['a "b;', 'FILE:1: a text that begins with " has no end'],
])('%j is no configuration', (text, message) => {
  let fault: ReadFault | undefined
  try {
    nginx(text)
  } catch (error) {
    fault = error as ReadFault
  }
  expect(`${fault?.place.file}:${fault?.place.line}: ${fault?.message}`).toBe(message)
})

describe('what protects is never lost on the way', () => {
  test.each([
    ['internal; proxy_pass http://127.0.0.1:8069;', 'what is internal'],
    ['return 403; proxy_pass http://127.0.0.1:8069;', 'a refusal before an upstream'],
    ['if ($arg_a) { return 403; } root /srv;', 'a refusal under a condition'],
  ])('%s (%s) is refused', inner => {
    expect(server(`location /x { ${inner} }`).document.routes).toEqual([
      { pool: '127.0.0.1-8069', access: { denyPaths: ['/x*'] } },
    ])
  })

  test('certificates of clients are asked for where all servers of a listener ask for the same', () => {
    const one = (name: string, lines: string) =>
      `server { listen 443 ssl; server_name ${name}; ssl_certificate a.crt; ssl_certificate_key a.key; ${lines} location / { proxy_pass http://127.0.0.1:8069; } }`
    const asks = 'ssl_client_certificate ca.crt; ssl_verify_client on;'
    const alike = nginx(`${one('a.test', asks)}\n${one('b.test', asks)}`).document
    expect(alike.listeners[0].tls.clients).toEqual({ caFile: 'ca.crt' })
    expect(alike.routes.every(({ access }) => access === undefined)).toBe(true)
    const mixed = nginx(`${one('a.test', '')}\n${one('b.test', asks)}`).document
    expect(mixed.listeners[0].tls.clients).toBeUndefined()
    expect(mixed.routes.find(({ match }) => match?.host === 'b.test').access).toEqual({ denyPaths: ['/*'] })
  })

  test('hosts by a pattern that ask for a password close where their requests go', () => {
    const { document, notes } = nginx(`
      server { listen 8080; location / { proxy_pass http://127.0.0.1:8069; } }
      server { listen 8080; server_name ~^admin; auth_basic x; location / { proxy_pass http://127.0.0.1:8069; } }`)
    expect(document.routes).toEqual([{ pool: '127.0.0.1-8069', access: { denyPaths: ['/*'] } }])
    expect(notes).toContain('unsafe FILE:3: server')
  })
})
