// biome-ignore-all lint/suspicious/noTemplateCurlyInString: some texts refer to the environment
// Every kind of wrong configuration, with the exact place and words that a person gets to read.

import { describe, expect, test } from 'vitest'
import { expectEach } from './cases.ts'
import { documentOf, type Parts, problemsOf } from './support.ts'

test('a correct configuration has no problems', () => {
  expect(problemsOf(documentOf())).toEqual([])
})

describe('keys', () => {
  expectEach([
    ['a mistyped key at the top', { more: 'listners: []' }, '10:1: listners: unknown key, did you mean "listeners"?'],
    [
      'a mistyped key further in',
      { pool: 'healht: off' },
      '7:5: pools.erp.healht: unknown key, did you mean "health"?',
    ],
    [
      'two letters swapped',
      { upstreams: '- { name: a, url: "http://x", wieght: 3 }' },
      '9:37: pools.erp.upstreams[0].wieght: unknown key, did you mean "weight"?',
    ],
    [
      'the words of other products',
      { routes: '[{ proxy_pass: "http://b", pool: erp }]', pool: 'healthcheck: 1' },
      '4:6: routes[0].proxy_pass: unknown key, did you mean "pool"?',
      '7:5: pools.erp.healthcheck: unknown key, did you mean "health"?',
    ],
    [
      'a standby in the words of HAProxy and nginx',
      { upstreams: '- { name: erp-1, url: "http://h:1", backup: true }' },
      '9:43: pools.erp.upstreams[0].backup: unknown key: a standby has a later priority than the others: "priority: 1"',
    ],
    [
      'a balance in the words of HAProxy',
      { pool: 'balance: leastconn' },
      '7:14: pools.erp.balance: "leastconn" is not valid here, expected round-robin, least-connections, random-two, peak-ewma, or a mapping with `algorithm`, did you mean "least-connections"?',
    ],
    [
      'TLS where there is none',
      { more: 'tls: { cert: x }' },
      '10:8: tls.cert: unknown key: TLS for clients is a matter of listeners[].tls (certificates, each with certFile and keyFile), TLS to an upstream of its url and of pools.*.upstreams[].tls',
    ],
    ['TLS in a pool', { pool: 'tls: {}' }, '7:5: pools.erp.tls: unknown key: it belongs to pools.*.upstreams[]'],
    [
      'a path beside match, which hides no other route',
      { routes: '[{ path: /a, pool: erp }, { pool: erp }]' },
      '4:6: routes[0].path: unknown key: it belongs to routes[].match',
    ],
    [
      'a path that begins with no slash, which hides no other route',
      { routes: '[{ match: { path: a }, pool: erp }, { pool: erp }]' },
      '4:21: routes[0].match.path: "a" does not begin with /, expected a path such as /web',
    ],
    ['a key that is like no other', { more: 'log: { zzz: 1 }' }, '10:8: log.zzz: unknown key, expected one of level'],
    ['a missing key', { listeners: '- { name: web }' }, '2:5: listeners[0]: the key "address" is missing'],
  ])

  test('keys that come with later versions are unknown today', () => {
    for (const key of ['discovery', 'alerts'])
      expect(problemsOf(documentOf({ more: `${key}: 1` }))[0]).toContain(`10:1: ${key}: unknown key`)
  })
})

