// Every way in which an upstream may read a path: that none is missed, and that nobody can make it cost much.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileReadings, isPlain, readingsOf } from '../../../../src/policy/request/paths/readings.ts'
import { normalisePath } from '../../../../src/policy/request/routing.ts'
import { amount } from '../../../support/thorough.ts'

const SERVER = compileReadings(undefined)
const IIS = compileReadings({ ignoreCase: true, prefixes: [] })
const wholeOf = (target: string, rules = SERVER) => readingsOf(target, rules)?.whole

describe('a plain path has one reading', () => {
  test.each(['/', '/web', '/web/', '/web/login?next=%2Fadmin;x//', '/web/a.b', '/a:b@c/$d', '*'])('%s', target => {
    expect(isPlain(target)).toBe(true)
    expect(wholeOf(target)).toEqual([normalisePath(target)])
  })
})

describe('/admin/users is among the readings of', () => {
  test.each([
    '/admin%2fusers',
    '/%61dmin%2Fusers',
    '/%2561dmin/users',
    '/admin%25252fusers',
    '/admin;a=b/users;c',
    '/admin%3Bx/users',
    '/admin/users%3Fx',
    '/admin/users%23x',
    '/x/../admin/users',
    '/x/..%2fadmin%2fusers',
    '/x/..;/admin/users',
    '/x;%2f..%2fadmin%2fusers',
    '/x/%2e%2e;y/admin/users',
    '//admin///users',
    '/admin/./users',
    '/admin\\users',
    '/x\\..\\admin%5cusers',
    '/admin%255Cusers',
    '/%u0061dmin%u002fusers',
    // Merged, the slashes are one less to climb: `/admin`.
    '/admin/users//..',
    '/admin/users/x%2F%2F../..',
  ])('%s', target => {
    const readings = wholeOf(target)!.map(path => path.replace(/(?<=.)\/$/, ''))
    expect(readings).toContain('/admin/users')
    expect(isPlain(target)).toBe(false)
  })
})

test('a server that resolves no dot segments reads them as they stand', () => {
  expect(wholeOf('/admin/../public')).toContain('/admin/../public')
  expect(wholeOf('/admin%2F..%2Fpublic')).toContain('/admin/../public')
})

describe('where case does not count', () => {
  test.each([
    '/Admin/Users',
    '/ADMIN/users',
    '/%41dmin/users',
    '/admin./users',
    '/admin%20%2e/users. ',
    '/Admin%2fUsers',
  ])('%s is /admin/users', target => expect(wholeOf(target, IIS)).toContain('/ADMIN/USERS'))

  test.each([
    ['/(S(x))/admin/users', '/ADMIN/USERS'],
    ['/ad/(S(x))min/(a(1)f(2))/users', '/ADMIN/USERS'],
    ['/%28S%28x%29%29/admin/users', '/ADMIN/USERS'],
    ['/admin(bD1kZQ==)/users', '/ADMIN/USERS'],
    ['/Admin%28x%29/users()', '/ADMIN/USERS'],
  ])('what IIS and SAP have in parentheses is passed over: %s', (target, reading) => {
    expect(wholeOf(target, IIS)).toContain(reading)
    expect(wholeOf(target, SERVER)).not.toContain(reading.toLowerCase())
  })

  test.each([
    ['/Relat%C3%93rios', '/relat%c3%b3rios'],
    ['/relat%u00D3rios', '/relat%C3%B3rios'],
    ['/%E2%84%AAey', '/key'],
    ['/%ff', '/%FF'],
  ])('%s is %s', (a, b) => {
    expect(wholeOf(a, IIS)).toEqual(expect.arrayContaining([...wholeOf(b, IIS)!]))
  })
})

describe('without a prefix', () => {
  const cutOf = (prefix: string, target: string, ignoreCase = false) =>
    readingsOf(target, compileReadings({ ignoreCase, prefixes: [prefix] }))?.cut

  test.each([
    ['/*', '/en/web/database', '/web/database'],
    ['/*', '/pt_BR/web', '/web'],
    ['/*', '/en', '/'],
    ['/en', '/en/web', '/web'],
    ['/en', '/english/web', undefined],
    ['/en', '/x/en/web', undefined],
    ['/pt_*', '/pt_BR/web', '/web'],
    ['/pt_*', '/ptBR/web', undefined],
    ['/erp/*', '/erp/en/web', '/web'],
    ['/a.b', '/axb/web', undefined],
    ['/pâté', '/p%C3%A2t%C3%A9/web', '/web'],
    ['/en', '/%65n%2Fweb', '/web'],
    ['/en', '/x/..;/en/web', '/web'],
  ])('%s, %s is %s', (prefix, target, expected) => {
    const cut = cutOf(encodeURI(prefix), target)
    if (expected === undefined) expect(cut).toEqual([])
    else expect(cut).toContain(expected)
  })

  test('case counts for it where it counts for paths', () => {
    expect(cutOf('/BC', '/bc/web')).toEqual([])
    expect(cutOf('/BC', '/bc/web', true)).toEqual(['/WEB'])
  })
})

