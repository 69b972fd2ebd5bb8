// Which answers are stored for others, and for how long: RFC 9111, and what vigia asks beyond that.

import fc from 'fast-check'
import CachePolicy from 'http-cache-semantics'
import { describe, expect, test } from 'vitest'
import { CHUNKED, NO_LENGTH } from '../../../../src/http/body.ts'
import { fieldOf } from '../../../../src/http/field-names.ts'
import { judgeStorage, type Keep } from '../../../../src/policy/cache/storage.ts'

const NOW_MS = Date.parse('2026-11-28T12:00:00Z')
const DATE = new Date(NOW_MS).toUTCString()

interface Asked {
  readonly status?: number
  readonly length?: number
  readonly isAuthorized?: boolean
  readonly isOnePath?: boolean
  readonly delayS?: number
  readonly ttlS?: number
}

function judge(fields: Readonly<Record<string, string>>, asked: Asked = {}): Keep | string {
  const { status = 200, length = 10, isAuthorized = false, isOnePath = true, delayS = 0, ttlS } = asked
  const names = Object.keys(fields)
  const head = { status, length, fields: { names, values: Object.values(fields), kinds: names.map(fieldOf) } }
  return judgeStorage(head, { isAuthorized, isOnePath, delayS }, ttlS, NOW_MS)
}

const lifetime = (fields: Record<string, string>, asked?: Asked) => {
  const keep = judge(fields, asked)
  return typeof keep === 'string' ? keep : keep.lifetimeS
}

describe('what is stored', () => {
  test('an answer that says for how long it is fresh (RFC 9111 3)', () => {
    expect(lifetime({ 'Cache-Control': 'max-age=60' })).toBe(60)
    expect(lifetime({ Expires: new Date(NOW_MS + 90_000).toUTCString(), Date: DATE })).toBe(90)
    expect(lifetime({ 'cache-control': 'public, max-age=31536000, immutable' })).toBe(31_536_000)
  })

  test('s-maxage goes before max-age, and that before Expires (RFC 9111 4.2.1)', () => {
    expect(lifetime({ 'Cache-Control': 'max-age=60, s-maxage=600', Expires: DATE })).toBe(600)
    expect(lifetime({ 'Cache-Control': 'max-age=60', Expires: new Date(NOW_MS + 9e6).toUTCString() })).toBe(60)
  })

  test('directives in any case, quoted, repeated: the stricter of two counts', () => {
    expect(lifetime({ 'Cache-Control': 'Max-Age="60"' })).toBe(60)
    expect(lifetime({ 'Cache-Control': 'max-age=600, max-age=60' })).toBe(60)
    expect(judge({ 'Cache-Control': 'MAX-AGE=60, No-Store' })).toBe('private')
    expect(judge({ 'Cache-Control': 'max-age=60, PRIVATE' })).toBe('private')
  })

  test('a number of seconds that is none makes it stale', () => {
    expect(judge({ 'Cache-Control': 'max-age=1h' })).toBe('no-validator')
    expect(judge({ 'Cache-Control': 'max-age=-1' })).toBe('no-validator')
    expect(judge({ 'Cache-Control': 'max-age=1e9' })).toBe('no-validator')
  })

  test('an age that it came with, and the time on the way, count', () => {
    expect(judge({ 'Cache-Control': 'max-age=60', Age: '20' }, { delayS: 1 })).toMatchObject({
      lifetimeS: 60,
      ageS: 21,
    })
    expect(judge({ 'Cache-Control': 'max-age=60', Age: '61' })).toBe('no-validator')
  })

  test('redirections and errors of a lasting kind only where they say so', () => {
    for (const status of [301, 308, 404, 410]) {
      expect(lifetime({ 'Cache-Control': 'max-age=60' }, { status })).toBe(60)
      expect(judge({}, { status, ttlS: 60 })).toBe('no-freshness')
    }
    for (const status of [201, 206, 302, 304, 307, 400, 401, 403, 405, 414, 416, 429, 431, 500, 502, 503, 504])
      expect(judge({ 'Cache-Control': 'public, max-age=60' }, { status })).toBe('status')
  })
})

describe('what is not', () => {
  test.each([
    ['no freshness of its own', {}, 'no-freshness'],
    [
      'none either: a date of change is no promise',
      { 'Last-Modified': 'Mon, 01 Jan 2024 00:00:00 GMT' },
      'no-freshness',
    ],
    ['public alone is none', { 'Cache-Control': 'public' }, 'no-freshness'],
    ['immutable alone is none', { 'Cache-Control': 'immutable' }, 'no-freshness'],
    ['no-store', { 'Cache-Control': 'max-age=60, no-store' }, 'private'],
    ['private', { 'Cache-Control': 'max-age=60, private' }, 'private'],
    ['private for a field only', { 'Cache-Control': 'max-age=60, private="x-user"' }, 'private'],
    ['a cookie, whatever else it says', { 'Cache-Control': 'public, max-age=60', 'Set-Cookie': 'a=b' }, 'cookie'],
    ['Vary: *', { 'Cache-Control': 'max-age=60', Vary: '*' }, 'varies'],
    ['Vary: Cookie', { 'Cache-Control': 'max-age=60', Vary: 'Accept-Encoding, Cookie' }, 'varies'],
    ['Vary: Authorization', { 'Cache-Control': 'public, max-age=60', Vary: 'authorization' }, 'varies'],
    ['a login', { 'Cache-Control': 'max-age=60', 'WWW-Authenticate': 'Negotiate oYG' }, 'login'],
    [
      'an origin that was asked for, without Vary: Origin',
      { 'Cache-Control': 'max-age=60', 'Access-Control-Allow-Origin': 'https://evil.example' },
      'varies',
    ],
  ])('%s', (_, fields, why) => {
    expect(judge(fields as Record<string, string>)).toBe(why)
  })

  test('a body of which nobody knows whether it is all (RFC 9111 3.3)', () => {
    expect(judge({ 'Cache-Control': 'max-age=60' }, { length: NO_LENGTH })).toBe('length')
    expect(lifetime({ 'Cache-Control': 'max-age=60' }, { length: CHUNKED })).toBe(60)
  })

  test('an answer to a request with credentials, unless it says public', () => {
    const asked = { isAuthorized: true }
    expect(judge({ 'Cache-Control': 'max-age=60' }, asked)).toBe('authorized')
    expect(judge({ 'Cache-Control': 's-maxage=60' }, asked)).toBe('authorized')
    expect(judge({ 'Cache-Control': 'max-age=60, must-revalidate' }, asked)).toBe('authorized')
    expect(lifetime({ 'Cache-Control': 'max-age=60, public' }, asked)).toBe(60)
  })
})

