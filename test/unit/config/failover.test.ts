// biome-ignore-all lint/suspicious/noTemplateCurlyInString: some texts refer to the environment
// Retries, passive health, affinity and slow start: what their keys compile to, and every way to get them wrong, in words.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { PoolPlan } from '../../../src/plan/pool.ts'
import type { RoutePlan } from '../../../src/plan/route.ts'
import { type Case, expectEach as expectProblems } from './cases.ts'
import { documentOf, problemsOf, snapshotOf } from './support.ts'

const TWO = '[{ name: a, url: "http://x" }, { name: b, url: "http://y" }]'
const SECRET = 'sesame-sesame-sesame-sesame-open'
const OTHER = 'another-secret-of-32-characters!'

const poolOf = (pool: string, env: NodeJS.ProcessEnv = {}, file?: string): PoolPlan =>
  snapshotOf(documentOf({ pool, upstreams: TWO }), env, file).pools[0]!
const routeOf = (retry: string): RoutePlan =>
  snapshotOf(documentOf({ routes: `- { pool: erp, retry: ${retry} }` })).routes[0]!

const expectEach = (cases: readonly Case[]) => expectProblems(cases, { upstreams: TWO })

describe('retries', () => {
  test('of a pool', () => {
    expect(poolOf('retry: { attempts: 5, budget: 12.5%, statuses: [503, 502], timeouts: true }')).toMatchObject({
      attempts: 5,
      retry: { budget: { share: 0.125, perSecond: 3, windowMs: 10_000 }, statuses: [503, 502], timeouts: true },
    })
  })

  test('without a budget, and with one of nothing', () => {
    expect(poolOf('retry: { budget: off }').retry?.budget).toBeUndefined()
    expect(poolOf('retry: { budget: 0 }').retry?.budget).toEqual({ share: 0, perSecond: 0, windowMs: 10_000 })
  })

  test('of a route', () => {
    expect(
      routeOf('{ replay: 1MiB, idempotencyKey: true, rpcReads: { methods: [read, "m.*.read"], maxBody: 1MiB } }').retry,
    ).toEqual({
      replayBytes: 1024 ** 2,
      idempotencyKey: true,
      rpcReads: { methods: ['read', 'm.*.read'], bodyBytes: 1024 ** 2 },
    })
    expect(routeOf('{ replay: 0 }').retry).toEqual({ replayBytes: 0, idempotencyKey: false, rpcReads: undefined })
  })

  const at = 'pools.erp.retry.'
  const reads = 'routes[0].retry.rpcReads'
  expectEach([
    [
      'a budget without its sign',
      { pool: 'retry: { budget: 20 }' },
      `7:22: ${at}budget: 20 is not valid here, expected a share such as 20%, 0, or off`,
    ],
    [
      'a budget of more than everything',
      { pool: 'retry: { budget: 120% }' },
      `7:22: ${at}budget: "120%" is not valid here, expected a share such as 20%, 0, or off`,
    ],
    [
      'a budget of nothing',
      { pool: 'retry: { budget: 0% }' },
      `7:22: warning: ${at}budget: with 0 only requests of which nothing was sent are tried again, whatever attempts says`,
    ],
    ['a budget of nothing where nothing is tried again anyway', { pool: 'retry: { budget: 0, attempts: 1 }' }],
    [
      'a status that is an answer of the application',
      { pool: 'retry: { statuses: [500, 503] }' },
      `7:25: ${at}statuses[0]: 500 is not valid here, expected 502, 503 or 504 (another status is an answer of the application)`,
    ],
    [
      'a status that is there twice',
      { pool: 'retry: { statuses: [503, 503] }' },
      `7:24: ${at}statuses: is a list, expected a list of 502, 503 and 504, each once`,
    ],
    [
      'what never happens with one attempt',
      { pool: 'retry: { attempts: 1, statuses: [503], timeouts: true }' },
      `7:27: warning: ${at}statuses: has no effect with attempts: 1`,
      `7:44: warning: ${at}timeouts: has no effect with attempts: 1`,
    ],
    [
      'RPC reads without a cap on the body',
      { routes: '- { pool: erp, retry: { rpcReads: { methods: [read] } } }' },
      `4:37: ${reads}: the key "maxBody" is missing: it says how large a body is looked at, such as 64KiB`,
    ],
    [
      'RPC reads with a cap of nothing, or none',
      { routes: '- { pool: erp, retry: { rpcReads: { methods: [read], maxBody: 0 } } }' },
      `4:65: ${reads}.maxBody: 0 is not valid here, expected a size such as 512B, 64KiB, 8MiB or 1GiB`,
    ],
    [
      'RPC reads larger than what is kept',
      { routes: '- { pool: erp, retry: { rpcReads: { methods: [read], maxBody: 65KiB } } }' },
      `4:65: ${reads}.maxBody: is larger than the replay buffer of 64KiB: such a body could not be sent again; lower it, or raise replay`,
    ],
    [
      'RPC reads of everything',
      { routes: '- { pool: erp, retry: { rpcReads: { methods: ["model.*"], maxBody: 1KiB } } }' },
      `4:49: ${reads}.methods[0]: "model.*" is not valid here, expected the name of a method such as search_read, sale.order.read or model.*.search_read`,
    ],
    [
      'RPC reads that write',
      { routes: '- { pool: erp, retry: { rpcReads: { methods: [read, "model.*.create"], maxBody: 1KiB } } }' },
      `4:55: ${reads}.methods[1]: "model.*.create" changes data: a call that is sent again would be carried out twice; remove it`,
    ],
    [
      'RPC reads of nothing',
      { routes: '- { pool: erp, retry: { rpcReads: { methods: [], maxBody: 1KiB } } }' },
      `4:48: ${reads}.methods: is empty, expected a list of at least one method`,
    ],
    [
      'keyed requests without a buffer to send them from again',
      { routes: '- { pool: erp, retry: { replay: 0, idempotencyKey: true } }' },
      '4:38: warning: routes[0].retry.idempotencyKey: without a replay buffer no request with a body is tried again',
    ],
    [
      'a buffer that fills the memory',
      { routes: '- { pool: erp, retry: { replay: 64MiB } }' },
      '4:35: warning: routes[0].retry.replay: every request in flight may hold that much memory: most need no more than 64KiB',
    ],
  ])
})

