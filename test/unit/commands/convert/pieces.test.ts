// What the conversions are made of, held against what it stands for: patterns of paths, lists of addresses, times, and that no directive is
// ever dropped without a word, whatever a configuration says.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { accessFrom, type Rule } from '../../../../src/commands/convert/access.ts'
import { duration, rate, sizeBytes, timeMs } from '../../../../src/commands/convert/amounts.ts'
import { quoteDirective, ReadFault, type Surroundings } from '../../../../src/commands/convert/directive.ts'
import { Draft } from '../../../../src/commands/convert/draft.ts'
import { globsOf, prefixesOf } from '../../../../src/commands/convert/globs.ts'
import { CONVERTERS, PRODUCTS, type Product, productOf } from '../../../../src/commands/convert/products.ts'
import { writeDraft } from '../../../../src/commands/convert/write.ts'
import { parseDuration } from '../../../../src/config/forms/units.ts'
import { inRanges } from '../../../../src/util/address-ranges.ts'
import { ANY_UNIT } from '../../../support/any-text.ts'
import { amount } from '../../../support/thorough.ts'
import { inputText, SECRET } from './support.ts'

const NOTHING: Surroundings = { read: () => undefined, find: () => [], variable: () => undefined }

describe('patterns of paths', () => {
  test.each([
    ['^/admin', ['/admin*']],
    ['^/(a|b)/x$', ['/a/x', '/b/x']],
    ['/\\.(?:ht|git)', ['/*/.ht*', '/.ht*', '/*/.git*', '/.git*']],
    ['\\.php$', ['/*.php']],
    ['^/[^/]+/static/.+$', ['/*/static/*']],
    ['^/x?y', ['/y*', '/xy*']],
    ['^/a(?!b)', undefined],
    ['^admin', undefined],
    ['(\\w)\\1', undefined],
  ])('%s is %j', (pattern, globs) => {
    expect(globsOf(pattern)?.sort()).toEqual(globs?.sort())
  })

  test('whatever path a pattern matches is denied', () => {
    const piece = fc.constantFrom('a', 'b', '/', '\\.', '.', '[^/]+', '(?:a|/b)', '(a|b)?', '.*', 'a+', '\\d', '[ab]*')
    const pattern = fc
      .tuple(fc.constantFrom('', '^/', '^'), fc.array(piece, { maxLength: 5 }), fc.constantFrom('', '$'))
      .map(([start, pieces, end]) => start + pieces.join('') + end)
    const path = fc
      .array(fc.constantFrom('a', 'b', '/', '.', '1', 'c'), { maxLength: 8 })
      .map(units => `/${units.join('')}`)
    fc.assert(
      fc.property(pattern, path, (text, tried) => {
        const globs = globsOf(text)
        if (globs === undefined || !new RegExp(text).test(tried)) return
        expect({ text, tried, denied: globs.some(glob => matches(glob, tried)) }).toEqual({ text, tried, denied: true })
      }),
    )
  })

  test('prefixes are those of patterns that mean nothing else', () => {
    expect(prefixesOf('^/(app|desk)/')).toEqual(['/app/', '/desk/'])
    expect(prefixesOf('^/api(/|$)')).toEqual(['/api'])
    expect(prefixesOf('/api')).toBeUndefined()
    expect(prefixesOf('^/a.b')).toBeUndefined()
  })
})

test('who gets in by the first rule that holds gets in by allow and deny, and nobody else', () => {
  const who = fc.constantFrom('10.0.0.0/8', '10.1.0.0/16', '10.1.1.1', '192.0.2.0/24', '::1', 'all')
  const rules = fc.array(fc.record({ allow: fc.boolean(), who }), { maxLength: 5 })
  const addresses = ['10.1.1.1', '10.1.2.2', '10.2.2.2', '192.0.2.1', '198.51.100.1', '::1']
  fc.assert(
    fc.property(rules, list => {
      const access = accessFrom(list)
      if (access === undefined) return
      for (const address of addresses) {
        const { allow, deny = [] } = access === 'nobody' ? { allow: [], deny: ['0.0.0.0/0', '::/0'] } : access
        const lets = !inRanges(deny)(address) && (allow === undefined || inRanges(allow)(address))
        expect({ list, address, lets }).toEqual({ list, address, lets: letsIn(list, address) })
      }
    }),
  )
})

function letsIn(rules: readonly Rule[], address: string): boolean {
  return rules.find(({ who }) => who === 'all' || inRanges([who])(address))?.allow ?? true
}

