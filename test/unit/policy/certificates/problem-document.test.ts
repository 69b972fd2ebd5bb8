import fc from 'fast-check'
import { expect, test } from 'vitest'
import { challengeProblemIn, problemIn, retryAfterMs } from '../../../../src/policy/certificates/problem-document.ts'
import { ANY_UNIT } from '../../../support/any-text.ts'

const problem = (type: string, detail?: string) => ({ type: `urn:ietf:params:acme:error:${type}`, detail })

test.each([
  [429, problem('rateLimited', 'too many'), 'busy', 'too many (rateLimited)'],
  [429, undefined, 'busy', 'the CA answered 429'],
  [503, '<html>', 'unreachable', 'the CA answered 503'],
  [500, problem('serverInternal'), 'unreachable', 'serverInternal'],
  [403, problem('unauthorized', 'unknown key'), 'refused', 'unknown key (unauthorized)'],
  [403, problem('caa', 'not by us'), 'not-proven', 'not by us (caa)'],
  [400, problem('dns', 'NXDOMAIN'), 'not-proven', 'NXDOMAIN (dns)'],
  [400, problem('rejectedIdentifier', 'not that one'), 'refused', 'not that one (rejectedIdentifier)'],
  [400, problem('accountDoesNotExist'), 'refused', 'accountDoesNotExist'],
  [301, null, 'refused', 'the CA answered 301'],
] as const)('an answer %i is trouble of its kind', (status, body, trouble, text) => {
  expect(problemIn({ status, body })).toMatchObject({ trouble, text })
})

test('a challenge that failed says why; one that has not says nothing', () => {
  expect(challengeProblemIn(problem('connection', 'refused'))).toMatchObject({ text: 'refused (connection)' })
  expect(challengeProblemIn({})).toMatchObject({ trouble: 'not-proven', text: 'the CA gives no reason' })
  expect(challengeProblemIn(undefined)).toBeUndefined()
})

test('what a CA writes is one line of bounded length, and no terminal obeys it', () => {
  fc.assert(
    fc.property(fc.string({ unit: ANY_UNIT, maxLength: 2000 }), fc.string({ unit: ANY_UNIT }), (detail, type) => {
      const { text } = problemIn({ status: 400, body: problem(type, detail) })
      expect(text.length).toBeLessThan(900)
      expect(text).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u)
    }),
  )
})

test('Retry-After is seconds or a date', () => {
  const nowMs = Date.UTC(2026, 10, 28, 12)
  expect(retryAfterMs('120', nowMs)).toBe(120_000)
  expect(retryAfterMs('Sat, 28 Nov 2026 13:00:00 GMT', nowMs)).toBe(3_600_000)
  expect(retryAfterMs('Sat, 28 Nov 2026 11:00:00 GMT', nowMs)).toBe(0)
  for (const value of [undefined, '', '-1', 'soon', '1e9', '2026-11-28', 'Sat, nonsense'])
    expect(retryAfterMs(value, nowMs)).toBeUndefined()
})
