// Who may use a route. The ways to write a denied path differently are the heart of it.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AccessRules, compileDeniedPaths, isForbidden } from '../../../../src/policy/request/access.ts'
import { compileReadings, readingsOf } from '../../../../src/policy/request/paths/readings.ts'
import { normalisePath } from '../../../../src/policy/request/routing.ts'
import { threadMs } from '../../../support/cpu-time.ts'
import { amount } from '../../../support/thorough.ts'

const rules = (globs: readonly string[], more: Partial<AccessRules> = {}): AccessRules => ({
  allows: undefined,
  denies: undefined,
  deniedPaths: compileDeniedPaths(globs),
  ...more,
})

/** As a request goes: a target that has no normalised path is answered 400, one that has too many readings 403. */
const denied = (globs: readonly string[], target: string) => {
  const path = normalisePath(target)
  const readings = readingsOf(target, compileReadings(undefined))
  return path === undefined || readings === undefined || isForbidden(rules(globs), '192.0.2.1', path, readings.whole)
}

describe('/web/database* is refused', () => {
  test.each([
    // What the normalised path covers.
    '/web/database',
    '/web/database/manager',
    '/web/database/manager?x=1',
    '/web/databases',
    '/web//database/manager',
    '//web/database',
    '/web/./database',
    '/./web/database',
    '/x/../web/database',
    '/web/x/../database',
    '/web/%64atabase',
    '/w%65b/database/manager',
    '/%77%65%62/database',
    '/web/%2e/database',
    '/x/%2e%2e/web/database',
    // What an upstream may do beyond it.
    '/web/database;x',
    '/web;x/database',
    '/web;x=1;y=2/database;z/manager',
    '/;/web/database',
    '/x/..;/web/database',
    '/x/..;y=1/web/database',
    '/x;/../web/database',
    '/web%2Fdatabase',
    '/web%2fdatabase%2fmanager',
    '/%2Fweb/database',
    '/x%2F..%2Fweb/database',
    '/x/..%2Fweb/database',
    '/web%5Cdatabase',
    '/web\\database',
    '/x\\..\\web\\database',
    '/web%3Bx/database',
    '/web/%2564atabase',
    '/web%252Fdatabase',
    '/web%25252fdatabase',
    '/web%2Fdatabase/..;/..;/x',
    '/web/database/..%2F..%2Fx',
    // A server that resolves no dot segments reads it as it stands.
    '/web/database/../login',
    '/web%252525252525252Fdatabase',
  ])('as %s', target => {
    expect(denied(['/web/database*'], target)).toBe(true)
  })

  test.each([
    '/',
    '/web',
    '/web/',
    '/web/data',
    '/web/login?redirect=/web/database',
    '/web/Database',
    '/x/web/database',
    '/web/content/100%25',
    '/web/content/a%20b;c',
    '/web/content/%C3%A9',
    '*',
  ])('but not %s', target => {
    expect(denied(['/web/database*'], target)).toBe(false)
  })
})

describe('a pattern', () => {
  test.each([
    ['/a', '/a', true],
    ['/a', '/a/', true],
    ['/a', '/a/b', false],
    ['/a', '/ab', false],
    ['/a/*', '/a/b/c', true],
    ['/a/*', '/a', false],
    ['*', '/anything', true],
    ['/*/database', '/web/database', true],
    ['/*/database', '/a/b/database', true],
    ['/*/database', '/database', false],
    ['/a*b*c', '/abc', true],
    ['/a*b*c', '/axbxxc', true],
    ['/a*b*c', '/acb', false],
    ['/a*ba', '/aba', true],
    ['/ab*ba', '/aba', false],
    ['/a**', '/a', true],
    ['/relatórios*', '/relat%C3%B3rios/1', true],
    ['/relatórios*', '/relat%c3%b3rios%2F1', true],
    ['/my files/*', '/my%20files/x', true],
    ['/my files/*', '/my%20files%2Fx', true],
    ['/a.b', '/axb', false],
  ])('%s and %s: %s', (glob, target, yes) => {
    expect(denied([glob], target)).toBe(yes)
  })

  test('says what a regular expression of it says', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 12 })
    const globs = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*'), maxLength: 8 })
    fc.assert(
      fc.property(globs, letters, (glob, path) => {
        const expression = new RegExp(`^/${glob.replaceAll('*', '.*')}$`)
        const bare = `/${path}`.replace(/(?<=.)\/$/, '')
        const expected = expression.test(`/${path}`) || expression.test(bare)
        expect(isForbidden(rules([`/${glob}`]), '', `/${path}`)).toBe(expected)
      }),
      { numRuns: amount(700) },
    )
  })

  test('with many stars costs no more on a long path that almost matches', () => {
    const began = threadMs()
    expect(denied([`/${'a*'.repeat(20)}b`], `/${'a'.repeat(8000)}`)).toBe(false)
    expect(threadMs() - began).toBeLessThan(100)
  })
})

test('however a denied path is encoded, it is denied', () => {
  const encode = (text: string, mask: readonly boolean[], rounds: number): string => {
    let out = [...text]
      .map((char, i) => (mask[i] ? `%${char.charCodeAt(0).toString(16).padStart(2, '0')}` : char))
      .join('')
    for (let round = 1; round < rounds; round += 1) out = out.replaceAll('%', '%25')
    return out
  }
  const masks = fc.array(fc.boolean(), { minLength: 20, maxLength: 20 })
  fc.assert(
    fc.property(masks, fc.integer({ min: 1, max: 6 }), fc.constantFrom('', ';x', ';a=b'), (mask, rounds, parameter) => {
      expect(denied(['/web/database*'], `/${encode(`web${parameter}/database`, mask, rounds)}`)).toBe(true)
    }),
  )
})

describe('a client', () => {
  const inList =
    (...list: string[]) =>
    (address: string) =>
      list.includes(address)

  test.each([
    ['192.0.2.1', false],
    ['192.0.2.2', true],
    ['unknown', true],
    ['', true],
  ])('%s, where only 192.0.2.1 may come: forbidden is %s', (address, forbidden) => {
    expect(isForbidden(rules([], { allows: inList('192.0.2.1') }), address, '/')).toBe(forbidden)
  })

  test('that is both allowed and denied is denied', () => {
    const both = rules([], { allows: inList('192.0.2.1', '192.0.2.2'), denies: inList('192.0.2.1') })
    expect(isForbidden(both, '192.0.2.1', '/')).toBe(true)
    expect(isForbidden(both, '192.0.2.2', '/')).toBe(false)
  })

  test('that is allowed does not get a denied path', () => {
    expect(isForbidden(rules(['/x'], { allows: inList('192.0.2.1') }), '192.0.2.1', '/x')).toBe(true)
  })
})
