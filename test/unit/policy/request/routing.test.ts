import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RouteMatch } from '../../../../src/plan/route.ts'
import { compileRoutes, matchRoute, normalisePath } from '../../../../src/policy/request/routing.ts'
import { amount } from '../../../support/thorough.ts'

const route = (match: Partial<RouteMatch>): RouteMatch => ({
  listeners: [],
  hosts: [],
  path: '/',
  methods: [],
  ...match,
})

describe('matchRoute', () => {
  const find = (routes: readonly Partial<RouteMatch>[], host: string, path: string, method = 'GET') =>
    matchRoute(compileRoutes(routes.map(route), 'web'), host, path, method)

  test('finds nothing without routes', () => {
    expect(find([], 'erp.example.com', '/')).toBe(-1)
  })

  test('the first match wins, be it the more or the less specific one', () => {
    expect(find([{ path: '/' }, { path: '/web' }], 'a', '/web')).toBe(0)
    expect(find([{ path: '/web' }, { path: '/' }], 'a', '/web')).toBe(0)
    expect(find([{ hosts: ['a'] }, {}], 'a', '/')).toBe(0)
    expect(find([{}, { hosts: ['a'] }], 'a', '/')).toBe(0)
  })

  test('matches a prefix by whole segments, with or without a trailing slash on either side', () => {
    for (const path of ['/web', '/web/']) {
      const routes = [{ path }]
      expect(find(routes, 'a', '/web')).toBe(0)
      expect(find(routes, 'a', '/web/')).toBe(0)
      expect(find(routes, 'a', '/web/x/y')).toBe(0)
      expect(find(routes, 'a', '/website')).toBe(-1)
      expect(find(routes, 'a', '/we')).toBe(-1)
      expect(find(routes, 'a', '/x/web')).toBe(-1)
    }
  })

  test('matches paths case-sensitively', () => {
    expect(find([{ path: '/web' }], 'a', '/WEB')).toBe(-1)
  })

  test('a wildcard host stands for any name below it, not for the name itself', () => {
    const routes = [{ hosts: ['*.example.com'] }]
    expect(find(routes, 'erp.example.com', '/')).toBe(0)
    expect(find(routes, 'a.b.example.com', '/')).toBe(0)
    expect(find(routes, 'example.com', '/')).toBe(-1)
    expect(find(routes, '.example.com', '/')).toBe(-1)
    expect(find(routes, 'badexample.com', '/')).toBe(-1)
  })

  test('a request without a host takes only routes for every host', () => {
    expect(find([{ hosts: ['a'] }, { hosts: ['*.a'] }, {}], '', '/')).toBe(2)
  })

  test('skips routes of other listeners and other methods', () => {
    const routes = [{ listeners: ['intranet'] }, { methods: ['POST', 'PUT'] }, { listeners: ['web', 'x'] }]
    expect(find(routes, 'a', '/', 'GET')).toBe(2)
    expect(find(routes, 'a', '/', 'PUT')).toBe(1)
    expect(find(routes, 'a', '/', 'put')).toBe(2)
  })

  test('OPTIONS * matches only a route for every path', () => {
    expect(find([{ path: '/web' }, { path: '/' }], 'a', '*', 'OPTIONS')).toBe(1)
    expect(find([{ path: '/*' }], 'a', '*', 'OPTIONS')).toBe(-1)
  })

  test('finds a configured path that is spelt differently from the request', () => {
    const asRequested = (target: string) => normalisePath(target) ?? 'refused'
    expect(find([{ path: '/relat\u00f3rios' }], 'a', asRequested('/relat%c3%b3rios/x'))).toBe(0)
    expect(find([{ path: '/my files' }], 'a', asRequested('/my%20files'))).toBe(0)
    expect(find([{ path: '/%7Eana//x/../y/' }], 'a', asRequested('/~ana/y'))).toBe(0)
  })

  test('survives configured paths that no request can match', () => {
    const routes = [{ path: '/a/../..' }, { path: 'x' }, { path: '' }, { path: '/\ud800' }, { path: '/' }]
    expect(find(routes, 'a', '/')).toBe(4)
    expect(find(routes, 'a', '/%EF%BF%BD')).toBe(3)
  })

  test('picks what a walk through all 1000 routes picks', () => {
    const label = fc.constantFrom('a', 'b', 'erp')
    const name = fc.array(label, { minLength: 1, maxLength: 4 }).map(labels => labels.join('.'))
    const path = fc.array(fc.constantFrom('web', 'we', 'x', 'y'), { maxLength: 4 }).map(parts => `/${parts.join('/')}`)
    const method = fc.constantFrom('GET', 'POST', 'PUT')
    const match = fc.record({
      listeners: fc.subarray(['web', 'intranet']),
      hosts: fc.array(
        fc.oneof(
          name,
          name.map(text => `*.${text}`),
        ),
        { maxLength: 2 },
      ),
      path,
      methods: fc.uniqueArray(method, { maxLength: 2 }),
    })
    // Random routes cover one another soon; specific ones in front leave something for the later ones.
    const routes = fc
      .array(match, { minLength: 1000, maxLength: 1000, size: 'max' })
      .map(all => all.toSorted((a, b) => specificity(b) - specificity(a)))
    const requests = fc.array(fc.tuple(fc.oneof(name, fc.constant('')), path, method), {
      minLength: 200,
      maxLength: 200,
      size: 'max',
    })
    fc.assert(
      fc.property(fc.oneof(routes, fc.array(match, { maxLength: 30 })), requests, (list, asked) => {
        const table = compileRoutes(list, 'web')
        for (const [host, target, verb] of asked) {
          const expected = list.findIndex(one => matchesNaively(one, 'web', host, target, verb))
          expect(matchRoute(table, host, target, verb)).toBe(expected)
        }
      }),
      { numRuns: 15 },
    )
  })

  test('does about as little work for 1000 routes as for 10, and does not read a long path to its end', () => {
    const lookups = (count: number): number => {
      const routes = Array.from({ length: count }, (_, i) => route({ hosts: [`h${i}.example.com`], path: `/app${i}` }))
      const table = compileRoutes([...routes, route({ hosts: ['*.example.com'], path: '/a/b' })], 'web')
      let reads = 0
      for (const map of [table.exactHosts, table.hostSuffixes, ...allPrefixes(table)]) {
        const get = map.get.bind(map) as (key: string) => unknown
        Object.assign(map, {
          get: (key: string) => {
            reads += 1
            return get(key)
          },
        })
      }
      matchRoute(table, `${'x.'.repeat(60)}example.com`, '/s'.repeat(4000), 'GET')
      expect(matchRoute(table, `h${count - 1}.example.com`, `/app${count - 1}/x`, 'GET')).toBe(count - 1)
      return reads
    }
    expect(lookups(1000)).toBe(lookups(10))
    expect(lookups(1000)).toBeLessThan(20)
  })
})