function matches(glob: string, path: string): boolean {
  return new RegExp(
    `^${glob
      .split('*')
      .map(each => each.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  ).test(path)
}

test('times, sizes and rates keep what they say', () => {
  expect([timeMs('1h30m', 1), timeMs('10', 1000), timeMs('250ms', 1), timeMs('soon', 1)]).toEqual([
    5_400_000,
    10_000,
    250,
    undefined,
  ])
  expect([sizeBytes('8k'), sizeBytes('10MB'), sizeBytes('10MiB'), sizeBytes('1024'), sizeBytes('x')]).toEqual([
    8192,
    1e7,
    10 * 1024 ** 2,
    1024,
    undefined,
  ])
  expect([rate(30, 60_000), rate(100, 10_000), rate(1, 3_600_000), rate(1, 86_400_000)]).toEqual([
    '30/m',
    '10/s',
    '1/h',
    undefined,
  ])
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e12, noNaN: true }), ms => {
      expect(parseDuration(duration(ms))).toBeDefined()
    }),
  )
})

describe('no directive is dropped without a word', () => {
  const word = fc.stringMatching(/^[a-z][a-z_]{4,12}z{3}$/)
  const inside: Readonly<Record<Product, (name: string) => readonly [string, string]>> = {
    nginx: name => ['tryton.nginx.conf', `${name} on;`],
    haproxy: name => ['odoo.haproxy.cfg', `${name} on`],
    caddy: name => ['odoo.Caddyfile', `${name} on`],
    traefik: name => ['odoo.traefik.yaml', `  ${name}: on`],
  }
  test.each(['nginx', 'haproxy', 'caddy'] as const)(
    'an unknown one of %s is a line in the report, wherever it stands',
    product => {
      fc.assert(
        fc.property(word, fc.nat(), (name, at) => {
          const [file, line] = inside[product](name)
          const lines = inputText(file).split('\n')
          const place = 1 + (at % (lines.length - 1))
          // Where a statement goes on over lines there is no place for another one.
          fc.pre(product === 'haproxy' || /(?:[{};]|^)\s*(?:#.*)?$/.test(lines[place - 1]!) || product === 'caddy')
          lines.splice(place, 0, line)
          const draft = new Draft(SECRET)
          CONVERTERS[product](file, lines.join('\n'), NOTHING, draft)
          // Where any word may stand (a field, a matcher), it is converted, or named by who could not.
          const said = draft.notes.some(({ directive, message }) => `${directive} ${message}`.includes(name))
          const isIn = writeDraft(draft, '').includes(name)
          const isStatistics = lines.lastIndexOf('listen statistics', place) !== -1
          expect({ line: place + 1, said: said || isIn || isStatistics }).toEqual({ line: place + 1, said: true })
        }),
        { numRuns: amount(15) },
      )
    },
  )
})

test('whatever text a product is said to have written, it is converted, or refused at a place', () => {
  const text = fc
    .array(
      fc.oneof(
        ANY_UNIT,
        fc.constantFrom(
          '{',
          '}',
          ';',
          '"',
          "'",
          '\n',
          ' ',
          '#',
          '\\',
          '$',
          ':',
          '[',
          ']',
          'server',
          'listen ',
          'http:\n ',
          'frontend a\n',
          '(x) {\n',
          'import x\n',
          '- ',
          '= ',
        ),
      ),
      { maxLength: 60 },
    )
    .map(parts => parts.join(''))
  fc.assert(
    fc.property(text, fc.constantFrom(...PRODUCTS), (source, product) => {
      const draft = new Draft(SECRET)
      try {
        CONVERTERS[product]('FILE', source, NOTHING, draft)
        writeDraft(draft, 'x')
      } catch (error) {
        if (!(error instanceof ReadFault)) throw error
        expect(error.place.line).toBeGreaterThan(0)
      }
    }),
    { numRuns: amount(100) },
  )
})

test('a secret is never quoted, and what is long is short', () => {
  const place = { file: 'a', line: 1 }
  const quoted = (name: string, ...args: string[]) => quoteDirective({ name, args })
  expect(quoted('stats', 'auth', 'admin:hunter2')).toBe('stats auth ...')
  expect(quoted('user', 'bob', 'insecure-password', 'hunter2')).toBe('user bob insecure-password ...')
  expect(quoted('proxy_set_header', 'Authorization', 'Basic aHVudGVy')).toBe('proxy_set_header Authorization ...')
  expect(quoted('x', 'y'.repeat(100), place.file)).toHaveLength(70)
})

test('products are told apart by name, else by what only one of them says', () => {
  expect(
    ['/etc/haproxy/haproxy.cfg', 'nginx.conf', 'Caddyfile', 'traefik.yml', 'dyn.toml'].map(file => productOf(file, '')),
  ).toEqual([...['haproxy', 'nginx', 'caddy', 'traefik', 'traefik']])
  expect(productOf('sites-enabled/odoo', 'upstream odoo {\n server a;\n}')).toBe('nginx')
  expect(productOf('x', 'frontend www\n bind :80\n')).toBe('haproxy')
  expect(productOf('x', ':80\nreverse_proxy a:1\n')).toBe('caddy')
  expect(productOf('x', 'hello')).toBeUndefined()
})