describe('values', () => {
  const duration = 'expected a duration (below 500h) such as 250ms, 2s, 5m or 8h'
  expectEach([
    ['no value', { routes: '- pool:' }, '4:10: routes[0].pool: has no value, expected the name of a pool'],
    ['a list where a mapping belongs', { more: 'limits: [1]' }, '10:9: limits: is a list, expected a mapping'],
    ['an empty list', { listeners: '[]' }, '2:3: listeners: is empty, expected a list with at least one listener'],
    [
      'a text where a list belongs',
      { more: 'trustedProxies: 10.0.0.0/8' },
      '10:17: trustedProxies: "10.0.0.0/8" is not valid here, expected a list of addresses or ranges such as 10.0.0.0/8',
    ],
    [
      'a duration without a unit',
      { more: 'shutdown: 30' },
      `10:11: shutdown: 30 is not valid here, ${duration}, or 0 (does not wait)`,
    ],
    [
      'a duration with a word',
      { pool: 'health: { interval: 2 parsecs }' },
      `7:25: pools.erp.health.interval: "2 parsecs" is not valid here, ${duration}`,
    ],
    [
      '0 where it means nothing',
      { pool: 'health: { interval: 0s }' },
      `7:25: pools.erp.health.interval: "0s" is not valid here, ${duration}`,
    ],
    [
      'a size in powers of ten',
      { more: 'limits: { body: 64KB }' },
      '10:17: limits.body: "64KB" is not valid here, expected a size such as 512B, 64KiB, 8MiB or 1GiB, or 0 (no limit)',
    ],
    [
      'a number out of range',
      { more: 'workers: 65' },
      '10:10: workers: 65 is not valid here, expected "auto" or a whole number from 1 to 64',
    ],
    [
      'a number below its range',
      { pool: 'health: { rise: 0 }' },
      '7:21: pools.erp.health.rise: 0 is not valid here, expected a whole number from 1 to 100',
    ],
    [
      'a mistyped word',
      { pool: 'allDown: panik' },
      '7:14: pools.erp.allDown: "panik" is not valid here, expected "fail" or "panic", did you mean "panic"?',
    ],
    [
      'a mistyped algorithm',
      { pool: 'balance: roundrobin' },
      '7:14: pools.erp.balance: "roundrobin" is not valid here, expected round-robin, least-connections, random-two, peak-ewma, or a mapping with `algorithm`, did you mean "round-robin"?',
    ],
    [
      'an entry of a list in a union',
      { pool: 'health: { expect: { status: [200, 700] } }' },
      '7:39: pools.erp.health.expect.status[1]: 700 is not valid here, expected a status from 100 to 599 or a range such as 200-299',
    ],
    [
      'a bad name',
      { listeners: '- { name: "a/b", address: ":80" }' },
      '2:13: listeners[0].name: "a/b" is not valid here, expected a name: letters, digits, space, . _ -, at most 63 characters, first a letter or digit',
    ],
    [
      'a header that is no text',
      { pool: 'health: { headers: { X-A: 12 } }' },
      '7:31: pools.erp.health.headers.X-A: is not valid here, expected a text, or { file: PATH }',
    ],
  ])
})

describe('references and names', () => {
  expectEach([
    [
      'an unknown pool',
      { routes: '[{ pool: erb, match: { path: /a } }, { pool: erp }]' },
      '4:12: routes[0].pool: there is no pool "erb", did you mean "erp"?',
    ],
    [
      'a pool like no other',
      { routes: '[{ pool: sales, match: { path: /a } }, { pool: erp }]' },
      '4:12: routes[0].pool: there is no pool "sales", expected one of erp',
    ],
    [
      'an unknown listener',
      { routes: '- { pool: erp, match: { listener: [wep] } }' },
      '4:38: routes[0].match.listener[0]: there is no listener "wep", did you mean "web"?',
    ],
    [
      'two listeners of one name',
      { listeners: '[{ name: a, address: ":1" }, { name: a, address: ":2" }]' },
      '2:40: listeners[1].name: "a" is the name of listeners[0] already',
    ],
    [
      'two routes of one name',
      { routes: '[{ pool: erp, name: r, match: { path: /a } }, { pool: erp, name: r }]' },
      '4:68: routes[1].name: "r" is the name of routes[0] already',
    ],
    [
      'two upstreams of one name',
      { upstreams: '[{ name: a, url: "http://x" }, { name: a, url: "http://y" }]' },
      '9:46: pools.erp.upstreams[1].name: "a" is the name of upstreams[0] already',
    ],
  ])

  test('a bad name of a pool', () => {
    const problems = problemsOf(documentOf({ more: '  a/b: { upstreams: [{ name: a, url: "http://x" }] }' }))
    expect(problems).toContain(
      'test.yaml:10:3: pools["a/b"]: "a/b" is not valid here, expected a name: letters, digits, space, . _ -, at most 63 characters, first a letter or digit',
    )
  })

  test('more pools and upstreams than fit', () => {
    const many = Array.from({ length: 8191 }, (_, i) => `{ name: n${i}, url: "http://x${i}" }`)
    expect(problemsOf(documentOf({ upstreams: `[${many.join(', ')}]` }))).toEqual([
      'test.yaml:5:1: pools: 8192 pools and upstreams are more than the 8191 that fit: split them over several instances',
    ])
  })
})

