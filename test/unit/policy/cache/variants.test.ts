// Which of several answers to one URI a request gets (RFC 9111 4.1).

import { expect, test } from 'vitest'
import { fieldOf } from '../../../../src/http/field-names.ts'
import { codingsOf, variantOf, variesBy } from '../../../../src/policy/cache/variants.ts'

const fields = (said: Readonly<Record<string, string>>) => {
  const names = Object.keys(said)
  return { names, values: Object.values(said), kinds: names.map(fieldOf) }
}

test('browsers that take the same codings get the same answer', () => {
  for (const value of ['gzip, deflate, br, zstd', 'zstd;q=1.0,br, gzip;q=0.5', 'BR,GZIP,ZSTD,identity'])
    expect(codingsOf(value)).toBe('br,gzip,zstd')
  expect(codingsOf('x-gzip')).toBe('gzip')
  expect(codingsOf('gzip;q=0, br')).toBe('br')
  expect(codingsOf(undefined)).toBe('')
  expect(codingsOf('identity')).toBe('')
})

test('what is said in any other way stays as it is', () => {
  for (const value of ['*', 'gzip;q=0, *', 'identity;q=0', 'gzip;q=2', 'compress', 'gzip;level=1'])
    expect(codingsOf(value)).toBe(value)
})

test('names are told apart by what they are, not by their order or case', () => {
  expect(variesBy('Origin, accept-encoding, ORIGIN')).toEqual(['accept-encoding', 'origin'])
  expect(variesBy(undefined)).toEqual([])
  for (const personal of ['*', 'Cookie', 'Origin, authorization']) expect(variesBy(personal)).toBeUndefined()
  expect(variesBy(Array.from({ length: 9 }, (_, i) => `x-${i}`).join())).toBeUndefined()
})

test('a variant is what the request says of each name', () => {
  const names = ['accept-encoding', 'origin']
  const one = variantOf(names, fields({ 'Accept-Encoding': 'gzip, br', Origin: 'https://a' }))
  expect(variantOf(names, fields({ Origin: 'https://a', 'accept-encoding': 'br;q=0.9, gzip' }))).toBe(one)
  expect(variantOf(names, fields({ Origin: 'https://b', 'accept-encoding': 'br, gzip' }))).not.toBe(one)
  expect(variantOf(names, fields({ 'accept-encoding': 'br, gzip' }))).not.toBe(one)
})
