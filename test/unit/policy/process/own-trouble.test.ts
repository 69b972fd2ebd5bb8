import { describe, expect, test } from 'vitest'
import { isOwnTrouble, stoodStill } from '../../../../src/policy/process/own-trouble.ts'

const failure = (code: string) => Object.assign(new Error(code), { code })

describe('whose trouble it is', () => {
  test.each(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM'])('%s is our own', code => {
    expect(isOwnTrouble(failure(code))).toBe(true)
  })

  test.each(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'ENOTFOUND'])(
    '%s is not',
    code => {
      expect(isOwnTrouble(failure(code))).toBe(false)
    },
  )

  test('of several addresses every one has to have failed so', () => {
    const [own, theirs] = [failure('EADDRNOTAVAIL'), failure('ECONNREFUSED')]
    expect(isOwnTrouble(Object.assign(new AggregateError([own, theirs]), { code: 'EADDRNOTAVAIL' }))).toBe(false)
    expect(isOwnTrouble(new AggregateError([own, own]))).toBe(true)
    expect(isOwnTrouble(new AggregateError([]))).toBe(false)
  })

  test('what is no error is nobody’s', () => {
    expect([undefined, 'EMFILE', { code: 'EMFILE' }].map(isOwnTrouble)).toEqual([false, false, false])
  })
})

test('a timeout that fired more than a second late came after a standstill', () => {
  expect([stoodStill(2000, 2100), stoodStill(2000, 3000), stoodStill(2000, 3001)]).toEqual([false, false, true])
})
