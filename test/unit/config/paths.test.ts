// How upstreams read paths: what it compiles to, and every way to get it wrong, in words.

import { expect, test } from 'vitest'
import { expectEach } from './cases.ts'
import { documentOf, snapshotOf } from './support.ts'

const pathsOf = (paths: string) => snapshotOf(documentOf({ pool: `paths: ${paths}` })).pools[0]!.paths

test('is undefined where nothing is said that would change a reading', () => {
  expect(pathsOf('{ ignoreCase: false }')).toBeUndefined()
  expect(snapshotOf(documentOf()).pools[0]!.paths).toBeUndefined()
})

test.each([
  ['{ ignoreCase: true }', { ignoreCase: true, prefixes: [] }],
  [
    '{ prefixes: ["/*", /pt_BR, "/es*", /erp/*, /açaí] }',
    { ignoreCase: false, prefixes: ['/*', '/pt_BR', '/es*', '/erp/*', '/a%C3%A7a%C3%AD'] },
  ],
])('%s', (paths, plan) => {
  expect(pathsOf(paths)).toEqual(plan)
})

const at = 'pools.erp.paths.prefixes'
const wanted = 'expected a path such as /pt_BR or /*'
const prefix = (text: string) => ({ pool: `paths: { prefixes: ["${text}"] }` })
expectEach([
  [
    'no prefix',
    { pool: 'paths: { prefixes: [] }' },
    `7:24: ${at}: is empty, expected a list of 1 to 50 paths such as /pt_BR or /*`,
  ],
  ['no path', prefix('en'), `7:25: ${at}[0]: "en" does not begin with /, ${wanted}`],
  ['every path', prefix('/'), `7:25: ${at}[0]: "/" ends in a slash: name whole segments, ${wanted}`],
  ['a slash too many', prefix('/en/'), `7:25: ${at}[0]: "/en/" ends in a slash: name whole segments, ${wanted}`],
  ['stars that would take long', prefix('/*a*'), `7:25: ${at}[0]: "/*a*" has two * in one segment, ${wanted}`],
  [
    'another spelling',
    prefix('/%65n'),
    `7:25: ${at}[0]: "/%65n" matches no request: paths are compared in one spelling, which is "/en", ${wanted}`,
  ],
])
