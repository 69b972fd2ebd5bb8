// Who may use a route, how often, and how slowly: what it compiles to, and every way to get it wrong, in words.

import { describe, expect, test } from 'vitest'
import type { Limits } from '../../../src/plan/bounds.ts'
import type { AccessPlan, RateLimitPlan } from '../../../src/plan/route.ts'
import { normalisePath } from '../../../src/policy/request/routing.ts'
import { type Case, expectEach } from './cases.ts'
import { fc, test as property } from './property.ts'
import { documentOf, type Parts, problemsOf, snapshotOf } from './support.ts'

const routes = (keys: string): Parts => ({ routes: `- { pool: erp, ${keys} }` })
const accessOf = (access: string): AccessPlan | undefined =>
  snapshotOf(documentOf(routes(`access: ${access}`))).routes[0]!.access
const rateOf = (limit: string): RateLimitPlan | undefined =>
  snapshotOf(documentOf(routes(`rateLimit: ${limit}`))).routes[0]!.rateLimit
const limitsOf = (limits: string): Limits => snapshotOf(documentOf({ more: `limits: ${limits}` })).limits

describe('access', () => {
  test('by address', () => {
    expect(accessOf('{ allow: [10.0.0.0/8, "fd00::/8"], deny: [10.1.2.3] }')).toEqual({
      allow: ['10.0.0.0/8', 'fd00::/8'],
      deny: ['10.1.2.3'],
      denyPaths: [],
    })
  })

  test('by path, in the spelling that requests are compared in', () => {
    expect(accessOf('{ denyPaths: ["/web/database*", "/*/secret*", "/relatórios internos*"] }')).toEqual({
      allow: [],
      deny: [],
      denyPaths: ['/web/database*', '/*/secret*', '/relat%C3%B3rios%20internos*'],
    })
  })

  const at = 'routes[0].access'
  const access = (text: string): Parts => routes(`access: ${text}`)
  const deny = (path: string): Parts => access(`{ denyPaths: ["${path}"] }`)
  const wanted = 'expected a path such as /web/database*'
  const cases: Case[] = [
    [
      'nothing in it',
      access('{}'),
      `4:18: ${at}: is empty: set allow, deny, denyPaths or clientCertificate, or remove it`,
    ],
    [
      'a list with nobody in it',
      access('{ allow: [] }'),
      `4:35: ${at}.allow: is empty, expected a list of at least one address or range such as 10.0.0.0/8`,
    ],
    [
      'ranges that are none',
      access('{ allow: [10.0.0.0/33], deny: [intranet] }'),
      `4:36: ${at}.allow[0]: "10.0.0.0/33" is not an address or range, expected one such as 10.1.2.3, 10.0.0.0/8 or fd00::/8`,
      `4:57: ${at}.deny[0]: "intranet" is not an address or range, expected one such as 10.1.2.3, 10.0.0.0/8 or fd00::/8`,
    ],
    [
      'everyone allowed',
      access('{ allow: [10.0.0.0/8, 0.0.0.0/0] }'),
      `4:48: warning: ${at}.allow[1]: allows everyone, as if allow were not there: name the clients, or remove it`,
    ],
    ['everyone denied, which closes the route', access('{ deny: [0.0.0.0/0, "::/0"] }')],
    [
      'everyone denied but some allowed, as other proxies read it',
      access('{ allow: [10.1.0.0/16], deny: [0.0.0.0/0] }'),
      `4:36: ${at}.allow[0]: nobody of "10.1.0.0/16" gets through: deny has "0.0.0.0/0", and a denial goes first; remove that (allow alone refuses all others)`,
    ],
    [
      'an allowed range within a denied one',
      access('{ allow: ["fd00:1::7", 10.0.0.0/8], deny: [10.1.0.0/16, "fd00::/8"] }'),
      `4:36: ${at}.allow[0]: nobody of "fd00:1::7" gets through: deny has "fd00::/8", and a denial goes first; remove that (allow alone refuses all others)`,
    ],
    ['a path without a slash', deny('web*'), `4:40: ${at}.denyPaths[0]: "web*" does not begin with /, ${wanted}`],
    [
      'a path with a query',
      deny('/web?db=*'),
      `4:40: ${at}.denyPaths[0]: "/web?db=*" has a query or fragment; only the path of a request is compared, ${wanted}`,
    ],
    [
      'a path above the root',
      deny('/../*'),
      `4:40: ${at}.denyPaths[0]: "/../*" climbs above the root, or has an encoded control character, ${wanted}`,
    ],
    [
      'a path of which nothing is below',
      deny('/web/database'),
      `4:40: warning: ${at}.denyPaths[0]: denies this one path only, neither "/web/database/" nor what is below it: add "/web/database/*"`,
    ],
    ['a path with what is below it', access('{ denyPaths: [/web/database, /web/database/*] }')],
    [
      'a path that the route never gets',
      routes('match: { path: /api }, access: { denyPaths: [/web/database*, "/api*", "/a*", "/api/x*"] }'),
      `4:63: warning: ${at}.denyPaths[0]: has no effect: the route takes only paths that begin with "/api"`,
    ],
  ]
  for (const [written, spelled] of [
    ['/web/%64atabase*', '/web/database*'],
    ['/web//database*', '/web/database*'],
    ['/web/./database*', '/web/database*'],
    ['/web/x/../database*', '/web/database*'],
    ['/web%2fdatabase*', '/web%2Fdatabase*'],
  ] as const) {
    cases.push([
      `a path that no request has: ${written}`,
      deny(written),
      `4:40: ${at}.denyPaths[0]: "${written}" matches no request: paths are compared in one spelling, which is "${spelled}", ${wanted}`,
    ])
  }
  expectEach(cases)

  property(
    'a path is accepted only in a spelling that requests have',
    [fc.array(fc.constantFrom('/', '.', 'a', '*', '%', '6', '4', 'é', ' ', '?')).map(parts => `/${parts.join('')}`)],
    path => {
      const text = documentOf(access(`{ denyPaths: ${JSON.stringify([path])} }`))
      if (problemsOf(text).some(problem => !problem.includes(': warning: '))) return
      const compiled = snapshotOf(text).routes[0]!.access!.denyPaths[0]!
      expect(normalisePath(compiled)).toBe(compiled)
    },
  )
})

