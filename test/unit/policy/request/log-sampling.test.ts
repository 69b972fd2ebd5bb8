// Which requests get a line: the share is kept, the same id always decides alike, and what matters is never left out.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hashKey } from '../../../../src/policy/balance/hash.ts'
import { isLogged, isTrouble, type Loggable } from '../../../../src/policy/request/log-sampling.ts'

const FINE: Loggable = { requestId: 'a-1', status: 200, attempts: 1, end: 'complete' }
const sampling = (share: number, slowerThanMs = Number.POSITIVE_INFINITY, errors = true) => ({
  share,
  slowerThanMs,
  errors,
})
const idsOf = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}-${i.toString(36)}`)

test.each([0.001, 0.1, 0.5, 0.99])('a share of %d of consecutive request ids gets a line', share => {
  for (const prefix of ['0123456789abcdef', 'ffeeddccbbaa9988']) {
    const ids = idsOf(prefix, 20_000)
    const logged = ids.filter(requestId => isLogged(sampling(share), { ...FINE, requestId }, 5, hashKey)).length
    // Four standard deviations.
    expect(Math.abs(logged - ids.length * share)).toBeLessThan(4 * Math.sqrt(ids.length * share * (1 - share)))
  }
})

test('all or nothing at the ends, and a larger share keeps what a smaller one keeps', () => {
  fc.assert(
    fc.property(fc.string(), fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(100), (requestId, share, ms) => {
      const each = { ...FINE, requestId }
      expect(isLogged(sampling(1), each, ms, hashKey)).toBe(true)
      expect(isLogged(sampling(0), each, ms, hashKey)).toBe(false)
      if (isLogged(sampling(share / 2), each, ms, hashKey))
        expect(isLogged(sampling(share), each, ms, hashKey)).toBe(true)
      expect(isLogged(sampling(share), each, ms, hashKey)).toBe(isLogged(sampling(share), each, ms, hashKey))
    }),
  )
})

test('what took longer always gets its line', () => {
  expect(isLogged(sampling(0, 2000), FINE, 2000.1, hashKey)).toBe(true)
  expect(isLogged(sampling(0, 2000), FINE, 2000, hashKey)).toBe(false)
})

test.each([
  ['an upstream answered 5xx', { status: 500 }, true],
  ['vigia answered 503', { status: 503, end: 'queue-full' }, true],
  ['a retry made it good', { attempts: 2 }, true],
  ['the client got no answer', { status: 0, end: 'client left' }, true],
  ['the client left during the answer', { end: 'client left' }, true],
  ['the client does not read', { end: 'client stalls' }, true],
  ['the answer was cut', { end: 'upstream cut' }, true],
  ['its fate is unknown', { status: 502, end: 'in-doubt' }, true],
  ['all went well', {}, false],
  ['it was upgraded', { status: 101, end: 'upgraded' }, false],
  ['the client asked for what is not there', { status: 404 }, false],
  ['the client asks too often', { status: 429, end: 'rate-limited' }, false],
  ['the request was malformed', { status: 400, end: 'bad-chunk' }, false],
  ['a window is planned', { status: 503, end: 'maintenance' }, false],
] as const)('%s: always a line, unless that is not wanted', (_, different, trouble) => {
  const each = { ...FINE, ...different }
  expect(isTrouble(each)).toBe(trouble)
  expect(isLogged(sampling(0), each, 1, hashKey)).toBe(trouble)
  expect(isLogged(sampling(0, 9, false), each, 1, hashKey)).toBe(false)
})
