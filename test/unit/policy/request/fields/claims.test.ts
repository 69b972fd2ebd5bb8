// What a client must not claim is recognised in every spelling that servers take for the same.

import { describe, expect, test } from 'vitest'
import { CLAIMS, claimOf, foldedName } from '../../../../../src/policy/request/fields/claims.ts'
import { fc, test as property } from '../../../config/property.ts'

/** A name in any case, with any of the characters that a name may have in place of its hyphens. */
const spellingOf = (name: string) =>
  fc
    .tuple(
      ...[...name].map(letter =>
        letter === '-'
          ? fc.constantFrom(..."-_.!#$%&'*+^`|~")
          : fc.constantFrom(letter.toLowerCase(), letter.toUpperCase()),
      ),
    )
    .map(letters => letters.join(''))
const whole = (name: string) => name.replace('*', 'anything-more')

describe('a name', () => {
  property(
    'that is a claim is one in every spelling',
    [fc.constantFrom(...CLAIMS.map(whole)).chain(spellingOf)],
    name => {
      expect(claimOf(name)).toBeDefined()
      expect(CLAIMS.map(whole)).toContain(foldedName(name))
    },
  )

  property(
    'of what vigia says itself is an imitation in every spelling but its own',
    [fc.constantFrom('X-Forwarded-For', 'X-Forwarded-Other', 'X-Real-IP', 'Content-Length').chain(spellingOf)],
    name => {
      if (/^[A-Za-z-]+$/.test(name)) return
      expect(claimOf(name)).toBe('imitation')
    },
  )

  test.each([
    'X-Remoteness',
    'Remote',
    'My-Remote-User',
    'Proxy-Mode',
    'Clientcert',
    'X-Forwarded',
    'Client-Certificate',
  ])('that only resembles one is free: %s', name => {
    expect(claimOf(name)).toBeUndefined()
  })
})