// What servers do, one step each; each of them in any order is one server.
const SERVERS: readonly ((path: string) => string)[] = [
  path => path.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
  path => path.replaceAll('\\', '/'),
  path => path.replace(/;[^/]*/g, ''),
  path => path.split(/[?#]/)[0]!,
  path => path.replace(/\/{2,}/g, '/'),
  path => {
    const kept: string[] = []
    for (const segment of path.split('/').slice(1)) {
      if (segment === '..') kept.pop()
      else if (segment !== '.') kept.push(segment)
    }
    return `/${kept.join('/')}`
  },
]
const PIECES = ['/', '..', '.', 'a', '%2f', '%2e', '%5C', '\\', ';', '%3b', '%25', '25', '2f', '%61', '%3f']

test('whatever a server does, in whatever order, its reading is among them, but for slashes', () => {
  const targets = fc.array(fc.constantFrom(...PIECES), { maxLength: 9 }).map(pieces => `/${pieces.join('')}`)
  const orders = fc.array(fc.nat(SERVERS.length - 1), { maxLength: 6 })
  const bare = (path: string) =>
    path
      .replace(/\/{2,}/g, '/')
      .replace(/(?<=.)\/$/, '')
      .replace(/%[89a-f][0-9a-f]/gi, encoded => encoded.toUpperCase())
  fc.assert(
    fc.property(targets, orders, (target, order) => {
      const readings = wholeOf(target)
      if (readings === undefined) return
      const read = order.reduce((path, step) => SERVERS[step]!(path), target)
      expect(readings.map(bare)).toContain(bare(read))
    }),
    { numRuns: amount(3000) },
  )
})

test('they are few, and cost no more than the path is long', () => {
  const targets = fc.array(fc.constantFrom(...PIECES, '%u0061', 'x'.repeat(50)), { maxLength: 4000 })
  fc.assert(
    fc.property(targets, pieces => {
      const readings = readingsOf(`/${pieces.join('')}`, compileReadings({ ignoreCase: true, prefixes: ['/*', '/a'] }))
      if (readings === undefined) return
      expect(readings.whole.length).toBeLessThanOrEqual(200)
      expect(readings.cut.length).toBeLessThanOrEqual(400)
    }),
    { numRuns: amount(60) },
  )
})

describe('what nobody sends who means well', () => {
  test.each([
    ['encodings in encodings', `/%${'25'.repeat(4000)}41`],
    ['many ways at once', `/${'%25255c;%253f..%2f%5c;/'.repeat(300)}`],
    ['dots without an end', `/${'.'.repeat(16_000)}x`],
    ['dots and slashes', `/${'../'.repeat(5_000)}`],
    ['slashes', `/${'%2f'.repeat(5_000)}`],
    ['spaces', `/a${'%20'.repeat(5_000)}b`],
    ['parameters', `/${';'.repeat(16_000)}`],
    ['parentheses', `/${'(a('.repeat(4_000)}`],
    ['closed parentheses', `/${'(a()/'.repeat(2_500)}`],
    ['parentheses in one', `/(${'a()'.repeat(5_000)}`],
    ['percent signs', `/${'%'.repeat(16_000)}`],
  ])('is read fast, or not at all: %s', (_, target) => {
    const rules = compileReadings({ ignoreCase: true, prefixes: ['/*', '/a*b/*c'] })
    const fastest = Math.min(
      ...[1, 2, 3].map(() => {
        const began = performance.now()
        readingsOf(target, rules)
        return performance.now() - began
      }),
    )
    expect(fastest).toBeLessThan(50)
  })

  test('is not read at all where it could mean too much', () => {
    expect(wholeOf(`/${'%25'.repeat(3000)}%2541`)).toBeDefined()
    expect(wholeOf(`/%${'25'.repeat(4000)}41`)).toBeUndefined()
  })
})

test.each([
  '/login/https%3A%2F%2Ferp.example.com%2Fweb%3Fa%3D1%3Bb',
  '/login/https%253A%252F%252Ferp.example.com%252Fweb%253Fa%253D1%253Bb',
  "/odata/Items(Name='a%2Fb%3Bc%5Cd')/Parts?$filter=x%20eq%201",
  '/web/content/a%20b;c/100%25',
  '/.well-known/openid',
])('a path that is odd but meant well stays in its folder: %s', target => {
  const folder = target.split('/')[1]!
  expect(wholeOf(target)!.every(path => path.split('/')[1]!.startsWith(folder))).toBe(true)
})