describe('addresses', () => {
  expectEach([
    [
      'no port',
      { listeners: '- { name: web, address: "127.0.0.1" }' },
      '2:27: listeners[0].address: "127.0.0.1": it is not HOST:PORT, expected an address such as 127.0.0.1:8080, :8080 or [::1]:8080',
    ],
    [
      'a port that is too large',
      { more: 'admin: { address: "localhost:99999" }' },
      '10:19: admin.address: "localhost:99999": the port is larger than 65535, expected an address such as 127.0.0.1:8080, :8080 or [::1]:8080',
    ],
    [
      'no host name',
      { listeners: '- { name: web, address: "a b:80" }' },
      '2:27: listeners[0].address: "a b:80": the host is neither an IP address nor a host name, expected an address such as 127.0.0.1:8080, :8080 or [::1]:8080',
    ],
    [
      'an IPv6 address without brackets',
      { listeners: '- { name: web, address: "::1" }' },
      '2:27: listeners[0].address: "::1": the port is missing; an IPv6 address goes in brackets, expected an address such as 127.0.0.1:8080, :8080 or [::1]:8080',
    ],
    [
      'a port taken twice',
      { listeners: '[{ name: a, address: ":8080" }, { name: b, address: "127.0.0.1:8080" }]' },
      '2:55: listeners[1].address: "127.0.0.1:8080" is taken by listener "a" already: choose another port',
    ],
    [
      "the admin listener's port",
      { more: 'admin: { address: "127.0.0.1:8080" }' },
      '10:19: admin.address: "127.0.0.1:8080" is taken by listener "web" already: choose another port, or set admin: false',
    ],
    [
      "the admin listener's default port",
      { listeners: '- { name: web, address: ":9900" }' },
      `1:1: admin.address: the admin listener's default address 127.0.0.1:9900 is taken by listener "web" already: choose another port, or set admin: false`,
    ],
    [
      'port 0 with several workers',
      { listeners: '- { name: web, address: "127.0.0.1:0" }' },
      '2:27: listeners[0].address: with port 0 each worker would get a port of its own: give a port, or set workers: 1',
    ],
    [
      'a range that is none',
      { more: 'trustedProxies: [10.0.0.0/33, x]' },
      ...['10:18: trustedProxies[0]: "10.0.0.0/33"', '10:31: trustedProxies[1]: "x"'].map(
        place => `${place} is not an address or range, expected one such as 10.1.2.3, 10.0.0.0/8 or fd00::/8`,
      ),
    ],
    [
      'a range of everyone',
      { more: 'trustedProxies: ["::/0"]' },
      '10:18: warning: trustedProxies[0]: trusts everyone: any client can then claim any address',
    ],
  ])
})

