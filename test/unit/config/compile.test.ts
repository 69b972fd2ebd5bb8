// What the snapshot holds: every default, every unit resolved, and nothing that a worker could not be sent.

import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import type { PoolPlan } from '../../../src/plan/pool.ts'
import { documentOf, problemsOf, snapshotOf } from './support.ts'

function poolOf(pool: string): PoolPlan {
  return snapshotOf(documentOf({ pool })).pools[0]!
}

test('a document with nothing but the necessary gets every default', () => {
  const timeouts = {
    headMs: 10_000,
    connectMs: 3_000,
    responseMs: 60_000,
    idleMs: 60_000,
    tunnelMs: 3_600_000,
    keepAliveMs: 75_000,
    halfClosedMs: 500,
  }
  expect(snapshotOf(documentOf())).toEqual({
    revision: 7,
    workers: Math.min(64, availableParallelism()),
    watch: true,
    listeners: [{ name: 'web', host: '127.0.0.1', port: 8080, tcpKeepAliveMs: 60_000 }],
    routes: [
      {
        name: 'routes[0]',
        match: { listeners: [], hosts: [], path: '/', methods: [] },
        pool: 0,
        timeouts,
        bodyBytes: 128 * 1024 ** 2,
        retry: { replayBytes: 65_536, idempotencyKey: false, rpcReads: undefined },
        longPoll: false,
        queuePriority: 0,
        integration: false,
        access: undefined,
        rateLimit: undefined,
        buffer: {
          request: { mode: 'auto', memoryBytes: 65_536, maxBytes: 2 * 1024 ** 3 },
          response: { mode: 'auto', memoryBytes: 1024 ** 2, maxBytes: 1024 ** 3 },
        },
      },
    ],
    pools: [
      {
        name: 'erp',
        balance: { kind: 'least-connections' },
        health: {
          kind: 'tcp',
          intervalMs: 2_000,
          timeoutMs: 1_000,
          rise: 2,
          fall: 3,
          jitter: 0.1,
          unsureIntervalMs: 500,
          downIntervalMs: 10_000,
        },
        upstreams: [
          {
            name: 'erp-1',
            tls: undefined,
            host: '127.0.0.1',
            port: 8101,
            authority: '127.0.0.1:8101',
            weight: 100,
            priority: 0,
            maxConnections: undefined,
          },
        ],
        allDown: 'fail',
        firstVerdictMs: 5_000,
        retryAfterS: 5,
        minAvailable: 1,
        spill: 'none',
        overprovisioning: undefined,
        limits: undefined,
        attempts: 3,
        idleConnections: 64,
        idleConnectionMs: 60_000,
        tcpKeepAliveMs: 60_000,
        retry: { budget: { share: 0.2, perSecond: 3, windowMs: 10_000 }, statuses: [], timeouts: false },
        outlier: {
          consecutiveFailures: 5,
          consecutiveGatewayErrors: 0,
          serverErrors: undefined,
          latency: undefined,
          windowMs: 30_000,
          ejectionMs: 30_000,
          longestEjectionMs: 300_000,
          maxEjected: 0.5,
          probation: { share: 0.1, successes: 5 },
        },
        onDown: { requestsMs: 5_000, sessionsMs: 10_000 },
        affinity: undefined,
        slowStartMs: 0,
        queue: undefined,
        breaker: undefined,
        failback: 'automatic',
      },
    ],
    dns: { servers: undefined, timeoutMs: undefined, minTtlMs: 1_000, maxTtlMs: 300_000 },
    cache: { bytes: 64 * 1024 ** 2 },
    buffers: { directory: undefined, memoryBytes: undefined, diskBytes: 2 * 1024 ** 3, keepFreeBytes: 1024 ** 3 },
    trustedProxies: [],
    limits: {
      headBytes: 16_384,
      headerCount: 100,
      targetBytes: 8_192,
      compressions: 256,
      bodyBytes: 128 * 1024 ** 2,
      connections: undefined,
      connectionsPerClient: undefined,
      minRate: { bytesPerSecond: 128, graceMs: 30_000 },
    },
    timeouts,
    headers: { via: undefined },
    accessLog: { enabled: false, destination: 'stdout' },
    log: { level: 'info' },
    admin: { host: '127.0.0.1', port: 9900 },
    maintenance: [],
    language: 'en',
    tickets: { file: undefined, rotationMs: 12 * 3_600_000 },
    shutdownMs: 30_000,
    watchdog: { workerMs: 10_000, controlMs: 60_000 },
  })
})

test('a snapshot can be sent to a worker', () => {
  const snapshot = snapshotOf(documentOf({ pool: 'health: { path: /h }', more: 'accessLog: { path: a.log }' }))
  expect(structuredClone(snapshot)).toEqual(snapshot)
})

test('a route takes what it does not say from the top level, and routes name pools by position', () => {
  const { routes } = snapshotOf(
    documentOf({
      routes:
        '[{ name: r, pool: two, match: { host: [A.example, "*.B.example", "[::1]"], listener: web, method: get }, timeouts: { response: 12m, tunnel: 0 }, maxBody: 0 }, { pool: erp }]',
      more: '  two: { upstreams: [{ name: a, url: "http://x" }] }\ntimeouts: { response: 30s, idle: 2m }\nlimits: { body: 1GiB }',
    }),
  )
  expect(routes[0]).toMatchObject({
    name: 'r',
    pool: 1,
    match: { listeners: ['web'], hosts: ['a.example', '*.b.example', '::1'], methods: ['GET'] },
    timeouts: { responseMs: 720_000, tunnelMs: 0, idleMs: 120_000, headMs: 10_000 },
    bodyBytes: Number.MAX_SAFE_INTEGER,
  })
  expect(routes[1]).toMatchObject({ pool: 0, timeouts: { responseMs: 30_000 }, bodyBytes: 1024 ** 3 })
})