describe('passive health', () => {
  test('off', () => {
    for (const word of ['off', 'false']) expect(poolOf(`outlier: ${word}`).outlier).toBeUndefined()
  })

  test('with every rule', () => {
    const rules = [
      'consecutiveFailures: 3',
      'consecutiveGatewayErrors: 4',
      'serverErrors: { share: 40% }',
      'latency: { factor: 2.5, above: 250ms, minRequests: 7 }',
      'window: 1m',
      'ejection: 10s',
      'maxEjection: 20s',
      'maxEjected: 34%',
      'probation: { share: 5%, successes: 9 }',
    ]
    expect(poolOf(`outlier: { ${rules.join(', ')} }`).outlier).toEqual({
      consecutiveFailures: 3,
      consecutiveGatewayErrors: 4,
      serverErrors: { share: 0.4, minRequests: 20 },
      latency: { factor: 2.5, aboveMs: 250, minRequests: 7 },
      windowMs: 60_000,
      ejectionMs: 10_000,
      longestEjectionMs: 20_000,
      maxEjected: 0.34,
      probation: { share: 0.05, successes: 9 },
    })
  })

  const at = 'pools.erp.outlier'
  expectEach([
    [
      'a word that is none',
      { pool: 'outlier: on' },
      `7:14: ${at}: "on" is not valid here, expected "off", or a mapping with its rules`,
    ],
    [
      'nothing to judge',
      { pool: 'outlier: { consecutiveFailures: 0 }' },
      `7:5: ${at}: nothing is judged: set consecutiveFailures or another rule, or write outlier: off`,
    ],
    [
      'a longest ejection that is shorter than the first',
      { pool: 'outlier: { ejection: 10s, maxEjection: 5s }' },
      `7:44: ${at}.maxEjection: the longest ejection (5s) is shorter than the first one (10s)`,
    ],
    [
      'a first ejection that is longer than the default longest',
      { pool: 'outlier: { ejection: 10m }' },
      `7:26: ${at}.ejection: the longest ejection (5m) is shorter than the first one (10m)`,
    ],
    [
      'a window that nothing is judged over',
      { pool: 'outlier: { window: 3s }' },
      `7:16: warning: ${at}.window: has no effect: only serverErrors and latency are judged over a window`,
    ],
    [
      'a share of nothing',
      { pool: 'outlier: { maxEjected: 0% }' },
      `7:28: ${at}.maxEjected: "0%" is not valid here, expected a share such as 20%`,
    ],
    [
      'latency without a factor',
      { pool: 'outlier: { latency: { above: 1s } }' },
      `7:25: ${at}.latency: the key "factor" is missing`,
    ],
    [
      'latency with nobody to compare with',
      { pool: 'outlier: { latency: { factor: 3 } }', upstreams: '- { name: a, url: "http://x" }' },
      `7:16: ${at}.latency: compares an upstream with the others: the pool needs at least two`,
    ],
    [
      'rules for a single upstream',
      { pool: 'outlier: { ejection: 10s }', upstreams: '- { name: a, url: "http://x" }' },
      `7:5: warning: ${at}: has no effect: the only upstream of a pool is never ejected`,
    ],
    [
      'patience with what nobody notices',
      { pool: 'onDown: { requests: 2s }', upstreams: `${TWO}\n    health: off` },
      '7:5: warning: pools.erp.onDown: has no effect: without health checks nobody notices that an upstream is silent',
    ],
    [
      'patience with the only upstream',
      { pool: 'onDown: { requests: 2s }', upstreams: '- { name: a, url: "http://x" }' },
      '7:5: warning: pools.erp.onDown: has no effect: nothing ends while no other upstream of the pool is available',
    ],
    [
      'patience that is no time',
      { pool: 'onDown: { requests: never }', upstreams: TWO },
      '7:25: pools.erp.onDown.requests: "never" is not valid here, expected a duration such as 5s, 0 (at once), or wait',
    ],
    [
      'a slow start after no return',
      { pool: 'slowStart: 30s', upstreams: `${TWO}\n    health: off\n    outlier: off` },
      '7:5: warning: pools.erp.slowStart: has no effect: without health checks and outlier no upstream ever returns',
    ],
  ])

  test('patience with a silent upstream', () => {
    expect(poolOf('onDown: { requests: 0, sessions: 1m }').onDown).toEqual({ requestsMs: 0, sessionsMs: 60_000 })
    expect(poolOf('onDown: { requests: wait }').onDown).toEqual({ requestsMs: undefined, sessionsMs: 10_000 })
    expect(poolOf('onDown: { sessions: wait }').onDown).toEqual({ requestsMs: 5_000, sessionsMs: undefined })
  })

  test('slow start', () => {
    expect(poolOf('slowStart: 30s').slowStartMs).toBe(30_000)
    expect(poolOf('slowStart: 0').slowStartMs).toBe(0)
  })
})