describe('rate limits', () => {
  test.each([
    ['{ rate: 10/s }', { perSecond: 10, burst: 10 }],
    ['{ rate: 600/m }', { perSecond: 10, burst: 10 }],
    ['{ rate: 90/m }', { perSecond: 1.5, burst: 2 }],
    ['{ rate: 1000/h }', { perSecond: 1000 / 3600, burst: 1 }],
    ['{ rate: 20/s, burst: 100 }', { perSecond: 20, burst: 100 }],
  ])('%s', (limit, plan) => {
    expect(rateOf(limit)).toEqual(plan)
  })

  const at = 'routes[0].rateLimit'
  const form = 'expected a rate such as 10/s, 600/m or 1000/h'
  expectEach([
    [
      'without a rate',
      routes('rateLimit: { burst: 5 }'),
      `4:29: ${at}: the key "rate" is missing: a limit needs one, such as 10/s`,
    ],
    ['without a unit', routes('rateLimit: { rate: 10 }'), `4:37: ${at}.rate: 10 is not valid here, ${form}`],
    ['of nothing', routes('rateLimit: { rate: 0/s }'), `4:37: ${at}.rate: "0/s" is not valid here, ${form}`],
    ['per day', routes('rateLimit: { rate: 10/d }'), `4:37: ${at}.rate: "10/d" is not valid here, ${form}`],
    [
      'with a burst of nothing',
      routes('rateLimit: { rate: 10/s, burst: 0 }'),
      `4:50: ${at}.burst: 0 is not valid here, expected a whole number from 1 to 1000000`,
    ],
  ])
})

describe('limits on clients', () => {
  test('connections of one client', () => {
    expect(limitsOf('{ connectionsPerClient: 200 }').connectionsPerClient).toBe(200)
  })

  test.each([
    ['{ minRate: 1KiB, minRateGrace: 5s }', { bytesPerSecond: 1024, graceMs: 5_000 }],
    ['{ minRate: 500 }', { bytesPerSecond: 500, graceMs: 30_000 }],
    ['{ minRateGrace: 0 }', { bytesPerSecond: 128, graceMs: 0 }],
    ['{ minRate: 0 }', undefined],
    ['{ minRate: 0KiB }', undefined],
  ])('%s', (limits, minRate) => {
    expect(limitsOf(limits).minRate).toEqual(minRate)
  })

  expectEach([
    [
      'fewer connections than a browser opens',
      { more: 'limits: { connectionsPerClient: 5 }' },
      '10:33: warning: limits.connectionsPerClient: one browser opens up to 6 connections: pages would load in part only',
    ],
    [
      'no connections at all',
      { more: 'limits: { connectionsPerClient: 0 }' },
      '10:33: limits.connectionsPerClient: 0 is not valid here, expected a whole number from 1 to 1000000',
    ],
    [
      'a rate with its "per second"',
      { more: 'limits: { minRate: 1KiB/s }' },
      '10:20: limits.minRate: "1KiB/s" is not valid here, expected a size per second such as 128 or 1KiB, or 0 (no limit)',
    ],
    [
      'a rate that users do not reach',
      { more: 'limits: { minRate: 1MiB }' },
      '10:20: warning: limits.minRate: users on a poor line are slower than that: their transfers would be cut',
    ],
    [
      'a grace before nothing',
      { more: 'limits: { minRate: 0, minRateGrace: 5s }' },
      '10:23: warning: limits.minRateGrace: has no effect with minRate: 0',
    ],
  ])
})

describe("an upstream's own word", () => {
  const healthOf = (health: string) => snapshotOf(documentOf({ pool: `health: ${health}` })).pools[0]!.health

  test('is followed in headers, and in a 404 where that is asked for', () => {
    expect(healthOf('{ path: /h }')).toMatchObject({ kind: 'http', hints: true, drainOn404: false })
    expect(healthOf('{ hints: false }')).toMatchObject({ kind: 'http', hints: false })
    expect(healthOf('{ drainOn404: true }')).toMatchObject({ kind: 'http', drainOn404: true })
    expect(problemsOf(documentOf({ pool: 'health: { drainOn404: false, expect: { status: 404 } }' }))).toEqual([])
  })

  const at = 'pools.erp.health'
  const tcp = 'a tcp probe sends no request: remove this key, or use type: http'
  const healthy = 'expect.status has 404 as healthy: take it out there, or remove this key'
  expectEach([
    [
      'from a tcp probe',
      { pool: 'health: { type: tcp, hints: true, drainOn404: false }' },
      `7:26: ${at}.hints: ${tcp}`,
      `7:39: ${at}.drainOn404: ${tcp}`,
    ],
    [
      'a 404 that is healthy by itself',
      { pool: 'health: { drainOn404: true, expect: { status: 404 } }' },
      `7:15: ${at}.drainOn404: ${healthy}`,
    ],
    [
      'a 404 that is healthy in a range',
      { pool: 'health: { drainOn404: true, expect: { status: [200, 400-499] } }' },
      `7:15: ${at}.drainOn404: ${healthy}`,
    ],
  ])
})