describe('normalisePath', () => {
  test.each([
    ['/', '/'],
    ['/web/login?redirect=/../x', '/web/login'],
    ['/web#/../admin', '/web'],
    ['*', '*'],
    ['/%77eb/%2Dx%7e', '/web/-x~'],
    ['/a%2fb%3a', '/a%2Fb%3A'],
    ['/caf%C3%A9', '/caf%C3%A9'],
    ['//web///x//', '/web/x/'],
    ['/a/./b/../c', '/a/c'],
    ['/a/%2e%2E/b', '/b'],
    ['/a/.%2e/%2e/b/.', '/b/'],
    ['/a/b/..', '/a/'],
    ['/a/..', '/'],
    ['/a//../b', '/b'],
    ['/.well-known/x', '/.well-known/x'],
    ['/...', '/...'],
    ['/%252e%252e/x', '/%252e%252e/x'],
    ['/100%', '/100%'],
    ['/50%zz', '/50%zz'],
  ])('%s is matched as %s', (target, path) => {
    expect(normalisePath(target)).toBe(path)
  })

  test.each([
    ['/..', 'above the root'],
    ['/a/../../b', 'above the root'],
    ['/%2e%2e/etc', 'above the root, encoded'],
    ['/a%00', 'an encoded NUL'],
    ['/a%0d%0ab', 'an encoded line break'],
    ['/a%7F', 'an encoded DEL'],
    ['', 'nothing'],
    ['?x', 'no path'],
    ['web', 'no leading slash'],
    ['http://a/', 'an absolute URL'],
  ])('refuses %s (%s)', target => {
    expect(normalisePath(target)).toBeUndefined()
  })

  test('is idempotent and leaves no dot segments, no doubled slashes and nothing encoded that needn\u2019t be', () => {
    const piece = fc.constantFrom(
      '/',
      '//',
      '.',
      '..',
      '%2e',
      '%2E',
      '%2f',
      'a',
      'b',
      '%61',
      '%',
      '%4',
      '~',
      '?',
      '%3f',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), pieces => {
        const path = normalisePath(`/${pieces.join('')}`)
        if (path === undefined) return
        expect(path).not.toMatch(/\/\/|\/\.\.?(?:\/|$)|\?/)
        expect(path.startsWith('/')).toBe(true)
        // `%4` + `%61` decodes to `%4a`, which is other text: only what has no broken escapes stays as it is.
        if (!/%(?![0-9a-f]{2})/i.test(pieces.join(''))) expect(normalisePath(path)).toBe(path)
      }),
      { numRuns: amount(700) },
    )
  })
})

function matchesNaively(match: RouteMatch, listener: string, host: string, path: string, method: string): boolean {
  const { listeners, hosts, methods } = match
  const hostMatches = (pattern: string) =>
    pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) && host.length >= pattern.length : host === pattern
  return (
    (listeners.length === 0 || listeners.includes(listener)) &&
    (hosts.length === 0 || hosts.some(hostMatches)) &&
    (match.path === '/' || path === match.path || path.startsWith(`${match.path}/`)) &&
    (methods.length === 0 || methods.includes(method))
  )
}

function specificity({ hosts, path, methods }: RouteMatch): number {
  return path.length + hosts.join('').length + (methods.length > 0 ? 1 : 0) - (hosts.length === 0 ? 5 : 0)
}

function allPrefixes(table: ReturnType<typeof compileRoutes>): Map<string, unknown>[] {
  return [table.anyHost, ...table.exactHosts.values(), ...table.hostSuffixes.values()].map(index => index.prefixes)
}
