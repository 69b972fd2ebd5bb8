import { describe, expect, test } from 'vitest'
import { fieldOf } from '../../../src/http/field-names.ts'
import type { Fields } from '../../../src/http/fields.ts'
import { asksForLogin, bringsLogin } from '../../../src/http/login-schemes.ts'

const fields = (...pairs: readonly (readonly [string, string])[]): Fields => ({
  names: pairs.map(([name]) => name),
  values: pairs.map(([, value]) => value),
  kinds: pairs.map(([name]) => fieldOf(name)),
})

describe('credentials that log in a connection', () => {
  test.each(['NTLM TlRMTVNTUAAB', 'ntlm x', 'Negotiate YII', 'NEGOTIATE\tYII', 'nEgOtIaTe', 'Nego2 x', 'Kerberos x'])(
    '%s',
    value => {
      expect(bringsLogin(fields(['authorization', value]))).toBe(true)
    },
  )

  test.each(['Basic TlRMTQ==', 'Bearer NTLM', 'NTLMv2 x', 'Digest username="negotiate"', ''])('not: %s', value => {
    expect(bringsLogin(fields(['Authorization', value]))).toBe(false)
  })

  test('in any of several fields', () => {
    expect(bringsLogin(fields(['Authorization', 'Basic x'], ['Accept', '*'], ['AUTHORIZATION', 'NTLM x']))).toBe(true)
  })

  test('not those of a field that vigia does not forward', () => {
    expect(bringsLogin(fields(['Proxy-Authorization', 'NTLM x']))).toBe(false)
  })
})

describe('a response that asks for them', () => {
  test.each([
    'NTLM',
    'Negotiate',
    'negotiate, ntlm',
    'Basic realm="a, b", NTLM',
    'Negotiate oYG2MIGzoAMKAQE=',
    'Bearer,NTLM',
    'Digest realm="x", nonce="y" ,\tNegotiate',
  ])('%s', value => {
    expect(asksForLogin(401, fields(['www-authenticate', value]))).toBe(true)
    expect(asksForLogin(407, fields(['Proxy-Authenticate', value]))).toBe(true)
  })

  test.each(['Basic realm="NTLM"', 'Bearer error="Negotiate"', 'Basic realm=NTLM', 'NTLMv2', ''])('not: %s', value => {
    expect(asksForLogin(401, fields(['WWW-Authenticate', value]))).toBe(false)
  })

  test('in the second of several fields', () => {
    expect(asksForLogin(401, fields(['WWW-Authenticate', 'Basic realm="a"'], ['WWW-Authenticate', 'NTLM']))).toBe(true)
  })

  test('a 200 asks for nothing', () => {
    expect(asksForLogin(200, fields(['WWW-Authenticate', 'NTLM']))).toBe(false)
  })
})
