// What a stored answer is good for, by what it says and what is asked (RFC 9111 4, 5.2.1, RFC 5861).

import fc from 'fast-check'
import CachePolicy from 'http-cache-semantics'
import { describe, expect, test } from 'vitest'
import { fieldOf } from '../../../../src/http/field-names.ts'
import type { Keep } from '../../../../src/policy/cache/storage.ts'
import { standsIn, useOf, worthS } from '../../../../src/policy/cache/use.ts'
import { type Wants, wantsOf } from '../../../../src/policy/cache/wants.ts'

const KEEP: Keep = {
  lifetimeS: 60,
  ageS: 0,
  whileValidatedS: 0,
  ifErrorS: 0,
  mustRevalidate: false,
  noCache: false,
  isPublic: false,
  etag: '"a"',
  lastModified: undefined,
  variesBy: [],
}

function wants(fields: Readonly<Record<string, string>> = {}, isTrusted = false): Wants {
  const names = Object.keys(fields)
  return wantsOf({ names, values: Object.values(fields), kinds: names.map(fieldOf) }, isTrusted)
}

describe('what is fresh', () => {
  test('answers as long as its lifetime, and not a moment longer', () => {
    expect(useOf(KEEP, 59.9, wants())).toBe('fresh')
    expect(useOf(KEEP, 60, wants())).toBe('validate')
  })

  test('must-revalidate changes nothing as long as it is fresh', () => {
    expect(useOf({ ...KEEP, mustRevalidate: true }, 59, wants())).toBe('fresh')
  })

  test('no-cache is asked for each time', () => {
    expect(useOf({ ...KEEP, noCache: true }, 0, wants())).toBe('validate')
  })

  test.each([
    [{ 'Cache-Control': 'no-cache' }],
    [{ 'cache-control': 'No-Cache' }],
    [{ Pragma: 'no-cache' }],
    [{ 'Cache-Control': 'max-age=0' }],
    [{ 'Cache-Control': 'max-age=9' }],
    [{ 'Cache-Control': 'min-fresh=51' }],
  ])('a request that wants better asks its upstream: %j', fields => {
    expect(useOf(KEEP, 10, wants(fields as Record<string, string>))).toBe('validate')
  })

  test('Pragma counts only where there is no Cache-Control (RFC 9111 5.4)', () => {
    expect(useOf(KEEP, 10, wants({ Pragma: 'no-cache', 'Cache-Control': 'max-age=100' }))).toBe('fresh')
  })
})

describe('what is stale', () => {
  test('may be given while somebody asks, as long as it says, and not with must-revalidate', () => {
    const keep = { ...KEEP, whileValidatedS: 30 }
    expect(useOf(keep, 89, wants())).toBe('while-validated')
    expect(useOf(keep, 90, wants())).toBe('validate')
    expect(useOf({ ...keep, mustRevalidate: true }, 61, wants())).toBe('validate')
  })

  test('stands in after an error as long as it says, or the route', () => {
    expect(standsIn(KEEP, 61, 0, wants())).toBe(false)
    expect(standsIn({ ...KEEP, ifErrorS: 10 }, 69, 0, wants())).toBe(true)
    expect(standsIn({ ...KEEP, ifErrorS: 10 }, 71, 0, wants())).toBe(false)
    expect(standsIn(KEEP, 1000, 3600, wants())).toBe(true)
  })

  test('never with must-revalidate or no-cache', () => {
    expect(standsIn({ ...KEEP, mustRevalidate: true, ifErrorS: 100 }, 61, 3600, wants())).toBe(false)
    expect(standsIn({ ...KEEP, noCache: true, lifetimeS: 0 }, 0, 3600, wants())).toBe(false)
  })

  test('also for a reload: what a request says of ages is a preference', () => {
    expect(standsIn(KEEP, 61, 3600, wants({ 'Cache-Control': 'max-age=0' }))).toBe(true)
  })
})

test('who shows credentials gets only what is for everybody', () => {
  for (const name of ['Authorization', 'X-Openerp-Session-Id', 'x_api_key']) {
    const his = wants({ [name]: 'secret' })
    expect(useOf(KEEP, 0, his)).toBe('not-his')
    expect(standsIn(KEEP, 0, 3600, his)).toBe(false)
    expect(useOf({ ...KEEP, isPublic: true }, 0, his)).toBe('fresh')
  }
})

test.each([
  'X-Original-URL',
  'X-Rewrite-URL',
  'X_Rewrite_Url',
  'X-HTTP-Method-Override',
  'X-Host',
  'X-Forwarded-Scheme',
  'If-Match',
  'If-Unmodified-Since',
  'Client-Cert',
])('a request with %s is nothing for a cache', name => {
  expect(wants({ [name]: 'x' }).isBypassed).toBe(true)
})

test('no-store of a request keeps both it and its answer out', () => {
  expect(wants({ 'Cache-Control': 'no-store' }).isBypassed).toBe(true)
})

test('what a trusted proxy says of itself is part of the key; of anybody else it goes no further', () => {
  expect(wants({ 'X-Forwarded-Prefix': '/erp' }, true).told).toBe('x-forwarded-prefix:/erp\n')
  expect(wants({ 'X-Forwarded-Prefix': '/erp' }, false).told).toBe('')
})

test('what can be confirmed is kept for longer than it is fresh', () => {
  expect(worthS({ ...KEEP, etag: undefined }, 0)).toBe(60)
  expect(worthS({ ...KEEP, etag: undefined, ifErrorS: 5 }, 3600)).toBe(3660)
  expect(worthS(KEEP, 0)).toBe(60 + 86_400)
})

test('whatever is asked and said, nothing is given that RFC 9111 does not let a cache give', () => {
  const NOW_MS = Date.parse('2026-11-28T12:00:00Z')
  class At extends CachePolicy {
    static atMs = NOW_MS
    now(): number {
      return At.atMs
    }
  }
  const asked = fc.constantFrom('', 'no-cache', 'max-age=0', 'max-age=30', 'min-fresh=20', 'max-age=50, min-fresh=5')
  fc.assert(
    fc.property(asked, fc.nat(100), fc.nat(100), fc.nat(20), (said, lifetimeS, ageS, whileS) => {
      const request = said === '' ? {} : { 'cache-control': said }
      const use = useOf({ ...KEEP, lifetimeS, whileValidatedS: whileS }, ageS, wants(request as Record<string, string>))
      At.atMs = NOW_MS
      const response = {
        status: 200,
        headers: { 'cache-control': `max-age=${lifetimeS}, stale-while-revalidate=${whileS}` },
      }
      const oracle = new At({ headers: {} }, response)
      At.atMs = NOW_MS + ageS * 1000
      const { response: given, revalidation } = oracle.evaluateRequest({ headers: request }) as {
        response?: unknown
        revalidation?: unknown
      }
      expect(use).toBe(given === undefined ? 'validate' : revalidation === undefined ? 'fresh' : 'while-validated')
    }),
    { numRuns: 500 },
  )
})

test('a certificate is a credential, like the fields that are', () => {
  const none = { names: [], values: [], kinds: [] }
  const bySide = [wantsOf(none, false), wantsOf(none, false, true)]
  expect(bySide.map(({ isAuthorized, isPlain }) => [isAuthorized, isPlain])).toEqual([
    [false, true],
    [true, false],
  ])
})
