import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson } from '../../../../src/store/audit/canonical-json.ts'

test('the order of keys does not matter, at any depth', () => {
  expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1}]}')
})

test('what JSON has no word for is left out, or null', () => {
  expect(canonicalJson(undefined)).toBe('null')
  expect(canonicalJson({ a: undefined, b: () => 1, c: Number.NaN, d: 12n, e: new Date(0) })).toBe(
    '{"c":null,"d":"12","e":"1970-01-01T00:00:00.000Z"}',
  )
})

test('a text that was canonical stays as it is when it is read and written again', () => {
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      const text = canonicalJson(value)
      expect(canonicalJson(JSON.parse(text))).toBe(text)
    }),
  )
})