test.each([
  ['http://erp', { host: 'erp', port: 80, authority: 'erp', tls: undefined }],
  ['http://ERP:8069/', { host: 'erp', port: 8069, authority: 'erp:8069' }],
  [
    'https://10.0.0.1',
    {
      host: '10.0.0.1',
      port: 443,
      authority: '10.0.0.1',
      tls: { serverName: undefined, verify: true, ca: undefined },
    },
  ],
  ['https://erp:80', { port: 80, authority: 'erp:80' }],
  ['http://[::1]:8069', { host: '::1', port: 8069, authority: '[::1]:8069' }],
  ['http://node_1.docker', { host: 'node_1.docker' }],
])('%s is where an upstream can be', (url, upstream) => {
  const { pools } = snapshotOf(documentOf({ upstreams: `- { name: a, url: "${url}" }` }))
  expect(pools[0]?.upstreams[0]).toMatchObject(upstream)
})

test.each([
  [':8080', { host: '0.0.0.0', port: 8080 }],
  ['[::]:8080', { host: '::', port: 8080 }],
  ['localhost:8080', { host: 'localhost', port: 8080 }],
])('%s is where a listener can be', (address, listener) => {
  expect(snapshotOf(documentOf({ listeners: `- { name: web, address: "${address}" }` })).listeners[0]).toEqual({
    name: 'web',
    ...listener,
    tcpKeepAliveMs: 60_000,
  })
})

test('health checks: off, tcp, and what makes one an HTTP probe', () => {
  expect(poolOf('health: off').health).toEqual({ kind: 'none' })
  expect(poolOf('health: false').health).toEqual({ kind: 'none' })
  expect(poolOf('health: tcp').health).toMatchObject({ kind: 'tcp', intervalMs: 2_000 })
  expect(poolOf('health: { interval: 8s }').health).toMatchObject({
    kind: 'tcp',
    timeoutMs: 1_000,
    unsureIntervalMs: 2_000,
    downIntervalMs: 40_000,
  })
  expect(poolOf('health: { interval: 400ms, path: /h }').health).toMatchObject({
    kind: 'http',
    path: '/h',
    timeoutMs: 400,
  })
  expect(poolOf('health: { type: http }').health).toEqual({
    kind: 'http',
    method: 'GET',
    path: '/',
    host: undefined,
    headers: {},
    body: undefined,
    statuses: [{ from: 200, to: 299 }],
    bodyContains: undefined,
    bodyMatches: undefined,
    bodyBytes: 65_536,
    hints: true,
    drainOn404: false,
    intervalMs: 2_000,
    timeoutMs: 1_000,
    rise: 2,
    fall: 3,
    jitter: 0.1,
    unsureIntervalMs: 500,
    downIntervalMs: 10_000,
  })
})

test.each([
  ['401', [{ from: 401, to: 401 }]],
  ['"401"', [{ from: 401, to: 401 }]],
  ['200-399', [{ from: 200, to: 399 }]],
  [
    '[200-204, 404]',
    [
      { from: 200, to: 204 },
      { from: 404, to: 404 },
    ],
  ],
])('expected status %s', (status, statuses) => {
  expect(poolOf(`health: { expect: { status: ${status} } }`).health).toMatchObject({ statuses })
})

test('balancing: a word, or a mapping', () => {
  for (const kind of ['round-robin', 'least-connections', 'random-two', 'peak-ewma']) {
    expect(poolOf(`balance: ${kind}`).balance).toEqual({ kind })
    expect(poolOf(`balance: { algorithm: ${kind} }`).balance).toEqual({ kind })
  }
  expect(poolOf('balance: { algorithm: hash, key: address }').balance).toEqual({
    kind: 'hash',
    key: { from: 'address' },
    boundedLoad: 1.25,
  })
  expect(poolOf('balance: { algorithm: hash, key: "header:X-Tenant" }').balance).toMatchObject({
    key: { from: 'header', name: 'x-tenant' },
  })
  expect(poolOf('balance: { algorithm: hash, key: "cookie:Sid", boundedLoad: 2 }').balance).toMatchObject({
    key: { from: 'cookie', name: 'Sid' },
    boundedLoad: 2,
  })
})

test('what can be switched off', () => {
  expect(
    snapshotOf(documentOf({ more: 'admin: false\nheaders: { via: false }\naccessLog: true\nshutdown: 0' })),
  ).toMatchObject({
    admin: undefined,
    headers: { via: undefined },
    accessLog: { enabled: true, destination: 'stdout' },
    shutdownMs: 0,
  })
})

test('the file of the access log is looked for from the folder of the configuration', () => {
  const { accessLog } = snapshotOf(
    documentOf({ more: 'accessLog: { path: log/access.log }' }),
    {},
    '/etc/vigia/vigia.yaml',
  )
  expect(accessLog).toEqual({ enabled: true, destination: resolve('/etc/vigia/log/access.log') })
})

test('retry-after is rounded up to whole seconds', () => {
  expect(poolOf('retryAfter: 1100ms').retryAfterS).toBe(2)
})

test('port 0 is for one worker, and for the admin listener', () => {
  const more = 'workers: 1\nadmin: { address: "127.0.0.1:0" }'
  expect(problemsOf(documentOf({ listeners: '- { name: web, address: "127.0.0.1:0" }', more }))).toEqual([])
})
