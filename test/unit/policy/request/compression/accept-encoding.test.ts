// Which coding a client gets, of those that vigia has (RFC 9110 12.5.3).

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Coding } from '../../../../../src/plan/compression.ts'
import { acceptedCoding } from '../../../../../src/policy/request/compression/accept-encoding.ts'

const ALL: readonly Coding[] = ['zstd', 'br', 'gzip']

describe('the coding that a client gets', () => {
  test.each<[string, string | undefined, Coding | undefined]>([
    ['says nothing', undefined, undefined],
    ['says that it can decode nothing', '', undefined],
    ['is a browser', 'gzip, deflate, br, zstd', 'zstd'],
    ['is an older browser', 'gzip, deflate, br', 'br'],
    ['knows gzip only', 'gzip', 'gzip'],
    ['knows gzip by its old name', 'x-gzip', 'gzip'],
    ['writes in capitals', 'GZip', 'gzip'],
    ['knows what vigia has not', 'deflate, compress, dcb', undefined],
    ['likes one better', 'gzip;q=1.0, br;q=0.9, zstd;q=0.1', 'gzip'],
    ['has blanks and capitals in its weights', 'br ; Q=0.2 ,\tgzip;\tq=0.30', 'gzip'],
    ['refuses one', 'gzip;q=0', undefined],
    ['refuses one in three decimals', 'gzip;q=0.000', undefined],
    ['refuses gzip but takes all others', 'gzip;q=0, *', 'zstd'],
    ['takes anything', '*', 'zstd'],
    ['takes nothing', '*;q=0', undefined],
    ['takes gzip and nothing else', 'gzip, *;q=0', 'gzip'],
    ['refuses all that vigia has and takes the rest', 'gzip;q=0, br;q=0, zstd;q=0, *', undefined],
    ['likes it better as it is', 'identity, gzip;q=0.5', undefined],
    ['likes both equally', 'gzip;q=0.5, identity;q=0.5', 'gzip'],
    ['likes anything else better than gzip, as it is included', 'gzip;q=0.5, br;q=0, zstd;q=0, *', undefined],
    ['wants it as it is, as media players do', 'identity;q=1, *;q=0', undefined],
    ['has a weight that is none', 'gzip;q=high', undefined],
    ['has a weight beyond 1', 'gzip;q=1.5', undefined],
    ['has a parameter that is no weight', 'gzip;level=9', undefined],
    ['names one twice, once with a no', 'gzip, gzip;q=0', undefined],
    ['has empty elements', ', ,gzip,, ', 'gzip'],
  ])('one that %s', (_, accept, coding) => {
    expect(acceptedCoding(accept, ALL).coding).toBe(coding)
  })

  test('is the first of the configured ones that it likes equally', () => {
    expect(acceptedCoding('gzip, br, zstd', ['gzip', 'br']).coding).toBe('gzip')
    expect(acceptedCoding('br;q=0.7, zstd', ['br', 'gzip']).coding).toBe('br')
    expect(acceptedCoding('zstd', ['br', 'gzip']).coding).toBeUndefined()
  })

  test.each([
    ['identity;q=0', true],
    ['gzip, identity;q=0', true],
    ['*;q=0', true],
    ['*;q=0, identity;q=0.1', false],
    ['gzip', false],
    ['gzip;q=0', false],
    ['', false],
  ])('%j: the answer as it is is refused: %s', (accept, refuses) => {
    expect(acceptedCoding(accept, ALL).refusesIdentity).toBe(refuses)
  })

  test('is never one that it refuses, whatever else it says', () => {
    const weight = fc.constantFrom('', ';q=1', ';q=0.5', ';q=0.001', '; q=0.3')
    const name = fc.constantFrom('gzip', 'br', 'zstd', 'identity', '*', 'deflate')
    const element = fc.tuple(name, weight).map(([each, said]) => each + said)
    fc.assert(
      fc.property(fc.array(element, { maxLength: 8 }), fc.constantFrom(...ALL), fc.nat(8), (others, refused, at) => {
        const accept = others.toSpliced(at, 0, `${refused};q=0`).join(', ')
        expect(acceptedCoding(accept, ALL).coding).not.toBe(refused)
      }),
    )
  })

  test('is found in whatever bytes a field may have', () => {
    fc.assert(
      fc.property(fc.string(), text => {
        const { coding } = acceptedCoding(text, ALL)
        // Nothing is chosen that is not in it.
        if (coding !== undefined) expect(text.toLowerCase().includes(coding) || text.includes('*')).toBe(true)
      }),
    )
  })
})