describe('routes', () => {
  expectEach([
    [
      'a route after one that takes everything',
      { routes: '[{ pool: erp }, { pool: erp, match: { path: /a } }]' },
      '4:19: routes[1]: no request can reach this route: routes[0] before it takes all that it matches; move it up or remove it',
    ],
    [
      'a route that two earlier ones cover between them',
      {
        routes:
          '[{ pool: erp, match: { method: GET } }, { pool: erp, name: p, match: { method: POST, path: /a } }, { pool: erp, match: { method: [get, POST], path: /a/b } }]',
      },
      '4:102: routes[2]: no request can reach this route: routes[0], routes[1] (p) before it take all that it matches; move it up or remove it',
    ],
    [
      'a host below a wildcard',
      { routes: '[{ pool: erp, match: { host: "*.a.example" } }, { pool: erp, match: { host: X.Y.a.example } }]' },
      '4:51: routes[1]: no request can reach this route: routes[0] before it takes all that it matches; move it up or remove it',
    ],
    [
      'a path below another',
      { routes: '[{ pool: erp, match: { path: /web/ } }, { pool: erp, match: { path: /web/x } }]' },
      '4:43: routes[1]: no request can reach this route: routes[0] before it takes all that it matches; move it up or remove it',
    ],
    [
      'every listener by name',
      { routes: '[{ pool: erp, match: { listener: web } }, { pool: erp }]' },
      '4:45: routes[1]: no request can reach this route: routes[0] before it takes all that it matches; move it up or remove it',
    ],
    [
      'another host, path segment or method is within reach',
      {
        routes:
          '[{ pool: erp, match: { host: "*.a.example", path: /a, method: GET } }, { pool: erp, match: { host: a.example, path: /a } }, { pool: erp, match: { path: /ab } }, { pool: erp, match: { method: POST } }, { pool: erp }]',
      },
    ],
    [
      'a host with a port',
      { routes: '- { pool: erp, match: { host: "erp.example.com:80" } }' },
      '4:33: routes[0].match.host: "erp.example.com:80" has a port: match the host without it, and the port by listener',
    ],
    [
      'a lone star as host',
      { routes: '- { pool: erp, match: { host: ["*"] } }' },
      '4:34: routes[0].match.host[0]: "*" is not a host name: leave host out to match every host',
    ],
    [
      'a host that is none',
      { routes: '- { pool: erp, match: { host: "a_b..c" } }' },
      '4:33: routes[0].match.host: "a_b..c" is not a host name, expected one such as erp.example.com or *.example.com',
    ],
    [
      'a relative path',
      { routes: '- { pool: erp, match: { path: web } }' },
      '4:33: routes[0].match.path: "web" does not begin with /, expected a path such as /web',
    ],
    [
      'a path with a star',
      { routes: '- { pool: erp, match: { path: /a/* } }' },
      '4:33: routes[0].match.path: "/a/*" has a *; a path matches everything below it already, expected a path such as /web',
    ],
    [
      'a path with a query',
      { routes: '- { pool: erp, match: { path: "/a?b" } }' },
      '4:33: routes[0].match.path: "/a?b" has a query or fragment; routes look at the path only, expected a path such as /web',
    ],
    [
      'a path above the root',
      { routes: '- { pool: erp, match: { path: /../x } }' },
      '4:33: routes[0].match.path: "/../x" climbs above the root, or has an encoded control character, expected a path such as /web',
    ],
    [
      'no limit for a response',
      { routes: '- { pool: erp, timeouts: { response: 0 } }' },
      '4:40: warning: routes[0].timeouts.response: without a limit a request to an upstream that hangs waits until its client gives up',
    ],
    [
      'less memory than it takes to run',
      { more: 'limits: { memory: 1MiB }' },
      '10:19: limits.memory: is less than vigia needs to run, expected 64MiB or more',
    ],
    [
      'a watchdog that barks at a busy machine',
      { more: 'watchdog: { worker: 1s, control: 0 }' },
      '10:21: warning: watchdog.worker: a busy machine, or a long garbage collection, may keep a thread away for so long',
    ],
    [
      'no limits at the top',
      { more: 'timeouts: { head: 0, connect: 0s }' },
      '10:19: warning: timeouts.head: without a limit clients that send slowly can hold every connection',
      '10:31: warning: timeouts.connect: without a limit a request waits as long as the system tries to connect, minutes',
    ],
    [
      'a pool that no route uses',
      { more: '  spare: { upstreams: [{ name: a, url: "http://x" }] }' },
      '10:3: warning: pools.spare: no route uses this pool: it is probed but serves nothing',
    ],
  ])
})

