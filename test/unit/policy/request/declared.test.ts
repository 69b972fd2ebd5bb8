import { expect, test } from 'vitest'
import { isKeyed } from '../../../../src/policy/request/declared.ts'

test.each(['8e03978e-40d5-43dd-bc93-6894a57f9324', '"8e03978e-40d5-43dd-bc93-6894a57f9324"', 'a', 'order:7/2026'])(
  'a POST with the key %s is keyed',
  key => {
    expect(isKeyed('POST', key)).toBe(true)
    expect(isKeyed('PATCH', key)).toBe(true)
  },
)

test.each([undefined, '', '""', '"a", "b"', 'a, a', 'a,b', 'a b', '"a', 'ké', `${'x'.repeat(256)}`])(
  'one whose key is %j is not',
  key => {
    expect(isKeyed('POST', key)).toBe(false)
  },
)

test('other methods are not made repeatable by a key', () => {
  for (const method of ['post', 'PROPFIND', 'LOCK', 'X']) expect(isKeyed(method, 'key')).toBe(false)
})