describe('affinity', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vigia-keys-'))
  const config = join(folder, 'vigia.yaml')
  afterAll(() => rmSync(folder, { recursive: true }))

  test('by a cookie, with a key from the environment', () => {
    expect(poolOf('affinity: { cookie: V, keys: ["${KEY}"] }', { KEY: SECRET }).affinity).toEqual({
      kind: 'cookie',
      name: 'V',
      ttlMs: 28_800_000,
      keys: [SECRET],
      sameSite: 'lax',
      path: '/',
      gone: 'redistribute',
    })
  })

  test('by a cookie, with keys from a file, one a line', () => {
    writeFileSync(join(folder, 'keys'), `${SECRET}\r\n\n  ${OTHER}\n`)
    const pool = 'affinity: { cookie: V, keyFile: keys, ttl: 0, sameSite: none, path: /web, gone: fail }'
    expect(poolOf(pool, {}, config).affinity).toEqual({
      kind: 'cookie',
      name: 'V',
      ttlMs: 0,
      keys: [SECRET, OTHER],
      sameSite: 'none',
      path: '/web',
      gone: 'fail',
    })
  })

  test('by what the application or the address says', () => {
    const follow = (key: object) => ({ kind: 'follow', key, gone: 'redistribute' })
    expect(poolOf('affinity: { follow: "cookie:Session_ID" }').affinity).toEqual(
      follow({ from: 'cookie', name: 'Session_ID' }),
    )
    expect(poolOf('affinity: { follow: "header:X-Broker" }').affinity).toEqual(
      follow({ from: 'header', name: 'x-broker' }),
    )
    expect(poolOf('affinity: { by: address }').affinity).toEqual(follow({ from: 'address' }))
  })

  test('key files that are of no use are refused, and not told', () => {
    for (const content of ['', '\n\n', `${SECRET}\nshort-one\n`]) {
      writeFileSync(join(folder, 'bad'), content)
      const problems = problemsOf(documentOf({ pool: 'affinity: { cookie: V, keyFile: bad }' }), {}, config)
      expect(problems).toEqual([
        `${config}:7:37: pools.erp.affinity.keyFile: the file "bad" holds no secret, or one shorter than 32 characters; expected one a line, made with: openssl rand -hex 32`,
      ])
    }
  })

  test('no message tells a secret', () => {
    const secret = 'a-secret-that-is-too-short'
    for (const keys of [`[${secret}]`, secret, `{ a: ${secret} }`, `[${SECRET}, [${secret}]]`, '["${KEY}"]']) {
      const problems = problemsOf(documentOf({ pool: `affinity: { cookie: V, keys: ${keys} }` }), { KEY: secret })
      expect(problems).toHaveLength(1)
      expect(problems.join()).not.toContain(secret)
    }
  })

  const at = 'pools.erp.affinity'
  const make = '; make one with: openssl rand -hex 32'
  expectEach([
    [
      'by nothing',
      { pool: 'affinity: { gone: fail }' },
      `7:5: ${at}: says not by what: set cookie: NAME, or follow: cookie:NAME or header:NAME, or by: address`,
    ],
    [
      'a cookie without a key',
      { pool: 'affinity: { cookie: V }' },
      `7:5: ${at}: a cookie needs a secret that signs it: set keys: ["\${NAME}"], or keyFile: PATH${make}`,
    ],
    [
      'a cookie with a short key',
      { pool: `affinity: { cookie: V, keys: [${SECRET}, ${'x'.repeat(31)}] }` },
      `7:69: ${at}.keys[1]: is shorter than 32 characters: it could be guessed${make}`,
    ],
    [
      'keys in two places',
      { pool: `affinity: { cookie: V, keys: [${SECRET}], keyFile: nope }` },
      `7:70: ${at}.keyFile: the secrets stand in keys already: remove one of them`,
      `7:79: ${at}.keyFile: the file "nope" does not exist (it is looked for from the configuration's folder)`,
    ],
    [
      'a name that no cookie has',
      { pool: `affinity: { cookie: "a b", keys: [${SECRET}] }` },
      `7:25: ${at}.cookie: "a b" is not valid here, expected the name of a cookie`,
    ],
    [
      'a path that no cookie has',
      { pool: `affinity: { cookie: V, path: "web;x", keys: [${SECRET}] }` },
      `7:34: ${at}.path: "web;x" is not a cookie's path, expected one such as / or /web`,
    ],
    [
      'following nothing in particular',
      { pool: 'affinity: { follow: session_id }' },
      `7:25: ${at}.follow: "session_id" is not valid here, expected "cookie:NAME" or "header:NAME"`,
    ],
    [
      'two ways at once, and a key of a third',
      { pool: 'affinity: { follow: "cookie:sid", by: address, ttl: 1h }' },
      `7:39: ${at}.by: goes by follow already: remove one of them`,
      `7:52: ${at}.ttl: only a cookie of vigia has this key, not follow: remove it`,
    ],
    [
      'a mistyped policy',
      { pool: 'affinity: { by: address, gone: redistribut }' },
      `7:36: ${at}.gone: "redistribut" is not valid here, expected "redistribute" or "fail", did you mean "redistribute"?`,
    ],
    [
      'two pools with one cookie',
      {
        routes: '[{ pool: erp, match: { path: /a } }, { pool: crm }]',
        pool: `affinity: { cookie: V, keys: [${SECRET}] }`,
        more: `  crm: { affinity: { cookie: V, keys: [${SECRET}] }, upstreams: ${TWO} }`,
      },
      `10:30: warning: pools.crm.affinity.cookie: "V" is the cookie of pool "erp" too: where one browser uses both, each overwrites the other's; give it a name of its own`,
    ],
  ])
})
