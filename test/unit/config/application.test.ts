// What the upstreams run, and which static files pass a window: what it compiles to, and every way to get it wrong, in words.

import { expect, test } from 'vitest'
import { expectEach } from './cases.ts'
import { documentOf, snapshotOf } from './support.ts'

const planOf = (pool: string) => {
  const { application, assets } = snapshotOf(documentOf({ pool })).pools[0]!
  return { application, assets }
}

test.each([
  ['{}', undefined, undefined],
  ['application: odoo', 'odoo', ['/web/static/*', '/web/assets/*']],
  ['application: frappe', 'frappe', ['/assets/*']],
  ['application: tryton', 'tryton', ['/dist/*', '/images/*', '/locale/*', '/bower_components/*']],
  ['application: odoo\n    assets: []', 'odoo', []],
  ['assets: [/static/*, /ícones/*]', undefined, ['/static/*', '/%C3%ADcones/*']],
])('%s', (pool, application, assets) => {
  expect(planOf(pool === '{}' ? 'retryAfter: 5s' : pool)).toEqual({ application, assets })
})

const wanted = 'expected a path such as /web/static/*'
expectEach([
  [
    'an application that it does not know',
    { pool: 'application: sap' },
    '7:18: pools.erp.application: "sap" is not valid here, expected "odoo", "frappe" or "tryton"',
  ],
  ['no path', { pool: 'assets: [static]' }, `7:14: pools.erp.assets[0]: "static" does not begin with /, ${wanted}`],
  [
    'every path',
    { pool: 'assets: ["/*"]' },
    `7:14: pools.erp.assets[0]: "/*" would let nearly every path pass a window, ${wanted}`,
  ],
  [
    'another spelling',
    { pool: 'assets: ["/a/%73/*"]' },
    `7:14: pools.erp.assets[0]: "/a/%73/*" matches no request: paths are compared in one spelling, which is "/a/s/*", ${wanted}`,
  ],
])