describe('upstreams', () => {
  const form = 'expected http://HOST:PORT or https://HOST:PORT'
  const url = (text: string): Parts => ({ upstreams: `- { name: a, url: "${text}" }` })
  expectEach([
    [
      'another scheme',
      url('ftp://x'),
      `9:25: pools.erp.upstreams[0].url: it does not begin with http:// or https://, ${form}`,
    ],
    ['no host', url('http://:80'), `9:25: pools.erp.upstreams[0].url: the host is missing, ${form}`],
    [
      'a host that is none',
      url('http://a b'),
      `9:25: pools.erp.upstreams[0].url: the host is neither an IP address nor a host name, ${form}`,
    ],
    [
      'an IPv4 address that is none',
      url('http://10.0.0.256'),
      `9:25: pools.erp.upstreams[0].url: the host is neither an IP address nor a host name, ${form}`,
    ],
    [
      'a port that is too large',
      url('http://x:99999'),
      `9:25: pools.erp.upstreams[0].url: the port is larger than 65535, ${form}`,
    ],
    ['port 0', url('http://x:0'), `9:25: pools.erp.upstreams[0].url: the port is 0, ${form}`],
    [
      'a path',
      url('http://x/erp?q'),
      `9:25: pools.erp.upstreams[0].url: it has a path or query; the path of a request is passed on as it is, ${form}`,
    ],
    [
      'a password, which is not repeated',
      url('http://admin:hunter2@x'),
      `9:25: pools.erp.upstreams[0].url: it carries a user name or password, which vigia would not send, ${form}`,
    ],
    [
      'the same address twice',
      { upstreams: '[{ name: a, url: "http://x" }, { name: b, url: "http://X:80/" }]' },
      '9:54: warning: pools.erp.upstreams[1].url: the same address as upstream "a": it gets a double share and two probes',
    ],
    [
      'no weight at all',
      { upstreams: '- { name: a, url: "http://x", weight: 0 }' },
      '8:5: pools.erp.upstreams: every upstream has weight 0: the pool could never serve a request',
    ],
    [
      'TLS without https',
      { upstreams: '- { name: a, url: "http://x", tls: {} }' },
      '9:37: pools.erp.upstreams[0].tls: TLS needs a url that begins with https://',
    ],
    [
      'TLS settings that are wrong',
      { upstreams: '- { name: a, url: "https://x", tls: { verify: false, caFile: nope.pem, serverName: "a b" } }' },
      '9:53: warning: pools.erp.upstreams[0].tls.verify: the certificate is not verified: prefer caFile with your own authority',
      `9:68: pools.erp.upstreams[0].tls.caFile: the file "nope.pem" does not exist (it is looked for from the configuration's folder)`,
      '9:90: pools.erp.upstreams[0].tls.serverName: "a b" is not a host name, expected one such as erp.example.com',
    ],
    [
      'a server name that is an address: there is no such name to ask for',
      { upstreams: '- { name: a, url: "https://10.0.0.1", tls: { serverName: 10.0.0.1 } }' },
      '9:64: pools.erp.upstreams[0].tls.serverName: "10.0.0.1" is not a host name, expected one such as erp.example.com',
    ],
    [
      'hash without a key',
      { pool: 'balance: hash' },
      '7:14: pools.erp.balance: hash needs a key: { algorithm: hash, key: address }, or key: header:NAME, or key: cookie:NAME',
    ],
    [
      'a key of another sort',
      { pool: 'balance: { algorithm: hash, key: ip }' },
      '7:38: pools.erp.balance.key: "ip" is not valid here, expected "address", "header:NAME" or "cookie:NAME"',
    ],
    [
      'options of hash with another algorithm',
      { pool: 'balance: { algorithm: round-robin, key: address, boundedLoad: 2 }' },
      '7:40: pools.erp.balance.key: only hash has a key, not round-robin',
      '7:54: pools.erp.balance.boundedLoad: only hash has a bounded load, not round-robin',
    ],
  ])
})

