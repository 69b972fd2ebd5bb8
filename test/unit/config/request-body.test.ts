// How bodies without a length go up: what it compiles to, by application too, and what is said of a wrong choice.

import { expect, test } from 'vitest'
import { expectEach } from './cases.ts'
import { documentOf, snapshotOf } from './support.ts'

test.each([
  ['# nothing', undefined],
  ['application: odoo', undefined],
  ['application: tryton', 'length'],
  ['requestBody: length', 'length'],
  ['requestBody: as-is', 'as-is'],
])('%s is %s', (pool, form) => {
  expect(snapshotOf(documentOf({ pool })).pools[0]!.requestBody).toBe(form)
})

expectEach([
  [
    'what the application needs, turned off',
    { pool: 'application: tryton\n    requestBody: as-is' },
    '8:18: warning: pools.erp.requestBody: uploads that say no length will fail: tryton answers them 411; remove this key, or set length',
  ],
  [
    'a word of Apache',
    { pool: 'proxy-sendcl: 1' },
    '7:5: pools.erp.proxy-sendcl: unknown key, did you mean "requestBody"?',
  ],
  [
    'another form',
    { pool: 'requestBody: chunked' },
    '7:18: pools.erp.requestBody: "chunked" is not valid here, expected "as-is" or "length"',
  ],
])