describe('what the route adds', () => {
  test('a ttl for answers that say nothing', () => {
    expect(lifetime({}, { ttlS: 300 })).toBe(300)
    expect(lifetime({ 'Cache-Control': 'public' }, { ttlS: 300 })).toBe(300)
  })

  test('it changes nothing of what they say', () => {
    expect(lifetime({ 'Cache-Control': 'max-age=60' }, { ttlS: 300 })).toBe(60)
    expect(judge({ 'Cache-Control': 'no-store' }, { ttlS: 300 })).toBe('private')
    expect(judge({ 'Set-Cookie': 'a=b' }, { ttlS: 300 })).toBe('cookie')
    expect(judge({ Expires: '0' }, { ttlS: 300 })).toBe('no-validator')
  })

  test('not for a path that could be read as another page', () => {
    expect(judge({}, { ttlS: 300, isOnePath: false })).toBe('no-freshness')
  })
})

describe('what is asked for each time', () => {
  test('no-cache is stored where its entity tag stands for the bytes, or it is for everybody', () => {
    expect(judge({ 'Cache-Control': 'no-cache', ETag: '"a"' })).toMatchObject({ noCache: true, lifetimeS: 0 })
    expect(judge({ 'Cache-Control': 'no-cache', ETag: 'W/"a"' })).toBe('no-validator')
    expect(judge({ 'Cache-Control': 'no-cache', 'Last-Modified': DATE })).toBe('no-validator')
    expect(judge({ 'Cache-Control': 'public, no-cache', 'Last-Modified': DATE })).toMatchObject({ noCache: true })
    expect(judge({ Pragma: 'no-cache', ETag: '"a"' }, { ttlS: 60 })).toMatchObject({ noCache: true, lifetimeS: 0 })
  })

  test('must-revalidate and proxy-revalidate leave it fresh as long as it says', () => {
    expect(judge({ 'Cache-Control': 'max-age=60, must-revalidate' })).toMatchObject({
      lifetimeS: 60,
      mustRevalidate: true,
    })
    expect(judge({ 'Cache-Control': 'max-age=60, proxy-revalidate' })).toMatchObject({
      lifetimeS: 60,
      mustRevalidate: true,
    })
  })
})

const directive = fc.oneof(
  fc.constantFrom(
    'no-store',
    'private',
    'public',
    'no-cache',
    'must-revalidate',
    'proxy-revalidate',
    'immutable',
    'no-transform',
  ),
  fc
    .tuple(fc.constantFrom('max-age', 's-maxage', 'stale-if-error', 'stale-while-revalidate'), fc.nat(100))
    .map(([name, seconds]) => `${name}=${seconds}`),
)
const control = fc.array(directive, { maxLength: 5 }).map(all => [...new Set(all)].join(', '))

test('whatever is said, what is stored is what RFC 9111 lets a shared cache store, and is never fresh for longer', () => {
  fc.assert(
    fc.property(
      control,
      fc.record(
        {
          etag: fc.constantFrom('"a"', 'W/"a"'),
          'set-cookie': fc.constant('a=b'),
          vary: fc.constantFrom('*', 'cookie', 'accept-encoding'),
          expires: fc.nat(100).map(s => new Date(NOW_MS + s * 1000).toUTCString()),
          age: fc.nat(100).map(String),
        },
        { requiredKeys: [] },
      ),
      fc.boolean(),
      (said, more, isAuthorized) => {
        const fields = { date: DATE, ...(said === '' ? {} : { 'cache-control': said }), ...more } as Record<
          string,
          string
        >
        const keep = judge(fields, { isAuthorized })
        if (typeof keep === 'string') return
        const headers = isAuthorized ? { authorization: 'x' } : {}
        const oracle = new CachePolicy(
          { headers },
          { status: 200, headers: fields },
          { cacheHeuristic: 0, immutableMinTimeToLive: 0 },
        )
        expect(oracle.storable()).toBe(true)
        expect(fields['set-cookie']).toBeUndefined()
        expect(said).not.toMatch(/private|no-store/)
        if (isAuthorized) expect(said).toContain('public')
        // It takes proxy-revalidate for no-cache.
        if (!said.includes('proxy-revalidate')) expect(keep.lifetimeS).toBeLessThanOrEqual(oracle.maxAge())
      },
    ),
    { numRuns: 500 },
  )
})