describe('health checks', () => {
  const at = (column: number, key: string) => `7:${column}: pools.erp.health.${key}: `
  expectEach([
    [
      'a timeout longer than the interval',
      { pool: 'health: { timeout: 5s }' },
      `${at(24, 'timeout')}5s is longer than the interval of 2s: probes of one upstream would overlap`,
    ],
    ['an interval shorter than the default timeout is fine', { pool: 'health: { interval: 500ms }' }],
    [
      'intervals that contradict each other',
      { pool: 'health: { interval: 1s, unsureInterval: 2s, downInterval: 500ms }' },
      `${at(45, 'unsureInterval')}2s is longer than the interval of 1s: it is meant to settle doubts sooner`,
      `${at(63, 'downInterval')}500ms is shorter than the interval of 1s: it is meant to spare an upstream that has been down for long`,
    ],
    [
      'an HTTP key in a tcp probe',
      { pool: 'health: { type: tcp, path: /x }' },
      `${at(26, 'path')}a tcp probe sends no request: remove this key, or use type: http`,
    ],
    [
      'a path without a slash',
      { pool: 'health: { path: x }' },
      `${at(21, 'path')}"x" does not begin with /, expected a path such as /health`,
    ],
    [
      'a method and a host that are none',
      { pool: 'health: { method: "GE T", host: "a b" }' },
      `${at(23, 'method')}"GE T" is not a request method, expected one such as GET or POST`,
      `${at(37, 'host')}"a b" is not a host name, expected one such as erp.example.com or erp.example.com:8069`,
    ],
    [
      'header names that cannot be',
      { pool: 'health: { headers: { "X Y": a, Host: b, Content-Length: "1", X-A: "a", x-a: "b" } }' },
      `7:26: pools.erp.health.headers["X Y"]: is not a header name, expected one such as Authorization`,
      `${at(36, 'headers.Host')}set the Host header with the key host of the probe`,
      `${at(45, 'headers.Content-Length')}this header is set by vigia itself: remove it`,
      `${at(76, 'headers.x-a')}this header is there twice (case does not matter): remove one`,
    ],
    [
      'a file that is not there',
      { pool: 'health: { headers: { A: { file: nope } } }' },
      `${at(37, 'headers.A.file')}the file "nope" does not exist (it is looked for from the configuration's folder)`,
    ],
    [
      'expectations that cannot be met',
      { pool: 'health: { expect: { bodyMatches: "(", status: 300-200 } }' },
      `${at(38, 'expect.bodyMatches')}is not a regular expression that JavaScript understands: check brackets and backslashes`,
      `${at(51, 'expect.status')}the range "300-200" ends before it begins, expected 200-300`,
    ],
    [
      'a body that goes with GET',
      { pool: 'health: { body: x }' },
      `7:15: warning: pools.erp.health.body: a GET request with a body is refused by some servers: set method: POST`,
    ],
  ])
})

test('problems of all sorts are reported at once, in the order of the file', () => {
  const text = documentOf({
    routes: '[{ pool: erb, match: { pathh: /a } }, { pool: erp }]',
    pool: 'health: { interval: soon, timeout: 5s, path: x }',
    upstreams: '[{ name: a, url: "http://x:0" }, { name: a, url: "http://y" }]',
    more: 'workers: ${VIGIA_NOT_SET}\naccessLog: maybe',
  })
  expect(problemsOf(text).map(line => line.split(': ').slice(0, 2).join(' '))).toEqual([
    'test.yaml:4:12 routes[0].pool',
    'test.yaml:4:26 routes[0].match.pathh',
    'test.yaml:7:25 pools.erp.health.interval',
    'test.yaml:9:24 pools.erp.upstreams[0].url',
    'test.yaml:9:48 pools.erp.upstreams[1].name',
    'test.yaml:10:10 workers',
    'test.yaml:11:12 accessLog',
  ])
})
